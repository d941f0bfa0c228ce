import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-acknowledge',
  label: 'acknowledge',
  summary: 'Tells the source that a message is stored, or that it has failed.',
  category: 'telemetry',
  family: 'delivery',
  inputs: 1,
  outputs: ['passed on'],
  fields: {
    as: {
      kind: 'choice',
      label: 'Tell the source',
      default: 'stored',
      choices: {
        stored: 'the message is stored',
        failed: 'the message has failed: send it again'
      },
      help: 'What becomes of the message at its source: acknowledged, or sent again as often as the source is set to.'
    },
    reason: {
      kind: 'text',
      label: 'Reason',
      default: 'The flow says that it has failed.',
      required: true,
      when: { as: 'failed' },
      help: 'Stands in the log and in the dead letter once the source gives up.'
    },
    checksOff
  },
  examples: [
    {
      name: 'stored by a node that cannot say so itself',
      options: { as: 'stored' },
      given: { device_id: 'sensor-001', value: 23.5 },
      then: [{ device_id: 'sensor-001', value: 23.5 }]
    }
  ]
} as const satisfies NodeSpec
