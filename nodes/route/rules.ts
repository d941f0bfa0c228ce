import { isFieldPath } from '../../core/record/field-path.ts'
import {
  isOperand,
  isOperator,
  OPERATORS,
  type Operand,
  type OperatorName,
  type ShownOperator
} from './operators.ts'
import {
  isTimeOperator,
  spanProblems,
  TIME_OPERATORS,
  type TimeOperatorName
} from './time-operators.ts'

/** The name of a field in place of which the topic of the record is looked at. */
export const TOPIC = 'msg.topic'

/** What another field of the record holds is compared with, in place of a value. */
export interface FieldOperand {
  readonly field: string
}
export type Compared = Operand | FieldOperand

/** One row of a rule: a field of the record, an operator, and what to compare with. */
export interface RuleCondition {
  /** A name, a path into objects, or `msg.topic`. */
  readonly field: string
  readonly operator: OperatorName | TimeOperatorName
  /**
   * A number, a text, true or false; for a list an array of these. The type counts: 80 is not "80".
   */
  readonly value?: Compared | readonly Operand[]
  /** The upper end of a range, the zone of hours, what a rate is per. */
  readonly value2?: Compared
}

/** Rows of which all, or any, must hold; a row of a rule may be such a group. */
export interface RuleGroup {
  readonly match: 'all' | 'any'
  readonly conditions: readonly RuleCondition[]
}

/** What time makes of the rows of a rule, one after the other. */
export interface RuleTime {
  /** They have held for so long. */
  readonly lasts?: string
  /** Only the first record with which they hold. */
  readonly begins?: boolean
  /** So many times ... */
  readonly times?: number
  /** ... in so long. */
  readonly within?: string
  /** Not again sooner than so long after the last time. */
  readonly pause?: string
}

/** A record that meets all (or any) of the conditions goes to the output of this rule. */
export interface Rule {
  /** Stands at the output in place of the sentence. */
  readonly name?: string
  readonly match: 'all' | 'any'
  readonly conditions: readonly (RuleCondition | RuleGroup)[]
  readonly time?: RuleTime
}

const MAX_TIMES = 100

export const isGroup = (row: unknown): row is RuleGroup =>
  typeof row === 'object' && row !== null && 'conditions' in row

export const isFieldOperand = (value: unknown): value is FieldOperand =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The rows of a rule and of its groups. */
export const rowsOf = ({ conditions }: Pick<Rule, 'conditions'>): RuleCondition[] =>
  conditions.flatMap(row => (isGroup(row) ? row.conditions : [row]))

/** How an operator is shown, of those there are. */
export const shownAs = (operator: OperatorName | TimeOperatorName): ShownOperator =>
  isTimeOperator(operator) ? TIME_OPERATORS[operator] : OPERATORS[operator]

/** Whether a rule needs to know what came before. */
export const isOverTime = (rule: Rule): boolean =>
  Object.keys(rule.time ?? {}).length > 0 ||
  rowsOf(rule).some(({ operator }) => isTimeOperator(operator))

/** The same of rules as a flow file holds them, right or wrong. */
export const areOverTime = (rules: unknown): boolean =>
  ruleProblems(rules).length === 0 && (rules as readonly Rule[]).some(isOverTime)

/**
 * What is wrong with rules as a flow file holds them, in words; if nothing is, they are `Rule`s.
 */
export function ruleProblems(value: unknown): string[] {
  if (!Array.isArray(value)) return ['must be a list of rules']
  if (value.length === 0) return ['there must be at least one rule']
  return value.flatMap((rule: unknown, index) =>
    problemsOfRule(rule).map(problem => `rule ${index + 1}${problem}`)
  )
}

function problemsOfRule(rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [' must be an object']
  const { name, time } = rule as Partial<Record<keyof Rule, unknown>>
  return [
    ...(name !== undefined && typeof name !== 'string' ? [': the name must be text'] : []),
    ...problemsOfGroup(rule, true),
    ...timeProblems(time).map(problem => `: ${problem}`)
  ]
}

