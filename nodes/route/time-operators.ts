import { durationMs } from '../../core/duration.ts'
import type { Operand, ShownOperator } from './operators.ts'

const HOURS = 3_600_000
/** So long something may be remembered: a leap year and a day. */
const MAX_MS = 367 * 24 * HOURS

/** What is wrong with a duration for which a rule remembers, in words. */
export function spanProblems(text: unknown): string[] {
  const ms = typeof text === 'string' ? durationMs(text) : undefined
  if (ms === undefined) return ['give a duration such as 30 s, 5 min or 1 h']
  if (ms < 1) return ['must be longer than no time']
  return ms > MAX_MS ? ['must be at most a year'] : []
}

/** Of a duration that was checked. */
export const spanMs = (text: unknown): number => durationMs(String(text)) ?? 0

const amountProblems = (amount: Operand): string[] =>
  typeof amount === 'number' && amount >= 0 ? [] : ['give a number that is not negative']

const numberProblems = (...operands: readonly Operand[]): string[] =>
  operands.every(operand => typeof operand === 'number') ? [] : ['give numbers']

const rateProblems = (amount: Operand, span: Operand): string[] => [
  ...amountProblems(amount),
  ...spanProblems(span)
]

/** Rows that compare a record with those before it of the same key; see row-memory.ts. */
export const TIME_OPERATORS = {
  changed: { label: 'has changed', sign: 'changed', needs: 'none' },
  changed_by: {
    label: 'changed by >',
    sign: 'changed by more than',
    needs: 'one',
    isNumeric: true,
    problems: amountProblems
  },
  changed_percent: {
    label: 'changed by > %',
    sign: 'changed by more than',
    unit: ' %',
    needs: 'one',
    isNumeric: true,
    problems: amountProblems
  },
  rises: {
    label: 'rises by >',
    sign: 'rises faster than',
    joint: ' per ',
    needs: 'rate',
    isNumeric: true,
    problems: rateProblems
  },
  falls: {
    label: 'falls by >',
    sign: 'falls faster than',
    joint: ' per ',
    needs: 'rate',
    isNumeric: true,
    problems: rateProblems
  },
  on_above: {
    label: 'on >, off <',
    sign: 'on above',
    joint: ', off below ',
    needs: 'two',
    isNumeric: true,
    problems: (on, off) => [
      ...numberProblems(on, off),
      ...(off > on ? ['it must go off below where it goes on'] : [])
    ]
  },
  on_below: {
    label: 'on <, off >',
    sign: 'on below',
    joint: ', off above ',
    needs: 'two',
    isNumeric: true,
    problems: (on, off) => [
      ...numberProblems(on, off),
      ...(off < on ? ['it must go off above where it goes on'] : [])
    ]
  },
  missing_for: {
    label: 'is missing for',
    sign: 'missing for',
    needs: 'duration',
    problems: spanProblems
  }
} as const satisfies Readonly<Record<string, ShownOperator>>

export type TimeOperatorName = keyof typeof TIME_OPERATORS

export const isTimeOperator = (name: unknown): name is TimeOperatorName =>
  typeof name === 'string' && Object.hasOwn(TIME_OPERATORS, name)
