import type { EditorHooks } from '../../core/editor/types.ts'

export default {
  label: ({ topics }) => (topics ? `${topics} →` : 'kafka consumer')
} satisfies EditorHooks
