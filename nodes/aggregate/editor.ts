import type { EditorHooks, Values } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'
import { nameOf } from './function-rows.ts'
import type { AggregateSettings } from './settings.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 40

export default {
  label(values) {
    const { functions, valueField } = values as AggregateSettings
    if (!Array.isArray(functions) || functions.length === 0) return 'aggregate'
    const names = (functions as AggregateSettings['functions']).map(row => nameOf(row, valueField))
    const text = `${names.join(', ')} ${windowWords(values)}`
    return text.length <= MAX_CHARACTERS ? text : `${names.length} results ${windowWords(values)}`
  },
  problems: values => problemsBetween(values as AggregateSettings)
} satisfies EditorHooks

/** The window in words: `of 1 min`, `of 15 min each 1 min`, `of a day`. */
function windowWords(values: Values): string {
  const { window, length, every, calendar, gap } = values as AggregateSettings
  if (window === 'session') return `until silent for ${gap}`
  if (window === 'calendar') return `of a ${calendar}`
  return window === 'hopping' ? `of ${length} each ${every}` : `of ${length}`
}
