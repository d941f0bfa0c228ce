import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { MqttBatch } from './batch.ts'
import type { Shaper } from './shaper.ts'

/**
 * All connections share one lane: what an old connection brought goes on through the flow after it
 * broke, as the server may have lost it with the session. It still counts as in flight, and is
 * acknowledged first, on the connection that brings it again.
 */
const LANE = 'mqtt'

const FOR_OTHERS = 'not for this node'

/** Messages so far that were for others than this node. */
export const forOthersOf = (metrics: NodeMetrics): number => metrics.gauges.get(FOR_OTHERS) ?? 0

interface Ways {
  readonly shaper: Shaper
  readonly source: DeliverySource
  readonly metrics: NodeMetrics
  /** At most so many records of messages that hold several leave together. */
  readonly portion: number
  /** Told of what is left out, and of which topic the first is. */
  readonly others: Pick<ThrottledNotice, 'add'>
}

/** For the log, so that a template which does not take what a device sends is found. */
export const othersSentence = (messages: number, topic: string): string =>
  messages === 1
    ? `A message is of a topic that the template does not take, and was left out: "${topic}".`
    : `${messages} messages are of topics that the template does not take, and were left out, the first of "${topic}".`

/** Sends a batch into the flow; what of it is for others is counted and leaves by no output. */
export function deliver(batch: MqttBatch, ways: Ways): void {
  const { shaper, source } = ways
  if (shaper.isMany(batch)) {
    deliverMany(batch, ways)
    return
  }
  const shaped = shaper.shape(batch)
  if (shaped.forOthers > 0) countForOthers(ways, shaped.forOthers, shaped.otherTopic)
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

function deliverMany(batch: MqttBatch, ways: Ways): void {
  const { shaper, source, portion } = ways
  const { packets } = batch
  source.takeMany({
    lane: LANE,
    length: packets.length,
    bytes: batch.bytes,
    piecesOf: index => shaper.piecesOf(batch, index),
    holdsNone: index => {
      if (shaper.isForOthers(batch, index)) countForOthers(ways, 1, packets[index]!.topic)
      else countFiltered(ways.metrics, 1)
    },
    isSingle: batch.isSingle,
    portion,
    inTurn: false,
    acknowledge: () => batch.acknowledge(),
    survived: () => batch.survived()
  })
}

function countForOthers({ metrics, others }: Ways, messages: number, topic: string): void {
  countFiltered(metrics, messages)
  metrics.gauges.set(FOR_OTHERS, forOthersOf(metrics) + messages)
  others.add(messages, topic)
}

function countFiltered(metrics: NodeMetrics, messages: number): void {
  metrics.in += messages
  metrics.filtered += messages
}
