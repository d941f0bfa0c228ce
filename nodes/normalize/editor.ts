import type { EditorHooks } from '../../core/editor.ts'

export default {
  label: ({ field, target }) => `${field} → ${target}`
} satisfies EditorHooks
