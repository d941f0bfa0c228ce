import type { EditorHooks } from '@millrace/node-red-telemetry/editor'
import { problemsBetween } from './check.ts'

export default {
  label: ({ address }) => (address ? String(address) : 'amqp ingest'),
  hasPreview: true,
  learns: true,
  listens: 'millrace-amqp-server:messages',
  problems: values => problemsBetween(values)
} satisfies EditorHooks
