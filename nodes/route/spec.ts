import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'
import { EXAMPLES } from './examples.ts'

export const spec = {
  type: 'millrace-route',
  label: 'route',
  summary: 'Sends each record to the output of the rule that it meets.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  remembers: true,
  outputs: ['value > 80', 'otherwise'],
  outputsFrom: 'rules',
  sections: { apart: 'Records and their time' },
  fields: {
    rules: {
      kind: 'custom',
      label: 'Rules',
      default: [{ match: 'all', conditions: [{ field: 'value', operator: 'gt', value: 80 }] }],
      help: 'Each rule has an output. A rule is made of rows: a field of the record (or msg.topic), an operator, and what to compare with. What stands under its rows says what time makes of them.'
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
    },
    key: {
      ...memoryFields.key,
      help: 'What came before is looked at for each combination of these fields by itself.'
    },
    expected: {
      kind: 'code',
      label: 'Devices that are expected',
      section: 'apart',
      default: '',
      language: 'text',
      help: 'For "is missing for": one a line, or a table with the device in its first column. One that never comes is missing as well, counted from the deploy on. A message with the list in msg.expected adds what a registry has.'
    },
    lateness: {
      kind: 'text',
      label: 'Wait for late records',
      section: 'apart',
      default: '0 s',
      required: true,
      check: 'duration',
      help: 'Records are looked at in the order of their times. Each waits so long for older ones; what is still too late meets no rule over time.'
    },
    timeField: memoryFields.timeField,
    idle: {
      kind: 'text',
      label: 'Silent after',
      section: 'advanced',
      default: '5 s',
      required: true,
      check: 'duration',
      help: 'When nothing came of a key for so long, its time goes on by the clock of the computer, so much behind it.'
    },
    ahead: {
      ...memoryFields.ahead,
      help: 'A record further ahead of its arrival is rejected: all that follow would be too late.'
    },
    maxKeys: {
      ...memoryFields.maxKeys,
      help: 'A record of one more is rejected as STATE_FULL. A key takes some 1,000 bytes of memory, and 500 on the disk.'
    },
    maxAge: memoryFields.maxAge,
    keepIn: memoryFields.keepIn,
    cluster: memoryFields.cluster,
    stateTopic: memoryFields.stateTopic,
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
