import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

export default {
  label: ({ address }) => (address ? String(address) : 'amqp ingest'),
  hasPreview: true,
  learns: true,
  problems: values => problemsBetween(values)
} satisfies EditorHooks
