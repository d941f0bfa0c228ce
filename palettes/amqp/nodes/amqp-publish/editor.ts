import type { EditorHooks } from '@millrace/node-red-telemetry/editor'

export default {
  label: ({ address }) => (address ? `→ ${address}` : 'amqp publish')
} satisfies EditorHooks
