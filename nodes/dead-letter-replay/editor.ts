import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ topic }) => (topic ? `replay ${topic}` : 'dead letter replay')
} satisfies EditorHooks
