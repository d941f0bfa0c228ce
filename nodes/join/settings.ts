import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import type { Reason } from '../../core/record/record.ts'
import type { spec } from './spec.ts'

export type JoinOptions = Options<typeof spec>

/** Of a field that must hold a duration; the form has checked it. */
export const msOf = (text: string): number => durationMs(text) ?? 0

const DAY_MS = 86_400_000
/** So long a record waits for another at most: it is in memory and on the disk meanwhile. */
const MAX_WITHIN_MS = 7 * DAY_MS

/** What is wrong between the fields, in the dialog and at the start. */
export function problemsBetween(options: JoinOptions): Problem[] {
  const { method, within, by, first, second, firstTopic, secondTopic } = options
  const problems: Problem[] = []
  if (method !== 'last' && (durationMs(within) ?? 0) > MAX_WITHIN_MS)
    problems.push([
      'within',
      `${within} is too long: a record would wait for so long; take at most 7 d`
    ])
  const [one, two] = by === 'topic' ? [firstTopic, secondTopic] : [first, second]
  if (one !== '' && one === two)
    problems.push([by === 'topic' ? 'secondTopic' : 'second', 'must be another one than the first'])
  return problems
}

export const NO_INPUT: Reason = {
  code: 'INPUT_UNKNOWN',
  message: 'The record is neither of the first nor of the second input of the join.'
}

export const full = (maxOpen: number): Reason => ({
  code: 'STATE_FULL',
  message: `${maxOpen} records of the key wait for a partner already; no more may.`
})
