import type { EditorHooks } from '@millrace/node-red-telemetry/editor'

export default {
  // Two of one machine differ in their ports only.
  label: ({ host, port }) =>
    String(host).includes(':') ? `[${String(host)}]:${port}` : `${host}:${port}`
} satisfies EditorHooks
