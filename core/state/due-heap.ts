/** What is due first comes out first: a binary heap, with ties in any order. */
export class DueHeap<T> {
  readonly #times: number[] = []
  readonly #values: T[] = []

  get size(): number {
    return this.#times.length
  }
  /** Infinity while it is empty. */
  get firstMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  add(atMs: number, value: T): void {
    const times = this.#times
    const values = this.#values
    let at = times.push(atMs) - 1
    values.push(value)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (times[above]! <= atMs) break
      times[at] = times[above]!
      values[at] = values[above]!
      at = above
    }
    times[at] = atMs
    values[at] = value
  }

  clear(): void {
    this.#times.length = this.#values.length = 0
  }

  take(): T | undefined {
    const first = this.#values[0]
    const lastMs = this.#times.pop()
    const last = this.#values.pop()
    if (lastMs !== undefined && this.#times.length > 0) this.#sink(lastMs, last as T)
    return first
  }

  #sink(ms: number, value: T): void {
    const times = this.#times
    const values = this.#values
    const { length } = times
    let at = 0
    for (let below = 1; below < length; below = 2 * at + 1) {
      if (below + 1 < length && times[below + 1]! < times[below]!) below++
      if (times[below]! >= ms) break
      times[at] = times[below]!
      values[at] = values[below]!
      at = below
    }
    times[at] = ms
    values[at] = value
  }
}
