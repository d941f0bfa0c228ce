import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import { headersOf } from '../../core/mqtt/headers.ts'
import type { PacedBatch } from '../../core/mqtt/paced-batches.ts'
import type { Batch, Headers, Taken } from '../../core/record/record.ts'
import type { KillsReason } from '../../core/source/trials.ts'

/** Whoever gathered a batch, told what becomes of it. */
export interface BatchOwner {
  readonly isSingle: boolean
  /** Its name on the way of a message; undefined where that is not asked for. */
  readonly hop?: string | undefined
  /** The Kafka key of a topic. */
  keyOf(topic: string): string | null
  /** The flow is done with it. */
  finished(batch: MqttBatch): void
  /** It has not killed the process at once; see `TakenMessage.survived`. */
  survived(): void
}

/**
 * Messages that leave together, as the server sent them. What nobody asks for is not built. A batch
 * knows the way back: who sends it on needs only to call `acknowledge`.
 */
export class MqttBatch implements Batch, PacedBatch {
  readonly packets: Received[] = []
  bytes = 0
  /** When it was begun, in milliseconds since 1970. */
  readonly arrivedMs = Date.now()
  /** Why its only message is not to go into the flow. */
  kills: KillsReason | undefined

  constructor(
    /** The connection that brought them; it knows whom to tell when it has ended. */
    readonly acks: DeferredAcks,
    private readonly owner: BatchOwner
  ) {}

  get size(): number {
    return this.packets.length
  }

  /** Each of its messages leaves by itself, not in an array. */
  get isSingle(): boolean {
    return this.owner.isSingle
  }

  add(packet: Received): void {
    this.packets.push(packet)
    this.bytes += packet.payload.length
  }

  /** The flow is done with all of it. */
  acknowledge(): void {
    this.owner.finished(this)
  }

  survived(): void {
    this.owner.survived()
  }

  headersAt(index: number): Headers {
    const { topic, qos, retain, properties } = this.packets[index]!
    return headersOf(topic, qos, retain, properties, this.owner.hop)
  }

  at(index: number): Taken {
    const { topic, qos, retain, payload } = this.packets[index]!
    return {
      origin: { kind: 'mqtt', topic, qos, retained: retain },
      key: this.owner.keyOf(topic),
      headers: this.headersAt(index),
      raw: payload as Buffer
    }
  }
}
