import { durationMs, durationText } from '../../core/duration.ts'
import type { Problem } from '../../core/options-error.ts'
import { functionProblems } from './function-rows.ts'
import type { AggregateSettings } from './settings.ts'

const DAY_MS = 86_400_000
/** A longer window is one of the calendar, or put together in the database. */
const MAX_LENGTH_MS = 31 * DAY_MS
const MIN_LENGTH_MS = 100
/** More results of one window than these are no results so far. */
const MAX_EARLY = 1000
/** A record counts in each of them. */
const MAX_OVERLAP = 100

/** What is wrong between the fields, in the dialog and at the start. */
export function problemsBetween(settings: AggregateSettings): Problem[] {
  return [...windowProblems(settings), ...earlyProblems(settings), ...functionProblems(settings)]
}

function windowProblems({ window, length, every, gap }: AggregateSettings): Problem[] {
  if (window === 'calendar') return []
  if (window === 'session') return lengthProblems('gap', gap, 'a pause')
  const problems = lengthProblems('length', length, 'a window')
  if (window === 'tumbling' || problems.length > 0) return problems
  const [lengthMs = 0, everyMs = 0] = [durationMs(length), durationMs(every)]
  if (everyMs <= 0) return [['every', 'must be longer than nothing']]
  if (everyMs > lengthMs)
    return [
      [
        'every',
        `${every} is longer than the window of ${length}: records between two windows would count in none`
      ]
    ]
  if (lengthMs / everyMs > MAX_OVERLAP)
    return [
      [
        'every',
        `each record would count in ${Math.ceil(lengthMs / everyMs)} windows; take at least ${durationText(Math.ceil(lengthMs / MAX_OVERLAP))}`
      ]
    ]
  return []
}

function lengthProblems(field: string, text: string, what: string): Problem[] {
  const ms = durationMs(text)
  if (ms === undefined) return []
  if (ms < MIN_LENGTH_MS)
    return [[field, `${what} of ${text} is too short; take at least ${MIN_LENGTH_MS} ms`]]
  if (ms > MAX_LENGTH_MS)
    return [
      [
        field,
        `${what} of ${text} is too long: its result would come that late; take at most 31 d, or months of the calendar, and let the database put them together`
      ]
    ]
  return []
}

/** How long a window may be open; of a session, without another record. */
export function longestMs({ window, length, gap }: AggregateSettings): number {
  if (window === 'calendar') return MAX_LENGTH_MS + DAY_MS
  return durationMs(window === 'session' ? gap : length) ?? 0
}

function earlyProblems(settings: AggregateSettings): Problem[] {
  const ms = durationMs(settings.early)
  const leastMs = Math.max(1000, Math.ceil(longestMs(settings) / MAX_EARLY / 1000) * 1000)
  return ms !== undefined && ms < leastMs
    ? [['early', `take at least ${durationText(leastMs)}`]]
    : []
}
