import type { EditorHooks } from '@millrace/node-red-telemetry/editor'

export default {
  label: ({ urlPath }) => (urlPath ? String(urlPath) : 'coap ingest'),
  hasPreview: true,
  learns: true,
  listens: 'millrace-coap-endpoint:messages'
} satisfies EditorHooks
