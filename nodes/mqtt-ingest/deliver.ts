import type { NodeMetrics } from '../../core/node/metrics.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { MqttBatch } from './batch.ts'
import type { Intake } from './intake.ts'
import type { Shaper } from './logic.ts'

type TakenMessage = Parameters<DeliverySource['take']>[0]

export const TAKEN = 0
export const REJECTED = 1

/**
 * All connections share one line: what an old connection brought goes on through the flow after it broke, as the server may
 * have lost it with the session. It still counts as in flight, and is acknowledged first, on the connection that brings it again.
 */
const LANE = 'mqtt'

const FOR_OTHERS = 'not for this node'

export interface DeliveryOptions {
  readonly shaper: Shaper
  readonly source: DeliverySource
  readonly intake: Intake
  /** A message leaves by itself, not in an array. */
  readonly single: boolean
  readonly metrics: NodeMetrics
}

/** Sends batches into the flow, each as at most two messages, and acknowledges all of one, in the order it came, after both. */
export class Deliverer {
  /** What to do once the last batch that left is acknowledged; undefined if none is under way. */
  #behind: (() => void)[] | undefined

  constructor(private readonly options: DeliveryOptions) {}

  deliver(batch: MqttBatch): void {
    const { shaper, source } = this.options
    const { taken, rejected, forOthers } = shaper.shape(batch)
    if (forOthers > 0) this.#count(forOthers)
    const messages = (taken.length > 0 ? 1 : 0) + (rejected.length > 0 ? 1 : 0)
    if (messages === 0) {
      this.#acknowledgeInTurn(batch)
      return
    }
    const finish = this.#finishOf(batch)
    if (taken.length > 0) source.take(this.#taking(batch, 'taken', taken, messages === 1 ? finish : () => {}))
    if (rejected.length > 0) source.take(this.#taking(batch, 'rejected', rejected, finish))
  }

  /** Messages so far that were for others than this node. */
  get forOthers(): number {
    return this.options.metrics.gauges.get(FOR_OTHERS) ?? 0
  }

  #count(messages: number): void {
    const { metrics } = this.options
    metrics.in += messages
    metrics.filtered += messages
    metrics.gauges.set(FOR_OTHERS, this.forOthers + messages)
  }

  #taking(batch: MqttBatch, which: 'taken' | 'rejected', payload: object[], acknowledge: () => void): TakenMessage {
    const { shaper, single, intake } = this.options
    const messageOf = (records: object[]) => ({ payload: single ? records[0] : records })
    return {
      lane: LANE,
      records: payload.length,
      message: messageOf(payload),
      rebuild: () => messageOf(shaper.shape(batch)[which]),
      acknowledge,
      survived: () => intake.survived(),
      output: which === 'taken' ? TAKEN : REJECTED
    }
  }

  #finishOf(batch: MqttBatch): () => void {
    const behind: (() => void)[] = []
    this.#behind = behind
    return () => {
      this.#acknowledge(batch)
      if (this.#behind === behind) this.#behind = undefined
      for (const next of behind) next()
    }
  }

  /** Nothing of it goes into the flow; what came before it is acknowledged first (MQTT 5.0, 4.6). */
  #acknowledgeInTurn(batch: MqttBatch): void {
    if (this.#behind === undefined) this.#acknowledge(batch)
    else this.#behind.push(() => this.#acknowledge(batch))
  }

  #acknowledge(batch: MqttBatch): void {
    this.options.intake.release(batch)
    batch.acks.acknowledge(batch.packets)
  }
}
