import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ topic }) => (topic ? `→ ${topic}` : 'kafka producer')
} satisfies EditorHooks
