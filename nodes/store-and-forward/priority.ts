import type { Options } from '../../core/node/spec.ts'
import { OptionsError, type Problem } from '../../core/options-error.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter } from '../../core/record/field-path.ts'
import type { Message } from '../../core/record/message.ts'
import { isRejection } from '../../core/record/record.ts'
import { topicOf } from '../../core/record/topic-of.ts'
import { compileTopicTemplate, topicTemplateProblems } from '../../core/record/topic-template.ts'
import { problemsBetween } from './check.ts'
import { type COMPARISONS, type PRIORITIES, spec } from './spec.ts'

/** 0 goes first. */
export type Priority = number
export type PriorityName = keyof typeof PRIORITIES
export const PRIORITY_NAMES = ['first', 'high', 'normal', 'low'] as const satisfies PriorityName[]
const NORMAL: Priority = PRIORITY_NAMES.indexOf('normal')

type Row = Options<typeof spec>['priorities'][number]
type Operand = string | number | boolean
type Meets = (value: unknown) => boolean

const TOPIC = 'msg.topic'

/** What a person writes: a number and true or false are what they look like. */
function operandOf(text: string): Operand {
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

/** A text that looks like a number is met by both. */
const same = (value: unknown, text: string) => value === operandOf(text) || value === text

function ordered(text: string, holds: (value: Operand, operand: Operand) => boolean): Meets {
  const operand = operandOf(text)
  return value => {
    if (typeof value === 'string') return holds(value, text)
    return (
      typeof operand === 'number' &&
      (typeof value === 'number' || isExactNumber(value)) &&
      holds(value as Operand, operand)
    )
  }
}

const MEETS: Readonly<Record<keyof typeof COMPARISONS, (text: string) => Meets>> = {
  equals: text => value => same(value, text),
  not_equals: text => value => !same(value, text),
  gt: text => ordered(text, (value, operand) => value > operand),
  gte: text => ordered(text, (value, operand) => value >= operand),
  lt: text => ordered(text, (value, operand) => value < operand),
  lte: text => ordered(text, (value, operand) => value <= operand),
  in(text) {
    const members = text.split(',').map(member => member.trim())
    return value => members.some(member => same(value, member))
  },
  contains: text => value =>
    typeof value === 'string'
      ? value.includes(text)
      : Array.isArray(value) && value.some(each => same(each, text)),
  starts_with: text => value => typeof value === 'string' && value.startsWith(text),
  topic_matches(text) {
    const template = compileTopicTemplate(text)
    return value => typeof value === 'string' && template.matches(value)
  },
  present: () => value => value !== undefined && value !== null,
  missing: () => value => value === undefined || value === null,
  is_true: () => value => value === true
}

/**
 * Makes the function that says how urgent a record is: the first row that it meets, else
 * `msg.priority`, else normal.
 * @throws OptionsError for rows that cannot be used
 */
export function priorityBy(rows: readonly Row[]): (record: unknown, message: Message) => Priority {
  const problems: Problem[] = [...problemsBetween({ priorities: rows }), ...topicProblems(rows)]
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const tests = rows.map(({ field, operator, value, priority }) => {
    const meets = MEETS[operator](value)
    const get = getter(field)
    const read = (record: unknown, message: Message) => {
      if (field === TOPIC) return topicOf(record, message)
      return get(isRejection(record) ? record.record : record)
    }
    return { meets, read, priority: PRIORITY_NAMES.indexOf(priority) }
  })
  return (record, message) => {
    for (const { meets, read, priority } of tests) if (meets(read(record, message))) return priority
    return priorityOf(message.priority)
  }
}

const topicProblems = (rows: readonly Row[]): Problem[] =>
  rows
    .filter(({ operator }) => operator === 'topic_matches')
    .flatMap(({ value }) => topicTemplateProblems(value))
    .map(problem => ['priorities', problem])

/** Of `msg.priority`: a word, or 1 for the first. */
function priorityOf(value: unknown): Priority {
  const found = PRIORITY_NAMES.indexOf(value as PriorityName)
  if (found >= 0) return found
  const number = typeof value === 'number' ? value : NORMAL + 1
  return Number.isInteger(number) && number >= 1 && number <= PRIORITY_NAMES.length
    ? number - 1
    : NORMAL
}
