import { isRejection, type Reason } from '../record/record.ts'
import type { WriteRequest } from './types.ts'

/** The records of one request, which are sent one by one: it ends when none is open any more. */
export class PublishedRecords {
  /** One more than there are, until all have been taken. */
  #open = 1
  readonly #refused = new Map<number, Reason>()

  constructor(private readonly request: WriteRequest) {}

  get records(): readonly unknown[] {
    return this.request.records
  }

  fail(error: Error): void {
    this.request.fail(error)
  }
  opened(): void {
    this.#open++
  }
  refuse(index: number, reason: Reason): void {
    this.#refused.set(index, reason)
  }
  less(): void {
    if (--this.#open > 0) return
    const { records } = this.request
    const taken = records.filter((_record, index) => !this.#refused.has(index))
    const letters = taken.filter(isRejection).length
    const refused = this.#refused.size > 0 ? { refused: this.#refused } : {}
    this.request.finish({ stored: taken.length - letters, letters, ...refused })
  }
}
