import { isRejection, type Reason } from '../../core/record/record.ts'
import type { WriteRequest } from '../../core/sink/types.ts'

/** The records of one request: it ends when none is open any more. */
export class PublishRequest {
  /** One more than there are, until all have been taken. */
  open = 1
  readonly #refused = new Map<number, Reason>()
  #payload: unknown[] | undefined

  constructor(
    readonly request: WriteRequest,
    /** The name of the source that all of it came of. */
    readonly hop?: string
  ) {}

  get records(): readonly unknown[] {
    return this.request.records
  }

  refuse(index: number, reason: Reason): void {
    this.#refused.set(index, reason)
  }
  /** The record with its answer, in the place of the record. */
  answer(index: number, record: unknown): void {
    this.#payload ??= [...this.request.records]
    this.#payload[index] = record
  }
  done(): void {
    this.less()
  }
  less(): void {
    if (--this.open > 0) return
    const { request } = this
    const taken = request.records.filter((_record, index) => !this.#refused.has(index))
    const letters = taken.filter(isRejection).length
    const stored = taken.length - letters
    const refused = this.#refused.size > 0 ? { refused: this.#refused } : {}
    request.finish({ stored, letters, ...refused, ...this.#properties() })
  }

  #properties(): { properties?: object } {
    const answered = this.#payload?.filter((_record, index) => !this.#refused.has(index))
    if (answered === undefined) return {}
    const isList = Array.isArray(this.request.message.payload)
    return { properties: { payload: isList ? answered : answered[0] } }
  }
}
