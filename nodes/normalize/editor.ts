import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ field, target }) => `${field} → ${target}`
} satisfies EditorHooks
