import { isKafkaMessage, type Reason } from '../record/record.ts'
import { misfitReason, type RowProblem } from './rows.ts'

/** The records of one message on their way into the table. */
export class PendingMessage<M extends object = object> {
  /** Records that are neither in the table nor rejected. */
  open: number
  stored = 0
  duplicates = 0
  /** Why records can never be stored, by their position. */
  readonly refused = new Map<number, Reason>()

  /** Positions of records of whose keys the table has newer ones. */
  readonly superseded = new Set<number>()

  constructor(
    readonly message: M,
    readonly records: readonly unknown[]
  ) {
    this.open = records.length
  }
}

/** Why a record is no row. */
export function misfitOf(record: unknown, problem: RowProblem): Reason {
  if (isKafkaMessage(record))
    return notARecord('Kafka message; let the consumer give records instead')
  if (typeof record !== 'object' || record === null) return notARecord('plain value')
  return misfitReason(problem)
}

const notARecord = (what: string) => ({
  code: 'NOT_A_RECORD',
  message: `The payload is not a record but a ${what}.`
})
