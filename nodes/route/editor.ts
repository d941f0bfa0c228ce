import type { EditorHooks, Values } from '../../core/editor/types.ts'
import { rulesControl } from './editor/rules-control.ts'
import { areOverTime, type Rule, type RuleCondition, rowsOf, ruleProblems } from './rules.ts'
import { outputLabels } from './sentence.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 40
/** What is of use only where some rule looks at what came before. */
const OVER_TIME = [
  ...['key', 'lateness', 'timeField', 'idle', 'ahead', 'maxKeys', 'maxAge'],
  ...['keepIn', 'cluster', 'stateTopic']
]

const rulesIn = ({ rules }: Values): readonly Rule[] =>
  ruleProblems(rules).length === 0 ? (rules as readonly Rule[]) : []

const isMissingFor = ({ operator }: RuleCondition) => operator === 'missing_for'

const cut = (text: string) =>
  text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text

export default {
  label(values) {
    const [first, ...more] = outputLabels(rulesIn(values), false)
    if (first === undefined) return 'route'
    return more.length === 0 ? `${cut(first)} → 1` : `${cut(first)} → 1, ${more.length} more`
  },
  outputLabels(values) {
    const rules = Array.isArray(values.rules) ? values.rules : []
    const otherwise = values.otherwise !== false
    const labels = outputLabels(rulesIn(values), otherwise, areOverTime(rules))
    // while a rule is being typed, the number of outputs still follows the number of rules
    return rulesIn(values).length === rules.length
      ? labels
      : [...rules.map((_, index) => `rule ${index + 1}`), ...labels]
  },
  controls: { rules: { problems: ruleProblems, edit: rulesControl } },
  shows(field, values) {
    if (field === 'expected') return rulesIn(values).flatMap(rowsOf).some(isMissingFor)
    return !OVER_TIME.includes(field) || areOverTime(values.rules)
  },
  learns: true
} satisfies EditorHooks
