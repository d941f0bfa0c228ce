import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

export default {
  label: () => 'archive source',
  problems: problemsBetween
} satisfies EditorHooks
