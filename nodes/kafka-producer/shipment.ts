import { type Message, recordsOf } from '../../core/batch.ts'
import type { Parcel, ProduceRecord } from '../../core/kafka/produce-record.ts'
import { isRejection, type Reason, type Rejection, reject } from '../../core/record.ts'

/** A message on its way, from its arrival until Kafka has all of its records. */
export class Shipment implements Parcel {
  /** One more than the records, so that none finishes it while others are still being added. */
  open: number
  readonly sinceMs = performance.now()
  readonly records: readonly unknown[]
  readonly rejected: Rejection[] = []
  /** How many of the rejected records were rejections already, on their way to a dead-letter topic. */
  #refusedAt: Set<number> | undefined

  constructor(
    readonly message: Message,
    readonly done: (error?: Error) => void,
    private readonly arrived: (shipment: Shipment) => void
  ) {
    this.records = recordsOf(message.payload)
    this.open = this.records.length + 1
  }

  refuse(index: number, reason: Reason): void {
    const record = this.records[index]
    this.#refusedAt ??= new Set()
    this.#refusedAt.add(index)
    this.rejected.push(isRejection(record) ? record : reject(record, 'kafka-producer', reason))
  }

  refused(record: ProduceRecord, reason: Reason): void {
    this.refuse(record.index, reason)
  }

  /** One record less that is open. */
  less(): void {
    if (--this.open === 0) this.finished()
  }

  finished(): void {
    this.arrived(this)
  }

  /** What Kafka has: records of their own, and dead letters. */
  get written(): { stored: number; rejected: number } {
    const refused = this.#refusedAt
    let rejected = 0
    for (let index = 0; index < this.records.length; index++) {
      if (isRejection(this.records[index]) && !refused?.has(index)) rejected++
    }
    return { stored: this.records.length - (refused?.size ?? 0) - rejected, rejected }
  }

  /** The payload that was acknowledged, in the form it came; null if nothing was. */
  get acknowledged(): Message | null {
    const refused = this.#refusedAt
    if (refused === undefined) return this.message
    const records = this.records.filter((_record, index) => !refused.has(index))
    return records.length === 0 ? null : { ...this.message, payload: records }
  }
}
