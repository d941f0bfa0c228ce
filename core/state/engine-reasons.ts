import { MillraceError } from '../errors.ts'
import type { Reason } from '../record/record.ts'

/** Why the engine rejects a record, or gives a key up. */

export const NO_TIME: Reason = {
  code: 'TS_UNPARSABLE',
  message: 'The record has no time that is one.'
}

/** What is due would be due for ever. */
export const stuck = (dueMs: number) =>
  new MillraceError(
    'STATE_STUCK',
    `What was due at ${new Date(dueMs).toISOString()} is due at that time again.`
  )

export const ahead = (timeMs: number, arrivedMs: number): Reason => ({
  code: 'TS_FUTURE',
  message: `The time of the record is ${Math.round((timeMs - arrivedMs) / 1000)} s ahead of its arrival.`
})

export const full = (keys: number, waiting: number): Reason => ({
  code: 'STATE_FULL',
  message: `The node remembers ${keys} keys and lets ${waiting} records wait for their time; it may not remember more.`
})
