import type { Answer } from './answer.ts'

/** A record within its lane: its offset, and where in the message of that offset it stands. */
export type RecordId = number | string

/** That a record was counted, and what was answered to it. */
export interface Counted {
  /** The attempt of its delivery that brought it last; undefined after a restart. */
  attempt: object | undefined
  /** Null once it need not be answered again. */
  readonly answer: Answer | null
}
