import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'
import type { MqttBatch } from './batch.ts'
import type { Shaper } from './shaper.ts'

/**
 * All connections share one lane: what an old connection brought goes on through the flow after it
 * broke, as the server may have lost it with the session. It still counts as in flight, and is
 * acknowledged first, on the connection that brings it again.
 */
const LANE = 'mqtt'

const FOR_OTHERS = 'not for this node'

/** For the log, so that a template which does not take what a device sends is found. */
const othersSentence = (messages: number, topic: string): string =>
  messages === 1
    ? `A message is of a topic that the template does not take, and was left out: "${topic}".`
    : `${messages} messages are of topics that the template does not take, and were left out, the first of "${topic}".`

export interface Ways {
  readonly source: Pick<DeliverySource, 'takeBatch' | 'takeMany'>
  readonly metrics: NodeMetrics
  readonly node: { log(line: string): void }
  readonly options: { readonly batchSize: number; readonly maxInFlight: number }
}

/** Sends batches into the flow; what of them is for others is counted and leaves by no output. */
export class Deliveries {
  readonly #others: ThrottledNotice
  /** At most so many records of messages that hold several leave together. */
  readonly #portion: number

  constructor(
    private readonly shaper: Shaper,
    private readonly ways: Ways
  ) {
    const { batchSize, maxInFlight } = ways.options
    this.#portion = Math.min(batchSize, maxInFlight)
    this.#others = new ThrottledNotice((messages, topic) =>
      ways.node.log(othersSentence(messages, topic))
    )
  }

  /** Messages so far that were for others than this node. */
  get forOthers(): number {
    return this.ways.metrics.gauges.get(FOR_OTHERS) ?? 0
  }

  deliver(batch: MqttBatch): void {
    const { shaper } = this
    if (shaper.isMany(batch)) {
      this.#deliverMany(batch)
      return
    }
    const shaped = shaper.shape(batch)
    if (shaped.forOthers > 0) this.#countForOthers(shaped.forOthers, shaped.otherTopic)
    this.ways.source.takeBatch({
      lane: LANE,
      bytes: batch.bytes,
      split: shaped,
      splitAgain: () => shaper.shape(batch),
      isSingle: batch.isSingle,
      acknowledge: () => batch.acknowledge(),
      survived: () => batch.survived()
    })
  }

  end(): void {
    this.#others.end()
  }

  #deliverMany(batch: MqttBatch): void {
    const { shaper, ways } = this
    const { packets } = batch
    ways.source.takeMany({
      lane: LANE,
      length: packets.length,
      bytes: batch.bytes,
      piecesOf: index => shaper.piecesOf(batch, index),
      holdsNone: index => {
        if (shaper.isForOthers(batch, index)) this.#countForOthers(1, packets[index]!.topic)
        else this.#countFiltered(1)
      },
      isSingle: batch.isSingle,
      portion: this.#portion,
      inTurn: false,
      acknowledge: () => batch.acknowledge(),
      survived: () => batch.survived()
    })
  }

  #countForOthers(messages: number, topic: string): void {
    this.#countFiltered(messages)
    this.ways.metrics.gauges.set(FOR_OTHERS, this.forOthers + messages)
    this.#others.add(messages, topic)
  }

  #countFiltered(messages: number): void {
    this.ways.metrics.in += messages
    this.ways.metrics.filtered += messages
  }
}
