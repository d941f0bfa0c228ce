import type { NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'my-round-value',
  label: 'round value',
  summary: 'Rounds a number of each record.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['passed', 'rejected'],
  fields: {
    field: {
      kind: 'text',
      label: 'Field',
      default: 'value',
      required: true,
      help: 'The field of the record that holds the number.'
    },
    digits: {
      kind: 'number',
      label: 'Decimal places',
      default: 1,
      min: 0,
      max: 15,
      integer: true,
      help: 'How many digits stay behind the point.'
    }
  },
  examples: [
    {
      name: 'two decimal places',
      options: { digits: 2 },
      given: { device_id: 'sensor-001', value: 21.4567 },
      then: [{ device_id: 'sensor-001', value: 21.46 }, null]
    }
  ]
} as const satisfies NodeSpec
