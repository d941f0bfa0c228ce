/** To shift an array takes a time that grows with it, so what has left is cut off now and then. */
const CUT_FROM = 1024

/** What waits in a line, of which some come back to its beginning. */
export class LineQueue<T> {
  #items: T[] = []
  #next = 0
  /** Before the others, the first one last. */
  #back: T[] = []

  get size(): number {
    return this.#items.length - this.#next + this.#back.length
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** To the beginning again, the first of them first. */
  giveBack(items: readonly T[]): void {
    this.#back.push(...items.toReversed())
  }

  shift(): T | undefined {
    if (this.#back.length > 0) return this.#back.pop()
    if (this.#next === this.#items.length) return undefined
    const item = this.#items[this.#next++]
    if (this.#next >= CUT_FROM && 2 * this.#next >= this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return item
  }

  /** All of them, in their order; then there is none. */
  takeAll(): T[] {
    const all = [...this.#back.toReversed(), ...this.#items.slice(this.#next)]
    this.#items = []
    this.#back = []
    this.#next = 0
    return all
  }
}
