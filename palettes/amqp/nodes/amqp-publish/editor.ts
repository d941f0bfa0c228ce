import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

export default {
  label: ({ address }) => (address ? `→ ${address}` : 'amqp publish'),
  problems: problemsBetween
} satisfies EditorHooks
