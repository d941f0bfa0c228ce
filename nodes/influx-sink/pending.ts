import type { Reason } from '../../core/record/record.ts'
import type { WriteRequest } from '../../core/sink/types.ts'

/** The records of one message on their way to the server. */
export class Pending {
  /** Records that are neither stored nor rejected. */
  open: number
  stored = 0
  /** Why records can never be stored, by their position. */
  readonly refused = new Map<number, Reason>()

  constructor(readonly request: WriteRequest) {
    this.open = request.records.length
  }

  get records(): readonly unknown[] {
    return this.request.records
  }

  refuse(index: number, reason: Reason): void {
    this.refused.set(index, reason)
    this.open--
  }

  store(): void {
    this.stored++
    this.open--
  }
}

/** Lines that are sent together, and whose each of them is. */
export class LineBatch {
  readonly lines: string[] = []
  readonly owners: Pending[] = []
  /** The position of each among the records of its message. */
  readonly places: number[] = []
  bytes = 0
  /** When its first line came. */
  bornMs = 0

  add(line: string, bytes: number, owner: Pending, place: number): void {
    if (this.lines.length === 0) this.bornMs = performance.now()
    this.lines.push(line)
    this.owners.push(owner)
    this.places.push(place)
    this.bytes += bytes
  }
}
