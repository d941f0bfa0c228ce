import type { EditorHooks } from '@millrace/node-red-telemetry/editor'

/** An ARN ends with the name of the stream. */
export default {
  label: ({ stream }) => (stream ? String(stream).replace(/^arn:.*\//, '') : 'kinesis consumer'),
  hasPreview: true,
  learns: true,
  listens: 'millrace-aws-access:messages'
} satisfies EditorHooks
