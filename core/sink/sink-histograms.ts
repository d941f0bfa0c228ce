import { Histogram, RECORDS, SECONDS } from '../node/histogram.ts'
import type { NodeMetrics } from '../node/metrics.ts'

/** At most a hundred messages a second are asked for the time of the device. */
const SAMPLE_MS = 10

/**
 * How long records take, for the metrics of a sink: of each message, not of each record, so that a
 * batch costs the same whatever it holds.
 */
export class SinkHistograms {
  readonly #store: Histogram
  readonly #delay: Histogram
  readonly #batch: Histogram
  #lookedMs = Number.NEGATIVE_INFINITY

  constructor(metrics: Pick<NodeMetrics, 'histograms'>) {
    const of = (title: string, bounds: readonly number[]) => {
      // They go on over a redeploy, as the counts do.
      const known = metrics.histograms.get(title) ?? new Histogram(bounds)
      metrics.histograms.set(title, known)
      return known
    }
    this.#store = of('store seconds', SECONDS)
    this.#delay = of('record delay seconds', SECONDS)
    this.#batch = of('batch records', RECORDS)
  }

  /** A message came. */
  took(records: number): void {
    this.#batch.observe(records)
  }

  /** A message is stored, which came at this `performance.now()`. */
  stored(sinceMs: number, records: readonly unknown[]): void {
    const nowMs = performance.now()
    this.#store.observe((nowMs - sinceMs) / 1000)
    // To read a time costs more than all the rest.
    if (nowMs - this.#lookedMs < SAMPLE_MS) return
    this.#lookedMs = nowMs
    const time = (records[0] as { ts_utc?: unknown } | null | undefined)?.ts_utc
    if (typeof time !== 'string') return
    const delayMs = Date.now() - Date.parse(time)
    this.#delay.observe(Math.max(0, delayMs) / 1000)
  }
}
