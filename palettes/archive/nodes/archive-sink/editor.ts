import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

export default {
  label: ({ path }) => (path ? `→ ${path}` : 'archive sink'),
  hasPreview: true,
  problems: problemsBetween
} satisfies EditorHooks
