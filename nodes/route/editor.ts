import type { EditorHooks, Values } from '../../core/editor.ts'
import { outputLabels, type Rule, ruleProblems } from './rules.ts'
import { rulesControl } from './rules-control.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 40

const rulesIn = ({ rules }: Values): readonly Rule[] => (ruleProblems(rules).length === 0 ? (rules as readonly Rule[]) : [])

const cut = (text: string) => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text)

export default {
  label(values) {
    const [first, ...more] = outputLabels(rulesIn(values), false)
    if (first === undefined) return 'route'
    return more.length === 0 ? `${cut(first)} → 1` : `${cut(first)} → 1, ${more.length} more`
  },
  outputLabels(values) {
    const rules = Array.isArray(values['rules']) ? values['rules'] : []
    const labels = outputLabels(rulesIn(values), values['otherwise'] !== false)
    // while a rule is being typed, the number of outputs still follows the number of rules
    return rulesIn(values).length === rules.length ? labels : [...rules.map((_, index) => `rule ${index + 1}`), ...labels]
  },
  controls: { rules: { problems: ruleProblems, edit: rulesControl } }
} satisfies EditorHooks
