import type { FetchedBatch } from '../../core/kafka/consume/group-options.ts'
import type { NodeMetrics } from '../../core/node/metrics.ts'

/** When the newest record that was read of each partition was written. */
export class ReadTimes {
  readonly #times = new Map<string, number>()

  /** One look a fetch, not one a record. */
  see(batch: FetchedBatch): FetchedBatch {
    const { topic, partition, messages } = batch
    const last = messages.at(-1)
    if (last !== undefined) this.#times.set(`${topic}/${partition}`, Number(last.timestamp))
    return batch
  }

  of(topic: string, partition: number): number | undefined {
    return this.#times.get(`${topic}/${partition}`)
  }
}

interface OwnLag {
  readonly topic: string
  readonly partition: number
  readonly lag: number
}

/** Lag by partition, in records and in seconds; only of what is assigned to this member. */
export function tellLag(
  { gauges, labelled }: Pick<NodeMetrics, 'gauges' | 'labelled'>,
  group: string,
  { lag, lags }: { readonly lag: number; readonly lags: readonly OwnLag[] },
  times: ReadTimes,
  nowMs = Date.now()
): void {
  gauges.set('lag', lag)
  const labelsOf = ({ topic, partition }: OwnLag) => ({
    group,
    topic,
    partition: String(partition)
  })
  labelled.set(
    'consumer lag records',
    lags.map(each => ({ labels: labelsOf(each), value: each.lag }))
  )
  labelled.set(
    'consumer lag seconds',
    lags.flatMap(each => {
      const readMs = times.of(each.topic, each.partition)
      // Before anything was read nobody knows how old what waits is.
      if (each.lag > 0 && readMs === undefined) return []
      const value = each.lag === 0 ? 0 : Math.max(0, nowMs - readMs!) / 1000
      return [{ labels: labelsOf(each), value }]
    })
  )
}
