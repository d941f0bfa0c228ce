import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { MqttBatch } from './batch.ts'
import type { Shaper } from './logic.ts'

/**
 * All connections share one lane: what an old connection brought goes on through the flow after it broke, as the server may
 * have lost it with the session. It still counts as in flight, and is acknowledged first, on the connection that brings it again.
 */
const LANE = 'mqtt'

const FOR_OTHERS = 'not for this node'

/** Messages so far that were for others than this node. */
export const forOthersOf = (metrics: NodeMetrics): number => metrics.gauges.get(FOR_OTHERS) ?? 0

/** Sends a batch into the flow; what of it is for others is counted and leaves by no output. */
export function deliver(batch: MqttBatch, shaper: Shaper, source: DeliverySource, metrics: NodeMetrics): void {
  const shaped = shaper.shape(batch)
  if (shaped.forOthers > 0) countForOthers(metrics, shaped.forOthers)
  source.takeBatch({
    lane: LANE,
    bytes: batch.bytes,
    split: shaped,
    splitAgain: () => shaper.shape(batch),
    isSingle: batch.isSingle,
    acknowledge: () => batch.acknowledge(),
    survived: () => batch.survived()
  })
}

function countForOthers(metrics: NodeMetrics, messages: number): void {
  metrics.in += messages
  metrics.filtered += messages
  metrics.gauges.set(FOR_OTHERS, forOthersOf(metrics) + messages)
}
