import { memoryFields, type NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'my-value-change',
  label: 'value change',
  summary: 'Adds to each record how far its value is from the one before.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  remembers: true,
  outputs: ['passed', 'rejected'],
  sections: { apart: 'Records and their time' },
  fields: memoryFields
} as const satisfies NodeSpec
