import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'
import { EXAMPLES } from './examples.ts'

const near = { method: ['nearest', 'every'] } as const
const named = { shape: ['metrics', 'both'] } as const

export const spec = {
  type: 'millrace-join',
  label: 'join',
  summary:
    'Makes one record of two that belong together: of one device and near in time, or with the last value of the other.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  remembers: true,
  outputs: ['joined', 'unmatched', 'rejected'],
  sections: {
    inputs: 'What is joined with what',
    how: 'Which belong together',
    record: 'The record that leaves',
    late: 'Late and silent'
  },
  fields: {
    by: {
      kind: 'choice',
      label: 'Inputs told apart by',
      section: 'inputs',
      default: 'field',
      choices: { field: 'a field', topic: 'the topic', header: 'a header' },
      help: 'Records of both inputs come by the same wire, or by several: what they are says which input they are of. A record that is of neither is rejected.'
    },
    byField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Field',
      section: 'inputs',
      default: 'metric',
      required: true,
      when: { by: 'field' },
      help: 'Name, or path.'
    },
    byHeader: {
      kind: 'text',
      pick: 'headers',
      label: 'Header',
      section: 'inputs',
      default: '',
      required: true,
      when: { by: 'header' },
      help: 'A header of the Kafka message, or a user property of MQTT.'
    },
    first: {
      kind: 'text',
      label: 'First input',
      section: 'inputs',
      default: 'temperature_c',
      required: true,
      when: { by: ['field', 'header'] },
      help: 'The value of its records, or several, separated by commas. The time of a joined record is that of the first.'
    },
    second: {
      kind: 'text',
      label: 'Second input',
      section: 'inputs',
      default: 'humidity_pct',
      placeholder: 'all others',
      when: { by: ['field', 'header'] },
      help: 'The same of the second. Empty: all that are not of the first.'
    },
    firstTopic: {
      kind: 'text',
      pick: 'topic',
      check: 'topic-template',
      label: 'First input',
      section: 'inputs',
      default: '',
      required: true,
      placeholder: 'acme/+/+/+/temperature',
      when: { by: 'topic' },
      help: 'The MQTT topic of its records, also where they came through Kafka, with + and #; else the Kafka topic; else msg.topic.'
    },
    secondTopic: {
      kind: 'text',
      pick: 'topic',
      check: 'topic-template',
      label: 'Second input',
      section: 'inputs',
      default: '',
      placeholder: 'all others',
      when: { by: 'topic' },
      help: 'The same of the second. Empty: all that are not of the first.'
    },
    key: {
      ...memoryFields.key,
      label: 'The same in both',
      section: 'how',
      default: [{ field: 'device_id' }],
      help: 'Only records that agree in these fields are joined. Without a row, all may be.'
    },
    method: {
      kind: 'choice',
      label: 'Join each first with',
      section: 'how',
      default: 'nearest',
      choices: {
        nearest: 'the nearest of the second, one to one',
        every: 'every one of the second that is near',
        last: 'the last value of the second'
      },
      help: 'One to one: each record is in one joined record at most. The last value: at the time of the first or before, and in as many joined records as come.'
    },
    within: {
      kind: 'text',
      check: 'duration',
      label: 'Apart in time, at most',
      section: 'how',
      default: '5 s',
      required: true,
      when: near,
      help: 'By their times, in either direction. A record that finds no other waits for so long.'
    },
    notOlder: {
      kind: 'text',
      check: 'duration',
      label: 'Not older than',
      section: 'how',
      default: '1 h',
      placeholder: 'any age',
      when: { method: 'last' },
      help: 'A value of the second that is older counts as none. Empty: any.'
    },
    alone: {
      kind: 'choice',
      label: 'Without a partner',
      section: 'how',
      default: 'unmatched',
      choices: {
        unmatched: 'leaves by the second output',
        first: 'of the first: leaves as joined, with nothing',
        both: 'of either: leaves as joined, with nothing'
      },
      help: 'What becomes of a record that finds no other in its time. A value of the second that nobody asks for leaves nowhere.'
    },
    shape: {
      kind: 'choice',
      label: 'Joined record has',
      section: 'record',
      default: 'metrics',
      choices: {
        metrics: 'each value under the name of its metric',
        copy: 'the first, with fields of the second',
        both: 'both, each whole'
      },
      help: 'By metric: beside the values it has the fields on which both agree.'
    },
    copy: {
      kind: 'list',
      label: 'Fields of the second',
      section: 'record',
      default: [{ from: 'value', to: 'other_value' }],
      when: { shape: 'copy' },
      help: 'A field of the first of this name is replaced. An empty list copies everything that the first does not have.',
      columns: {
        from: {
          kind: 'text',
          pick: 'fields',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'value',
          help: 'Name, or path.'
        },
        to: {
          kind: 'text',
          check: 'field-path',
          label: 'Goes to',
          default: '',
          placeholder: 'the same',
          help: 'The field of the joined record; empty for the same name.'
        }
      }
    },
    firstName: {
      kind: 'text',
      label: 'Name of the first',
      section: 'record',
      default: '',
      placeholder: 'its metric',
      when: named,
      help: 'The field of its value, or of the whole record. Empty: the metric; of a whole record "first".'
    },
    secondName: {
      kind: 'text',
      label: 'Name of the second',
      section: 'record',
      default: '',
      placeholder: 'its metric',
      when: named,
      help: 'The same of the second. A name that is there already gets _2.'
    },
    otherTime: {
      kind: 'text',
      check: 'field-path',
      label: 'Time of the second goes to',
      section: 'record',
      default: '',
      placeholder: 'nowhere',
      when: { shape: ['metrics', 'copy'] },
      help: 'A field that tells how old the second was.'
    },
    lateness: {
      kind: 'text',
      check: 'duration',
      label: 'Wait for late records',
      section: 'late',
      default: '1 s',
      required: true,
      help: 'Records may come so much out of order, and all orders give the same result. Two of one time leave at once all the same. 0 s: with what has come by then.'
    },
    runs: {
      kind: 'choice',
      label: 'Time goes on',
      section: 'late',
      default: 'key',
      choices: {
        key: 'for each device by its own records',
        all: 'for all, with the slowest partition'
      },
      help: 'By its own: a device that was away is late for nobody. With the slowest partition: for two Kafka topics, one of which may be read faster than the other.'
    },
    idle: {
      kind: 'text',
      check: 'duration',
      label: 'Silent after',
      section: 'late',
      default: '5 s',
      required: true,
      help: 'When nothing came for so long, time goes on by the clock of the computer, so that what waits is joined or leaves.'
    },
    timeField: { ...memoryFields.timeField, section: 'advanced' },
    valueField: {
      ...memoryFields.valueField,
      section: 'advanced',
      when: { shape: 'metrics' }
    },
    metricField: {
      kind: 'text',
      check: 'field-path',
      label: 'Metric field',
      section: 'advanced',
      default: 'metric',
      required: true,
      when: { shape: 'metrics' },
      help: 'The field that names what was measured.'
    },
    ahead: memoryFields.ahead,
    maxKeys: {
      ...memoryFields.maxKeys,
      help: 'A record of one more is rejected as STATE_FULL. A key takes some 700 bytes, and what its records have.'
    },
    maxOpen: {
      kind: 'number',
      label: 'Records that wait, at most',
      section: 'advanced',
      default: 1000,
      min: 2,
      max: 10_000,
      integer: true,
      unit: 'a key',
      help: 'A record of one more is rejected as STATE_FULL.'
    },
    maxAge: memoryFields.maxAge,
    keepIn: {
      ...memoryFields.keepIn,
      help: 'A topic where several Node-REDs share a consumer group: what is remembered of a partition moves with it. Both inputs must be in one topic then, with the key as Kafka key.'
    },
    cluster: memoryFields.cluster,
    stateTopic: { ...memoryFields.stateTopic, placeholder: 'join-state' },
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
