import type { EditorHooks } from '../../core/editor.ts'

export default {
  label: ({ topic }) => (topic ? `→ ${topic}` : 'kafka producer')
} satisfies EditorHooks
