/** Offsets from the first to the last, both included. */
export type Range = readonly [first: number, last: number]

/** More than that are bridged: the gap between two of them, where no record was, is forgotten. */
const MOST = 1_000

/** Ranges of offsets, in order and apart from each other. */
export class Ranges {
  #ranges: Range[]

  constructor(ranges: readonly Range[] = []) {
    this.#ranges = [...ranges]
  }

  get all(): readonly Range[] {
    return this.#ranges
  }

  /** The range that this offset is in. */
  of(offset: number): Range | undefined {
    const index = this.#at(offset)
    const found = this.#ranges[index]
    return found !== undefined && found[0] <= offset ? found : undefined
  }

  overlaps([first, last]: Range): boolean {
    const next = this.#ranges[this.#at(first)]
    return next !== undefined && next[0] <= last
  }

  /** The first offset behind this one at which a range begins, or has ended. */
  boundaryAfter(offset: number): number | undefined {
    const found = this.#ranges[this.#at(offset)]
    if (found === undefined) return undefined
    return found[0] > offset ? found[0] : found[1] + 1
  }

  add([first, last]: Range): void {
    const from = this.#at(first - 1)
    let to = from
    let range: Range = [first, last]
    for (; to < this.#ranges.length && this.#ranges[to]![0] <= last + 1; to++) {
      const [begin, end] = this.#ranges[to]!
      range = [Math.min(begin, range[0]), Math.max(end, range[1])]
    }
    this.#ranges.splice(from, to - from, range)
    if (this.#ranges.length > MOST) {
      const [[begin], [, end]] = this.#ranges as [Range, Range]
      this.#ranges.splice(0, 2, [begin, end])
    }
  }

  /** The place of the first range that ends at this offset or behind it. */
  #at(offset: number): number {
    let [low, high] = [0, this.#ranges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ranges[middle]![1] < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
