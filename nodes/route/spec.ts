import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-route',
  label: 'route',
  summary: 'Sends each record to the output of the rule that it meets.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['value > 80', 'otherwise'],
  outputsFrom: 'rules',
  fields: {
    rules: {
      kind: 'custom',
      label: 'Rules',
      default: [{ match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }],
      help: 'Each rule has an output. A rule is made of rows: a field of the record (or msg.topic), an operator, and what to compare with.'
    },
    send: {
      kind: 'choice',
      label: 'Goes to',
      default: 'first',
      choices: { first: 'the first rule that is met', every: 'every rule that is met' },
      help: 'Where a record goes that meets several rules. With every rule, all outputs but the first get copies.'
    },
    otherwise: {
      kind: 'bool',
      label: 'Output for the rest',
      default: true,
      help: 'A last output for records that meet no rule. Without it they end here, and are counted as filtered.'
    }
  },
  examples: [
    {
      name: 'alarms apart from the rest, order kept',
      given: [
        { device_id: 'a', value: 81 },
        { device_id: 'b', value: 20 },
        { device_id: 'c', value: 95 }
      ],
      then: [
        [
          { device_id: 'a', value: 81 },
          { device_id: 'c', value: 95 }
        ],
        [{ device_id: 'b', value: 20 }]
      ]
    },
    {
      name: 'several conditions: a cold room that is too warm',
      options: {
        rules: [
          {
            name: 'too warm',
            match: 'all',
            conditions: [
              { field: 'metric', operator: 'equals', value: 'temperature_c' },
              { field: 'location', operator: 'starts_with', value: 'cold-' },
              { field: 'value', operator: 'gt', value: 8 }
            ]
          }
        ]
      },
      given: { metric: 'temperature_c', location: 'cold-3', value: 9.5 },
      then: [{ metric: 'temperature_c', location: 'cold-3', value: 9.5 }, null]
    },
    {
      name: 'by the topic, to every rule that is met',
      topic: 'acme/site-01/pump/p7/alert',
      options: {
        send: 'every',
        otherwise: false,
        rules: [
          {
            match: 'all',
            conditions: [
              { field: 'msg.topic', operator: 'topic_matches', value: 'acme/{site}/+/+/alert' }
            ]
          },
          {
            match: 'any',
            conditions: [
              { field: 'severity', operator: 'in', value: ['high', 'fatal'] },
              { field: 'value', operator: 'between', value: 90, value2: 100 }
            ]
          }
        ]
      },
      given: { device_id: 'p7', severity: 'fatal' },
      then: [
        { device_id: 'p7', severity: 'fatal' },
        { device_id: 'p7', severity: 'fatal' }
      ]
    },
    {
      name: 'a text is not a number',
      given: { device_id: 'a', value: '95' },
      then: [null, { device_id: 'a', value: '95' }]
    }
  ]
} as const satisfies NodeSpec
