import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { operandOf, type RecordReader, readerOf } from './matcher.ts'
import type { Compared, RuleCondition } from './rules.ts'
import { spanMs, type TimeOperatorName } from './time-operators.ts'

/** What a row remembers of a key, as JSON can hold it; it may be changed in place. */
export interface RowState {
  /** Whether the last record met it, or what was due since. */
  isMet?: boolean
  /** The value that is compared with, and when the last one came. */
  value?: number | string | boolean
  timeMs?: number
  /** The lowest values of the time looked at, each later one higher; the highest where it falls. */
  ends?: [timeMs: number, value: number][]
  /** That it is missing was told. */
  isTold?: boolean
}

/** A row that looks at what came before. */
export interface RowMemory {
  /** Whether a record meets it. */
  take(state: RowState, record: unknown, topic: string, timeMs: number): boolean
  /** When it is met though nothing comes; `due` is told so then. */
  dueMs?(state: RowState): number
  due?(state: RowState): void
}

type Make = (
  condition: RuleCondition,
  first: RecordReader,
  second: RecordReader
) => RowMemory['take']

/** A change of 0.1 from 20.3 to 20.4 is no more than 0.1, whatever binary fractions make of it. */
const WITH_ROUNDING = 1 + 1e-9

/** Makes what a row over time does. */
export function rowMemoryOf(condition: RuleCondition): RowMemory {
  const { field, operator, value, value2 } = condition
  if (operator === 'missing_for') return missingFor(readerOf(field), spanMs(value))
  const make = ROWS[operator as Exclude<TimeOperatorName, 'missing_for'>]
  return {
    take: make(condition, operandOf(value as Compared), operandOf(value2 as Compared))
  }
}

const ROWS: Readonly<Record<Exclude<TimeOperatorName, 'missing_for'>, Make>> = {
  changed: ({ field }) => changed(readerOf(field)),
  changed_by: ({ field }, by) => changedBy(readerOf(field), by, 'absolute'),
  changed_percent: ({ field }, by) => changedBy(readerOf(field), by, 'percent'),
  rises: ({ field, value2 }, by) => moves(readerOf(field), by, spanMs(value2), 1),
  falls: ({ field, value2 }, by) => moves(readerOf(field), by, spanMs(value2), -1),
  on_above: ({ field }, on, off) => switched(readerOf(field), on, off, 1),
  on_below: ({ field }, on, off) => switched(readerOf(field), on, off, -1)
}

/** Another value than before; one that is missing is none. */
function changed(subject: RecordReader): RowMemory['take'] {
  return (state, record, topic) => {
    const value = keptOf(subject(record, topic))
    if (value === undefined) return false
    const before = state.value
    state.value = value
    return before !== undefined && before !== value
  }
}

/** Further than that from the value with which it was met last, or the first one. */
function changedBy(
  subject: RecordReader,
  by: RecordReader,
  band: 'absolute' | 'percent'
): RowMemory['take'] {
  return (state, record, topic) => {
    const value = numberOf(subject(record, topic))
    if (value === undefined) return false
    const before = state.value as number | undefined
    const amount = numberOf(by(record, topic))
    const isMet =
      before !== undefined &&
      amount !== undefined &&
      Math.abs(value - before) >
        (band === 'percent' ? (amount * Math.abs(before)) / 100 : amount) * WITH_ROUNDING
    if (before === undefined || isMet) state.value = value
    return isMet
  }
}

/** So many parts of the time looked at are told apart, whatever a device sends. */
const PARTS = 60

/**
 * Rises (falls, where `way` is -1) by more than so much within a span, measured from the lowest
 * value in it. Where records are rarer, from the one before, at the same pace.
 */
function moves(
  subject: RecordReader,
  by: RecordReader,
  spanMs: number,
  way: 1 | -1
): RowMemory['take'] {
  return (state, record, topic, timeMs) => {
    const given = numberOf(subject(record, topic))
    if (given === undefined) return false
    const value = given * way
    const amount = numberOf(by(record, topic))
    state.ends ??= []
    const { ends } = state
    const last = state.value as number | undefined
    const lastMs = state.timeMs ?? timeMs
    while (ends.length > 0 && ends[0]![0] < timeMs - spanMs) ends.shift()
    const isFaster = (fromMs: number, from: number) =>
      amount !== undefined &&
      value - from > amount * Math.max(1, (timeMs - fromMs) / spanMs) * WITH_ROUNDING
    const isMet =
      (ends.length > 0 && isFaster(ends[0]![0], ends[0]![1])) ||
      (last !== undefined && isFaster(lastMs, last))
    noteEnd(ends, timeMs, value, spanMs)
    state.value = value
    state.timeMs = timeMs
    return isMet
  }
}

/** What is not lower than a later value can never be the lowest again. */
function noteEnd(ends: [number, number][], timeMs: number, value: number, spanMs: number): void {
  while (ends.length > 0 && ends.at(-1)![1] >= value) ends.pop()
  const last = ends.at(-1)
  if (last === undefined || timeMs - last[0] >= spanMs / PARTS) ends.push([timeMs, value])
}

/** On from one limit, until it is beyond another. */
function switched(
  subject: RecordReader,
  on: RecordReader,
  off: RecordReader,
  way: 1 | -1
): RowMemory['take'] {
  return (state, record, topic) => {
    const value = numberOf(subject(record, topic))
    const onAt = numberOf(on(record, topic))
    const offAt = numberOf(off(record, topic))
    if (value === undefined || onAt === undefined || offAt === undefined) return false
    const isOn = state.value === true
    state.value = isOn ? value * way >= offAt * way : value * way > onAt * way
    return state.value
  }
}

/** No record with this field for so long; the first one of a key begins the time. */
function missingFor(subject: RecordReader, spanMs: number): RowMemory {
  const dueMs = ({ timeMs, isTold }: RowState) =>
    timeMs === undefined || isTold ? Number.POSITIVE_INFINITY : timeMs + spanMs
  return {
    take(state, record, topic, timeMs) {
      const value = subject(record, topic)
      const isThere = value !== undefined && value !== null
      if (isThere || state.timeMs === undefined) {
        state.timeMs = timeMs
        delete state.isTold
        return false
      }
      if (timeMs < state.timeMs + spanMs) return false
      state.isTold = true
      return true
    },
    dueMs,
    due(state) {
      state.isTold = true
      state.isMet = true
    }
  }
}

/** A number that can be calculated with; of one with more digits than a double, the nearest. */
function numberOf(value: unknown): number | undefined {
  const number = isExactNumber(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** Longer values are compared by their beginning. */
const MAX_CHARACTERS = 500

/** What is remembered of a value; undefined for one that is missing or no number. */
function keptOf(value: unknown): number | string | boolean | undefined {
  if (typeof value === 'string') return `"${value.slice(0, MAX_CHARACTERS)}`
  if (typeof value === 'boolean') return value
  if (typeof value === 'object' && value !== null && !isExactNumber(value))
    return jsonText(value)?.slice(0, MAX_CHARACTERS)
  if (isExactNumber(value)) return String(value)
  return numberOf(value)
}
