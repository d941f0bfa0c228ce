import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ groups }) => (groups ? `lag of ${groups}` : 'lag monitor')
} satisfies EditorHooks
