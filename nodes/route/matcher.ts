import { getter } from '../../core/record/field-path.ts'
import { isWithinHours } from './hours.ts'
import { OPERATORS, type Operand, type Operator, type OperatorName } from './operators.ts'
import {
  type Compared,
  isFieldOperand,
  isGroup,
  type Rule,
  type RuleCondition,
  type RuleGroup,
  TOPIC
} from './rules.ts'

/** True if a record is meant. */
export type Matcher = (record: unknown, topic: string) => boolean

/** Of a rule, or of a group of its rows, that needs nothing of what came before. */
export function matcherOf({ match, conditions }: Pick<Rule, 'match' | 'conditions'>): Matcher {
  const tests = conditions.map(row => (isGroup(row) ? matcherOf(row as RuleGroup) : rowOf(row)))
  const [only] = tests
  if (tests.length === 1) return only!
  const decides = match === 'any'
  return (record, topic) => {
    for (let index = 0; index < tests.length; index++)
      if (tests[index]!(record, topic) === decides) return decides
    return !decides
  }
}

/** Of one row. */
export function rowOf({ field, operator, value, value2 }: RuleCondition): Matcher {
  const known: Operator = OPERATORS[operator as OperatorName]
  if (isFieldOperand(value) || isFieldOperand(value2))
    return comparing(known, readerOf(field), value as Compared, value2 as Compared)
  const list = Array.isArray(value) ? (value as readonly Operand[]) : []
  const holds =
    known.test?.(value as Operand, value2 as Operand, list) ??
    isWithinHours(String(value), String(value2), operator === 'in_hours')
  if (field === TOPIC) return (_record, topic) => holds(topic === '' ? undefined : topic)
  const get = getter(field)
  return record => holds(get(record))
}

/** What a record has of something. */
export type RecordReader = (record: unknown, topic: string) => unknown

/** Of a field, or of the topic. */
export function readerOf(field: string): RecordReader {
  if (field === TOPIC) return (_record, topic) => (topic === '' ? undefined : topic)
  return getter(field)
}

/** Of what is compared with: always the same, or what another field has. */
export const operandOf = (given: Compared | undefined): RecordReader =>
  isFieldOperand(given) ? readerOf(given.field) : () => given

function comparing(
  known: Operator,
  subject: RecordReader,
  value: Compared,
  value2: Compared
): Matcher {
  const [first, second] = [operandOf(value), operandOf(value2)]
  const holds = known.against!
  return (record, topic) =>
    holds(subject(record, topic), first(record, topic), second(record, topic))
}

/** Whether some row looks at the topic. */
export const looksAtTopic = (rows: readonly RuleCondition[]): boolean =>
  rows.some(({ field, value, value2 }) =>
    [field, fieldIn(value), fieldIn(value2)].some(each => each === TOPIC)
  )

const fieldIn = (value: unknown) => (isFieldOperand(value) ? value.field : undefined)
