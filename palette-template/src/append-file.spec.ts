import type { NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'my-append-file',
  label: 'append file',
  summary: 'Appends records to a file as JSON lines.',
  category: 'telemetry',
  family: 'delivery',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  fields: {
    file: {
      kind: 'text',
      label: 'File',
      default: '',
      required: true,
      placeholder: '/var/lib/telemetry/readings.jsonl',
      help: 'Path of the file. It is made where it is missing; its folder has to be there.'
    }
  }
} as const satisfies NodeSpec
