import type { EditorHooks } from '../../core/editor.ts'

export default {
  label: ({ topics }) => (topics ? `${topics} →` : 'kafka consumer')
} satisfies EditorHooks
