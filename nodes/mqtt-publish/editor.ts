import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ topic }) => (topic ? `→ ${topic}` : 'mqtt publish')
} satisfies EditorHooks
