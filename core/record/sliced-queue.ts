export interface SlicedWork<T> {
  /** Takes one of its records. */
  take(of: T, index: number): void
  /** All of its records were taken. */
  taken(of: T): void
  /** Taking one has thrown: the others of it are not taken. */
  failed(of: T, error: Error): void
  /** Others have their turn next, or all that came was taken. */
  pause?(): void
  /** Nobody wants the rest of it any more. */
  isOver?(of: T): boolean
}

interface Waiting<T> {
  readonly of: T
  /** The first of its records that was not taken. */
  next: number
}

/** As for batches in nodes (in-slices.ts). */
const SLICE_MS = 20
/** The clock is looked at once in 64 records. */
const LOOK_EVERY = 63

/**
 * Takes the records of what comes, one after the other and in their order. Where they are very
 * many, others have their turn in between, and what came behind waits.
 */
export class SlicedQueue<T extends { readonly records: readonly unknown[] }> {
  readonly #waiting: Waiting<T>[] = []

  constructor(private readonly work: SlicedWork<T>) {}

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(of: T): void {
    this.#waiting.push({ of, next: 0 })
    if (this.#waiting.length === 1) this.#slice()
  }

  #slice(): void {
    const { work } = this
    const endMs = performance.now() + SLICE_MS
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#takeFrom(first, endMs)) {
        setImmediate(() => this.#slice())
        break
      }
    }
    work.pause?.()
  }

  /** True if it is dealt with, and the next may be taken. */
  #takeFrom(first: Waiting<T>, endMs: number): boolean {
    const { work } = this
    const { of } = first
    const isWanted = work.isOver?.(of) !== true
    try {
      if (isWanted && !this.#takeSome(first, endMs)) return false
      this.#waiting.shift()
    } catch (error) {
      // Without this what comes behind it would wait for ever.
      this.#waiting.shift()
      work.failed(of, error as Error)
      return true
    }
    if (isWanted) work.taken(of)
    return true
  }

  /** True if all of its records were taken. */
  #takeSome(waiting: Waiting<T>, endMs: number): boolean {
    const { of } = waiting
    const { length } = of.records
    for (let index = waiting.next; index < length; index++) {
      if ((index & LOOK_EVERY) === LOOK_EVERY && performance.now() > endMs) {
        waiting.next = index
        return false
      }
      this.work.take(of, index)
    }
    return true
  }
}
