import { checksOff } from '../../core/advice/field.ts'
import type { Condition, NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'
import { EXAMPLES } from './examples.ts'

const numeric: Condition = { when: ['above', 'below', 'outside'] }
const present: Condition = { when: ['above', 'below', 'outside', 'equals', 'differs'] }

export const spec = {
  type: 'millrace-alarm',
  label: 'alarm',
  summary:
    'Watches a value for each device and tells each change of its alarm: raised, acknowledged, returned, shelved.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  remembers: true,
  outputs: ['events', 'rejected'],
  sections: { what: 'When it is raised', life: 'What follows', apart: 'Records and their time' },
  fields: {
    alarm: {
      kind: 'text',
      label: 'Alarm',
      default: 'too high',
      required: true,
      help: 'Its name, which stands in every event.'
    },
    priority: {
      kind: 'choice',
      label: 'Priority',
      default: 'medium',
      choices: { low: 'low', medium: 'medium', high: 'high', critical: 'critical' },
      help: 'How soon somebody must act. Of a hundred alarms some eighty should be low, fifteen medium and five high.'
    },
    when: {
      kind: 'choice',
      label: 'When the value is',
      section: 'what',
      default: 'above',
      choices: {
        above: 'above a limit',
        below: 'below a limit',
        outside: 'outside of two limits',
        equals: 'equal to',
        differs: 'not equal to',
        silent: 'missing for some time'
      },
      help: 'What is not as it should be. Missing: no record of a device comes that has sent one before.'
    },
    limit: {
      kind: 'number',
      label: 'Limit',
      section: 'what',
      default: 80,
      when: { when: ['above', 'below'] },
      help: 'The value may be equal to it.'
    },
    limitField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Limit of the device',
      section: 'what',
      default: '',
      placeholder: 'limit_c',
      when: { when: ['above', 'below'] },
      help: 'A field with a limit of its own, such as enrich brings for each device. Empty, or where a record lacks it: the limit above.'
    },
    low: {
      kind: 'number',
      label: 'Lower limit',
      section: 'what',
      default: 0,
      when: { when: 'outside' },
      help: 'The value may be equal to it.'
    },
    high: {
      kind: 'number',
      label: 'Upper limit',
      section: 'what',
      default: 80,
      when: { when: 'outside' },
      help: 'The value may be equal to it.'
    },
    text: {
      kind: 'text',
      label: 'Value',
      section: 'what',
      default: 'open',
      placeholder: 'open',
      when: { when: ['equals', 'differs'] },
      help: 'A word, a number, true or false.'
    },
    silence: {
      kind: 'text',
      label: 'Missing for',
      section: 'what',
      default: '5 min',
      required: true,
      check: 'duration',
      when: { when: 'silent' },
      help: 'So long after its last record.'
    },
    onDelay: {
      kind: 'text',
      label: 'For at least',
      section: 'what',
      default: '0 s',
      required: true,
      check: 'duration',
      when: present,
      help: 'It is raised when this has been so for that long, without a record that says otherwise.'
    },
    deadband: {
      kind: 'number',
      label: 'Hysteresis',
      section: 'what',
      default: 0,
      min: 0,
      when: numeric,
      help: 'The value has returned when it is within the limit by at least this: raised above 80, returned at 75 or below.'
    },
    offDelay: {
      kind: 'text',
      label: 'Returned for at least',
      section: 'what',
      default: '0 s',
      required: true,
      check: 'duration',
      when: present,
      help: 'It has returned when the value has been so for that long.'
    },
    acknowledge: {
      kind: 'bool',
      label: 'Must be acknowledged',
      section: 'life',
      default: true,
      help: 'An alarm that has returned stays open until somebody has acknowledged it, or a new one of the same device has taken its place. Otherwise it is over at once.'
    },
    pause: {
      kind: 'text',
      label: 'At most one every',
      section: 'life',
      default: '',
      check: 'duration',
      placeholder: 'no limit',
      help: 'An alarm of the same device is not raised sooner than so long after the one before. Empty: no limit.'
    },
    longestShelf: {
      kind: 'text',
      label: 'Shelved at most for',
      section: 'life',
      default: '8 h',
      required: true,
      check: 'duration',
      help: 'Then it is watched again by itself.'
    },
    key: {
      ...memoryFields.key,
      help: 'Each combination of these fields has an alarm of its own. They stand in the events.'
    },
    valueField: {
      ...memoryFields.valueField,
      when: present,
      help: 'The field that is watched.'
    },
    timeField: memoryFields.timeField,
    ahead: {
      ...memoryFields.ahead,
      help: 'A record further ahead of its arrival is rejected: delays would be over too soon.'
    },
    maxKeys: {
      ...memoryFields.maxKeys,
      label: 'Alarms at most',
      unit: 'alarms'
    },
    maxAge: {
      ...memoryFields.maxAge,
      default: '90 d',
      help: 'An alarm of which nothing came for so long is forgotten.'
    },
    keepIn: memoryFields.keepIn,
    cluster: memoryFields.cluster,
    stateTopic: memoryFields.stateTopic,
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
