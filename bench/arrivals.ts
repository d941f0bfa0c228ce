/** What became of the records of a lane: which ones arrived, how often, and when. */

export interface Window {
  readonly fromMs: number
  readonly toMs: number
  /** Records that arrived after `fromMs`. */
  readonly records: number
}

export interface Count {
  readonly missing: number
  /** Arrivals beyond the first of each record. */
  readonly doubled: number
}

export class Arrivals {
  private readonly seen: Uint8Array
  private readonly timesMs: number[] = []
  private doubled = 0

  constructor(
    private readonly from: number,
    private readonly expected: number
  ) {
    this.seen = new Uint8Array(expected)
  }

  /** Records of other numbers (probes, warm-up) do not count. */
  add(sequence: number, atMs: number): void {
    const index = sequence - this.from
    if (!(index >= 0 && index < this.expected)) return
    if (this.seen[index] === 1) this.doubled++
    else {
      this.seen[index] = 1
      this.timesMs.push(atMs)
    }
  }

  get count(): Count {
    return { missing: this.expected - this.timesMs.length, doubled: this.doubled }
  }

  get lastMs(): number {
    return this.timesMs.reduce((last, at) => Math.max(last, at), 0)
  }

  /**
   * From the moment when this share (0 … 1) of the records was there, to the last. The rest before
   * is taken as warm-up.
   */
  window(afterShare: number): Window {
    const sorted = Float64Array.from(this.timesMs).sort()
    const fromMs = sorted[Math.floor(sorted.length * afterShare)] ?? 0
    const toMs = sorted.at(-1) ?? 0
    const records = sorted.length - sorted.findLastIndex(at => at <= fromMs) - 1
    return { fromMs, toMs, records }
  }
}
