import type { Reason, WriteRequest } from '@millrace/node-red-telemetry'
import type { Lane } from './lane.ts'

/** What was gathered goes no further as records: the files do. */
class All extends Set<number> {
  override has(): boolean {
    return true
  }
  override get size(): number {
    return 1
  }
}
const ALL = new All()

/** The records of a message, while they are taken. */
export class Taking {
  readonly #refused = new Map<number, Reason>()
  readonly offsets: number[] = []
  #duplicates = 0
  isBlocked = false

  constructor(
    private readonly request: WriteRequest,
    /** Undefined where the records come from no partition that is waited for. */
    readonly lane: Lane | undefined,
    readonly attempt: object
  ) {}

  get message(): WriteRequest['message'] {
    return this.request.message
  }
  get records(): readonly unknown[] {
    return this.request.records
  }

  refuse(index: number, reason: Reason): void {
    this.#refused.set(index, reason)
  }
  isThere(): void {
    this.#duplicates++
  }
  /** Takes back what of it waits in the partition. */
  forget(): void {
    this.lane?.forget(this.attempt, this.offsets)
  }
  fail(error: Error): void {
    this.request.fail(error)
  }

  finish(): void {
    const duplicates = this.#duplicates
    this.request.finish({
      stored: this.records.length - this.#refused.size - duplicates,
      duplicates,
      refused: this.#refused,
      superseded: ALL
    })
  }
}
