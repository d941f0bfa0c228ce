import type { EditorHooks } from '../../core/editor.ts'

export default {
  label: ({ groups }) => (groups ? `lag of ${groups}` : 'lag monitor')
} satisfies EditorHooks
