import type { ProduceCallback, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import type { TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import { isRejection, type Reason, type Rejection } from '../../core/record/record.ts'
import type { WriteRequest, WriteResult } from '../../core/sink/types.ts'

/**
 * A dead letter is too large for its topic: sends it again with at most so many bytes of its value.
 */
export type Shorten = (
  message: OutgoingMessage,
  letter: Rejection,
  index: number,
  maxBytes: number
) => void

/** What is left of a dead letter that its topic does not take: each time a tenth. */
const SHORTER_BYTES = [900_000, 90_000, 9_000, 900]

/** A message on its way, from its arrival until Kafka has all of its records. */
export class OutgoingMessage implements ProduceCallback {
  /** One more than the records, so that none finishes it while others are still being added. */
  open: number
  /** Why records were refused, by position. */
  #refused: Map<number, Reason> | undefined
  /** Which of them the topic has already. */
  #repeatedAt: Set<number> | undefined
  /** How often a dead letter was cut. */
  #cuts: Map<number, number> | undefined

  constructor(
    readonly request: Pick<WriteRequest, 'message' | 'records' | 'finish' | 'fail'>,
    private readonly shorten: Shorten,
    /** Where its records are written, if its source has a transaction. */
    readonly transaction?: TransactionScope
  ) {
    this.open = this.records.length + 1
  }

  get records(): readonly unknown[] {
    return this.request.records
  }

  refuse(index: number, reason: Reason): void {
    this.#refused ??= new Map()
    this.#refused.set(index, reason)
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
        this.shorten(this, letter, index, maxBytes)
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
    this.request.finish(this.#written)
  }

  fail(error: Error): void {
    this.request.fail(error)
  }

  /** What Kafka has: records of their own, dead letters, and those of both that it had before. */
  get #written(): WriteResult {
    const { records } = this
    const [refused, repeated] = [this.#refused, this.#repeatedAt]
    let letters = 0
    for (let index = 0; index < records.length; index++) {
      if (isRejection(records[index]) && !refused?.has(index) && !repeated?.has(index)) letters++
    }
    const duplicates = repeated?.size ?? 0
    const stored = records.length - (refused?.size ?? 0) - duplicates - letters
    return { stored, duplicates, letters, ...(refused && { refused }) }
  }
}
