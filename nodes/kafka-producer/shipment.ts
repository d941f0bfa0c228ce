import type { Parcel, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import type { TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { isRejection, type Reason, type Rejection, reject } from '../../core/record/record.ts'

export interface ShipmentEvents {
  /** Nothing of the message is open any more. */
  arrived(shipment: Shipment): void
  /** A dead letter is too large for its topic: sends it again with at most so many bytes of its value. */
  shorten(shipment: Shipment, letter: Rejection, index: number, maxBytes: number): void
}

/** What is left of a dead letter that its topic does not take: each time a tenth. */
const SHORTER_BYTES = [900_000, 90_000, 9_000, 900]

/** A message on its way, from its arrival until Kafka has all of its records. */
export class Shipment implements Parcel {
  /** One more than the records, so that none finishes it while others are still being added. */
  open: number
  readonly sinceMs = performance.now()
  readonly records: readonly unknown[]
  readonly rejected: Rejection[] = []
  /** Which of the records were refused. */
  #refusedAt: Set<number> | undefined
  /** Which of them the topic has already. */
  #repeatedAt: Set<number> | undefined
  /** How often a dead letter was cut. */
  #cuts: Map<number, number> | undefined

  constructor(
    readonly message: Message,
    readonly done: (error?: Error) => void,
    private readonly events: ShipmentEvents,
    /** Where its records are written, if its source has a transaction. */
    readonly transaction?: TransactionScope
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

  refused({ index }: ProduceRecord, reason: Reason): void {
    const letter = this.records[index]
    if (reason.code === 'MESSAGE_TOO_LARGE' && isRejection(letter)) {
      this.#cuts ??= new Map()
      const cut = this.#cuts.get(index) ?? 0
      const maxBytes = SHORTER_BYTES[cut]
      if (maxBytes !== undefined) {
        this.#cuts.set(index, cut + 1)
        this.open++
        this.events.shorten(this, letter, index, maxBytes)
        return
      }
    }
    this.refuse(index, reason)
  }

  /** The topic has it already: it is not written again. */
  repeated({ index }: ProduceRecord): void {
    this.#repeatedAt ??= new Set()
    this.#repeatedAt.add(index)
  }

  /** One record less that is open. */
  less(): void {
    if (--this.open === 0) this.finished()
  }

  finished(): void {
    this.events.arrived(this)
  }

  /** What Kafka has: records of their own, dead letters, and those of both that it had before. */
  get written(): { stored: number; rejected: number; duplicates: number } {
    const [refused, repeated] = [this.#refusedAt, this.#repeatedAt]
    let rejected = 0
    for (let index = 0; index < this.records.length; index++) {
      if (isRejection(this.records[index]) && !refused?.has(index) && !repeated?.has(index)) rejected++
    }
    const duplicates = repeated?.size ?? 0
    return { stored: this.records.length - (refused?.size ?? 0) - duplicates - rejected, rejected, duplicates }
  }

  /** The payload that was acknowledged, in the form it came; null if nothing was. */
  get acknowledged(): Message | null {
    const refused = this.#refusedAt
    if (refused === undefined) return this.message
    const records = this.records.filter((_record, index) => !refused.has(index))
    return records.length === 0 ? null : { ...this.message, payload: records }
  }
}
