import type { EditorHooks } from '../../core/editor/types.ts'
import { problemsBetween } from './check.ts'

export default {
  label: ({ topic }) => (topic ? `replay ${topic}` : 'dead letter replay'),
  problems: problemsBetween
} satisfies EditorHooks
