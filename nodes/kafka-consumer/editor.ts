import type { EditorHooks } from '../../core/editor.ts'

export default {
  label: ({ topics, output }) => (topics ? `${topics} → ${output === 'messages' ? 'messages' : 'records'}` : 'kafka consumer')
} satisfies EditorHooks
