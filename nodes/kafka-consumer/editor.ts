import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ topics }) => (topics ? `${topics} →` : 'kafka consumer'),
  hasPreview: true,
  learns: true,
  listens: 'kafka-messages'
} satisfies EditorHooks
