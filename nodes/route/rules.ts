import { isFieldPath } from '../../core/record/field-path.ts'
import {
  isOperator,
  OPERATORS,
  type Operand,
  type Operator,
  type OperatorName
} from './operators.ts'

/** The name of a field in place of which the topic of the record is looked at. */
export const TOPIC = 'msg.topic'

/** One row of a rule: a field of the record, an operator, and what to compare with. */
export interface RuleCondition {
  /** A name, a path into objects, or `msg.topic`. */
  readonly field: string
  readonly operator: OperatorName
  /**
   * A number, a text, true or false; for a list an array of these. The type counts: 80 is not "80".
   */
  readonly value?: Operand | readonly Operand[]
  /** The upper end of a range. */
  readonly value2?: Operand
}

/** A record that meets all (or any) of the conditions goes to the output of this rule. */
export interface Rule {
  /** Stands at the output in place of the sentence. */
  readonly name?: string
  readonly match: 'all' | 'any'
  readonly conditions: readonly RuleCondition[]
}

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
  const { match, conditions, name } = rule as Partial<Record<keyof Rule, unknown>>
  const problems: string[] = []
  if (name !== undefined && typeof name !== 'string') problems.push(': the name must be text')
  if (match !== 'all' && match !== 'any') problems.push(': match must be all or any')
  if (!Array.isArray(conditions) || conditions.length === 0)
    return [...problems, ' has no conditions']
  const inRows = conditions.flatMap((condition: unknown, row) =>
    problemsOfCondition(condition).map(problem => `, row ${row + 1}: ${problem}`)
  )
  return [...problems, ...inRows]
}

/** What is wrong with one row, in words. */
export function problemsOfCondition(condition: unknown): string[] {
  if (typeof condition !== 'object' || condition === null) return ['must be an object']
  const { field, operator, value, value2 } = condition as Partial<
    Record<keyof RuleCondition, unknown>
  >
  if (!isOperator(operator)) return [`there is no operator ${JSON.stringify(operator)}`]
  const problems =
    typeof field === 'string' && isFieldPath(field)
      ? []
      : [`${JSON.stringify(field)} is not the path of a field`]
  return [...problems, ...operandProblems(OPERATORS[operator], value, value2)]
}

function operandProblems(operator: Operator, value: unknown, value2: unknown): string[] {
  if (operator.needs === 'none') return []
  if (operator.needs === 'list') {
    if (!Array.isArray(value) || value.length === 0) return ['give the values to compare with']
    return value.every(isOperand) ? [] : ['the values must be numbers, texts, true or false']
  }
  if (!isOperand(value) || (operator.needs === 'two' && !isOperand(value2)))
    return ['give a number, a text, true or false to compare with']
  if (operator.needs === 'text' && (typeof value !== 'string' || value === ''))
    return ['give a text']
  return operator.problems?.(value, value2 as Operand) ?? []
}

const isOperand = (value: unknown): value is Operand =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value))

/**
 * A rule in words: `value > 80`, `metric = temperature_c and value between 10 and 20`. With an
 * output, `value > 80 → 1`.
 */
export function sentence({ match, conditions }: Rule, output?: number): string {
  const words = conditions.map(conditionWords).join(match === 'all' ? ' and ' : ' or ')
  return output === undefined ? words : `${words} → ${output}`
}

function conditionWords({ field, operator, value, value2 }: RuleCondition): string {
  const { label, sign = label, needs }: Operator = OPERATORS[operator]
  const subject = field === TOPIC ? 'topic' : field
  if (needs === 'none') return `${subject} ${sign}`
  if (needs === 'two') return `${subject} ${sign} ${shown(value)} and ${shown(value2)}`
  if (needs === 'list')
    return `${subject} ${sign} (${(Array.isArray(value) ? value : [value]).map(shown).join(', ')})`
  return `${subject} ${sign} ${operator === 'matches' ? `/${value}/` : shown(value)}`
}

/** A text stands in quotes where it could be taken for something else. */
function shown(value: unknown): string {
  const plain =
    typeof value !== 'string' ||
    (/^[\p{L}\p{N}_./{}+#:|-]+$/u.test(value) && !/^(?:[-+.\d].*|true|false)$/.test(value))
  return plain ? String(value) : JSON.stringify(value)
}

/**
 * What stands at the outputs: the name of each rule or its sentence, and the rest last if it has an
 * output.
 */
export const outputLabels = (rules: readonly Rule[], otherwise: boolean): string[] => [
  ...rules.map(rule => rule.name || sentence(rule)),
  ...(otherwise ? ['otherwise'] : [])
]

/**
 * A list as a person types it: `a, b, 3, "4", "with, comma"`. Numbers, true and false are what they
 * look like; quotes make a text.
 */
export function parseList(text: string): Operand[] {
  const items: string[] = []
  let item = ''
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '"') quoted = !quoted
    if (character === ',' && !quoted) {
      items.push(item)
      item = ''
    } else item += quoted && character === '\\' ? character + text.charAt(++index) : character
  }
  items.push(item)
  return items.map(one => one.trim()).flatMap(one => (one === '' ? [] : [parseItem(one)]))
}

function parseItem(item: string): Operand {
  try {
    const value: unknown = JSON.parse(item)
    return isOperand(value) ? value : item
  } catch {
    return item
  }
}

/** The text from which `parseList` makes this list again. */
export const listText = (list: readonly Operand[]): string => list.map(shown).join(', ')
