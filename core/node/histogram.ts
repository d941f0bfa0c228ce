/** Bounds in seconds, from a round trip on a LAN to a device that was away for an hour. */
export const SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600
] as const
/** Bounds in records. */
export const RECORDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const

/** Counts values by bounds; an observation is a few comparisons. */
export class Histogram {
  /** Of each bound, then of what is above all of them; not summed up. */
  readonly counts: number[]
  sum = 0

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) return
    const { bounds, counts } = this
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    counts[at]!++
    this.sum += value
  }
}
