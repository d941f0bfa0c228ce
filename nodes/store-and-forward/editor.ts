import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween, rowsIn } from './check.ts'

/** Longer labels make a node wider than a screen. */
const MAX_CHARACTERS = 20

export default {
  label({ priorities }) {
    const [first] = rowsIn(priorities)
    const words = String(first?.value || first?.field || '')
    if (words === '') return 'store and forward'
    const cut = words.length > MAX_CHARACTERS ? `${words.slice(0, MAX_CHARACTERS - 1)}…` : words
    return `store and forward, ${cut} first`
  },
  problems: problemsBetween
} satisfies EditorHooks
