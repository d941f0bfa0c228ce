import { identityOf } from '../../core/dead-letter/identity.ts'
import type { ProduceCallback, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import type { Reason } from '../../core/record/record.ts'
import type { OutgoingMessage } from './outgoing-message.ts'

/** A record that may be in the topic already. Stands between the record and its message. */
export class Candidate implements ProduceCallback {
  open = 1
  reason: Reason | undefined
  /** The same was read from the topic since this was on its way. */
  wasSeen = false
  #record: ProduceRecord | undefined
  #identity = ''
  /** Of the same content, and here while it was on its way: what becomes of it becomes of them. */
  readonly twins: Candidate[] = []
  readonly sinceMs = Date.now()

  constructor(
    readonly message: OutgoingMessage,
    private readonly settled: (candidate: Candidate) => void
  ) {}

  /** The record, which was made with this as its callback. */
  get record(): ProduceRecord {
    return this.#record!
  }
  set record(record: ProduceRecord) {
    this.#record = record
    this.#identity = identityOf(record.key, record.value, record.headers)
  }
  get identity(): string {
    return this.#identity
  }

  refused(_record: ProduceRecord, reason: Reason): void {
    this.reason = reason
  }
  finished(): void {
    this.settled(this)
  }
}

export const candidateOf = ({ callback }: ProduceRecord): Candidate => callback as Candidate

export function leaveOut({ message, record }: Candidate): void {
  message.repeated(record)
  message.less()
}

export function refuse({ message, record }: Candidate, reason: Reason): void {
  message.refused(record, reason)
  message.less()
}