function problemsOfGroup(group: object, mayHaveGroups: boolean): string[] {
  const { match, conditions } = group as Partial<Record<keyof RuleGroup, unknown>>
  const problems = match === 'all' || match === 'any' ? [] : [': match must be all or any']
  if (!Array.isArray(conditions) || conditions.length === 0)
    return [...problems, ' has no conditions']
  const inRows = conditions.flatMap((row: unknown, index) => {
    if (!isGroup(row)) return problemsOfCondition(row).map(text => `, row ${index + 1}: ${text}`)
    if (!mayHaveGroups) return [`, row ${index + 1}: a group can have no groups`]
    return problemsOfGroup(row, false).map(problem => `, row ${index + 1}${problem}`)
  })
  return [...problems, ...inRows]
}

/** What is wrong with what time makes of the rows, in words. */
export function timeProblems(time: unknown): string[] {
  if (time === undefined) return []
  if (typeof time !== 'object' || time === null) return ['time must be an object']
  const { lasts, begins, times, within, pause } = time as Partial<Record<keyof RuleTime, unknown>>
  const spans: [label: string, span: unknown][] = [
    ['for at least', lasts],
    ['at most once in', pause]
  ]
  const isCounted = times !== undefined || within !== undefined
  if (isCounted) spans.push(['times in', within])
  const isCount =
    Number.isInteger(times) && (times as number) >= 2 && (times as number) <= MAX_TIMES
  return [
    ...spans.flatMap(([label, span], index) =>
      span === undefined && index < 2 ? [] : spanProblems(span).map(text => `${label}: ${text}`)
    ),
    ...(begins === undefined || typeof begins === 'boolean'
      ? []
      : ['begins must be true or false']),
    ...(isCounted && !isCount ? [`give a number of times from 2 to ${MAX_TIMES}`] : [])
  ]
}

/** What is wrong with one row, in words. */
export function problemsOfCondition(condition: unknown): string[] {
  if (typeof condition !== 'object' || condition === null) return ['must be an object']
  const { field, operator, value, value2 } = condition as Partial<
    Record<keyof RuleCondition, unknown>
  >
  if (!isOperator(operator) && !isTimeOperator(operator))
    return [`there is no operator ${JSON.stringify(operator)}`]
  const problems = isPath(field) ? [] : [noPath(field)]
  return [...problems, ...operandProblems(shownAs(operator), value, value2)]
}

const isPath = (field: unknown) => typeof field === 'string' && isFieldPath(field)
const noPath = (field: unknown) => `${JSON.stringify(field)} is not the path of a field`

function operandProblems(operator: ShownOperator, value: unknown, value2: unknown): string[] {
  const { needs } = operator
  if (needs === 'none') return []
  if (needs === 'list') return listProblems(value)
  const hasTwo = needs === 'two' || needs === 'hours' || needs === 'rate'
  const operands = hasTwo ? [value, value2] : [value]
  if (operands.some(isFieldOperand)) return fieldProblems(operator, operands)
  if (!operands.every(isOperand)) return [NO_OPERAND]
  if (needs === 'text' && (typeof value !== 'string' || value === '')) return ['give a text']
  return operator.problems?.(value as Operand, value2 as Operand) ?? []
}

const NO_OPERAND = 'give a number, a text, true or false to compare with'

/** What is wrong with operands of which some are other fields of the record. */
function fieldProblems(operator: ShownOperator, operands: readonly unknown[]): string[] {
  if (!mayCompareWithField(operator)) return ['cannot be compared with another field']
  const { needs, isNumeric } = operator
  return operands.flatMap((operand, index) => {
    if (needs === 'rate' && index === 1) return spanProblems(operand)
    if (isFieldOperand(operand)) return isPath(operand.field) ? [] : [noPath(operand.field)]
    if (!isOperand(operand)) return [NO_OPERAND]
    return isNumeric && typeof operand !== 'number' ? ['give a number'] : []
  })
}

/** Whether what it compares with may be another field of the record. */
export const mayCompareWithField = (operator: ShownOperator): boolean =>
  'against' in operator || operator.isNumeric === true

function listProblems(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) return ['give the values to compare with']
  return value.every(isOperand) ? [] : ['the values must be numbers, texts, true or false']
}
