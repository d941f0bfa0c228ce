import { Meter, TooCostly } from '../../core/meter.ts'
import { compilePattern, patternProblems } from '../../core/pattern/pattern.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { isTimeZone } from '../../core/time-zone.ts'
import { hoursProblems } from './hours-text.ts'

/** What a rule's value may be. */
export type Operand = string | number | boolean
export type Test = (value: unknown) => boolean

/**
 * What a row needs beside its field: nothing, `one` value, `two` of them, a `list`, a `text`,
 * `hours` of a time zone, a `duration`, or a `rate` for a duration.
 */
export type Needs = 'none' | 'one' | 'two' | 'list' | 'text' | 'hours' | 'duration' | 'rate'

/** How the dialog and the sentence of a row show it. */
export interface ShownOperator {
  /** In the list of the dialog, and in sentences where there is no `sign`. */
  readonly label: string
  readonly sign?: string
  /** Between the two operands of a sentence; `and` where absent. */
  readonly joint?: string
  /** Behind them. */
  readonly unit?: string
  readonly needs: Needs
  /** What it compares with are numbers, which may be of another field. */
  readonly isNumeric?: true
  /** What is wrong with the operands, in words. */
  problems?(first: Operand, second: Operand): string[]
}

export interface Operator extends ShownOperator {
  /**
   * Makes the test; `list` holds what stands in a list. Absent for hours, whose calendar no dialog
   * needs (hours.ts).
   */
  test?(first: Operand, second: Operand, list: readonly Operand[]): Test
  /** The same where what is compared with is of each record. Absent: it cannot be. */
  against?(value: unknown, first: unknown, second: unknown): boolean
}

type MakeTest = NonNullable<Operator['test']>

const isMissing: Test = value => value === undefined || value === null

/**
 * Numbers compare with numbers, texts with texts (by their characters, so times as ISO 8601 sort as
 * they should). Anything else is no match: the text "90" is never taken for the number 90.
 */
function ordered(holds: (value: Operand, operand: Operand) => boolean): MakeTest {
  return operand => {
    const type = typeof operand
    return value =>
      (typeof value === type || (type === 'number' && isExactNumber(value))) &&
      holds(value as Operand, operand)
  }
}

/** The same of two values of a record. */
function comparable(value: unknown, other: unknown): boolean {
  if (typeof value === 'string') return typeof other === 'string'
  return isNumber(value) && isNumber(other)
}

const isNumber = (value: unknown) => typeof value === 'number' || isExactNumber(value)

/** Numbers of more digits than a double holds are alike where their digits are. */
const isSame = (value: unknown, other: unknown): boolean =>
  value === other ||
  (isExactNumber(value) && isExactNumber(other) && String(value) === String(other))

const against =
  (holds: (value: Operand, other: Operand) => boolean) =>
  (value: unknown, other: unknown): boolean =>
    comparable(value, other) && holds(value as Operand, other as Operand)

const textual =
  (holds: (text: string, part: string) => boolean): MakeTest =>
  part =>
  value =>
    typeof value === 'string' && holds(value, String(part))

const orderedProblems = (operand: Operand) =>
  typeof operand === 'boolean' ? ['compare with a number or a text'] : []

