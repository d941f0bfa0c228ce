import {
  isFieldOperand,
  isGroup,
  type Rule,
  type RuleCondition,
  type RuleGroup,
  type RuleTime,
  shownAs,
  TOPIC
} from './rules.ts'

/**
 * A rule in words: `value > 80`, `metric = temperature_c and value between 10 and 20`. With an
 * output, `value > 80 for 30 s → 1`.
 */
export function sentence({ match, conditions, time }: Rule, output?: number): string {
  const words = `${groupWords({ match, conditions })}${timeWords(time)}`
  return output === undefined ? words : `${words} → ${output}`
}

function groupWords({ match, conditions }: Pick<Rule, 'match' | 'conditions'>): string {
  return conditions
    .map(row => (isGroup(row) ? innerWords(row) : conditionWords(row)))
    .join(match === 'all' ? ' and ' : ' or ')
}

const innerWords = (group: RuleGroup): string =>
  group.conditions.length === 1 ? groupWords(group) : `(${groupWords(group)})`

function timeWords({ lasts, begins, times, within, pause }: RuleTime = {}): string {
  return [
    lasts === undefined ? '' : ` for ${lasts}`,
    begins ? ', when it begins' : '',
    times === undefined ? '' : `, ${times} times in ${within}`,
    pause === undefined ? '' : `, at most once in ${pause}`
  ].join('')
}

function conditionWords({ field, operator, value, value2 }: RuleCondition): string {
  const { label, sign = label, joint = ' and ', unit = '', needs } = shownAs(operator)
  const subject = field === TOPIC ? 'topic' : field
  switch (needs) {
    case 'none':
      return `${subject} ${sign}`
    case 'two':
    case 'rate':
      return `${subject} ${sign} ${shown(value)}${joint}${needs === 'rate' ? value2 : shown(value2)}`
    case 'hours':
      return `${subject} ${sign} ${String(value).replaceAll('-', '–')}${joint}${value2}`
    case 'duration':
      return `${subject} ${sign} ${value}`
    case 'list':
      return `${subject} ${sign} (${(Array.isArray(value) ? value : [value]).map(shown).join(', ')})`
    default:
      return `${subject} ${sign} ${operator === 'matches' ? `/${value}/` : shown(value)}${unit}`
  }
}

/** A text stands in quotes where it could be taken for something else. */
export function shown(value: unknown): string {
  if (isFieldOperand(value)) return `field ${value.field === TOPIC ? 'topic' : value.field}`
  const plain =
    typeof value !== 'string' ||
    (/^[\p{L}\p{N}_./{}+#:|-]+$/u.test(value) && !/^(?:[-+.\d].*|true|false)$/.test(value))
  return plain ? String(value) : JSON.stringify(value)
}

/**
 * What stands at the outputs: the name of each rule or its sentence, the rest if it has an output,
 * and what rules over time cannot deal with.
 */
export const outputLabels = (
  rules: readonly Rule[],
  otherwise: boolean,
  rejected = false
): string[] => [
  ...rules.map(rule => rule.name || sentence(rule)),
  ...(otherwise ? ['otherwise'] : []),
  ...(rejected ? ['rejected'] : [])
]