export const OPERATORS = {
  equals: {
    label: 'is',
    sign: '=',
    needs: 'one',
    test: operand => value => value === operand,
    against: isSame
  },
  not_equals: {
    label: 'is not',
    sign: '≠',
    needs: 'one',
    test: operand => value => value !== operand,
    against: (value, other) => !isSame(value, other)
  },
  gt: {
    label: '>',
    sign: '>',
    needs: 'one',
    problems: orderedProblems,
    test: ordered((value, operand) => value > operand),
    against: against((value, other) => value > other)
  },
  gte: {
    label: '≥',
    sign: '≥',
    needs: 'one',
    problems: orderedProblems,
    test: ordered((value, operand) => value >= operand),
    against: against((value, other) => value >= other)
  },
  lt: {
    label: '<',
    sign: '<',
    needs: 'one',
    problems: orderedProblems,
    test: ordered((value, operand) => value < operand),
    against: against((value, other) => value < other)
  },
  lte: {
    label: '≤',
    sign: '≤',
    needs: 'one',
    problems: orderedProblems,
    test: ordered((value, operand) => value <= operand),
    against: against((value, other) => value <= other)
  },
  between: {
    label: 'is between',
    sign: 'between',
    needs: 'two',
    problems: rangeProblems,
    test: (from, to) => value =>
      typeof value === typeof from && (value as Operand) >= from && (value as Operand) <= to,
    against: (value, from, to) =>
      comparable(value, from) &&
      comparable(value, to) &&
      (value as Operand) >= (from as Operand) &&
      (value as Operand) <= (to as Operand)
  },
  in: {
    label: 'is one of',
    sign: 'in',
    needs: 'list',
    test: (_first, _second, list) => memberOf(list)
  },
  not_in: {
    label: 'is none of',
    sign: 'not in',
    needs: 'list',
    test: (_first, _second, list) => {
      const isMember = memberOf(list)
      return value => !isMember(value)
    }
  },
  contains: { label: 'contains', needs: 'one', test: containing },
  starts_with: {
    label: 'starts with',
    needs: 'text',
    test: textual((text, part) => text.startsWith(part))
  },
  ends_with: {
    label: 'ends with',
    needs: 'text',
    test: textual((text, part) => text.endsWith(part))
  },
  matches: {
    label: 'matches',
    needs: 'text',
    problems: pattern => patternProblems(String(pattern)),
    test: matching
  },
  topic_matches: {
    label: 'matches topic',
    sign: 'matches',
    needs: 'text',
    problems: template => topicTemplateProblems(String(template)),
    test: text => {
      const template = compileTopicTemplate(String(text))
      return value => typeof value === 'string' && template.matches(value)
    }
  },
  in_hours: {
    label: 'in the hours',
    sign: 'in',
    joint: ' ',
    needs: 'hours',
    problems: (hours, zone) => inZoneProblems(hours, zone)
  },
  outside_hours: {
    label: 'outside hours',
    sign: 'outside of',
    joint: ' ',
    needs: 'hours',
    problems: (hours, zone) => inZoneProblems(hours, zone)
  },
  missing: { label: 'is missing', needs: 'none', test: () => isMissing },
  present: { label: 'is there', needs: 'none', test: () => value => !isMissing(value) },
  is_true: { label: 'is true', needs: 'none', test: () => value => value === true },
  is_false: { label: 'is false', needs: 'none', test: () => value => value === false },
  is_number: { label: 'is a number', needs: 'none', test: () => value => Number.isFinite(value) },
  is_text: { label: 'is text', needs: 'none', test: () => value => typeof value === 'string' }
} as const satisfies Readonly<Record<string, Operator>>

export type OperatorName = keyof typeof OPERATORS

export const isOperand = (value: unknown): value is Operand =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value))

export const isOperator = (name: unknown): name is OperatorName =>
  typeof name === 'string' && Object.hasOwn(OPERATORS, name)

const inZoneProblems = (hours: Operand, zone: Operand): string[] => [
  ...hoursProblems(String(hours)),
  ...(isTimeZone(String(zone)) ? [] : [`there is no time zone "${zone}"`])
]

function rangeProblems(from: Operand, to: Operand): string[] {
  if (typeof from !== typeof to || typeof from === 'boolean')
    return ['both ends must be numbers, or both texts']
  return from > to ? ['the lower end comes first'] : []
}

function memberOf(list: readonly Operand[]): Test {
  const members = new Set<unknown>(list)
  return value => members.has(value)
}

/** A text contains a text; a list contains a value. */
function containing(part: Operand): Test {
  return value => {
    if (typeof value === 'string') return typeof part === 'string' && value.includes(part)
    return Array.isArray(value) && value.includes(part)
  }
}

/**
 * What one text may take, about 20 ms; only an expression of thousands of states on a long text
 * comes near it.
 */
const STEPS_A_TEXT = 2_000_000

/** A text that would take longer than one record may does not match. */
function matching(pattern: Operand): Test {
  const meter = new Meter(STEPS_A_TEXT)
  const expression = compilePattern(String(pattern), meter)
  return value => {
    if (typeof value !== 'string') return false
    meter.begin()
    try {
      return expression.test(value)
    } catch (error) {
      if (error instanceof TooCostly) return false
      throw error
    }
  }
}
