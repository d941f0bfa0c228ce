import { checksOff } from '../../core/advice/field.ts'
import { fieldColumn } from '../../core/node/field-column.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { WINS, winsOf } from '../../core/record/wins.ts'
import { eachFields, objects } from './each-fields.ts'
import { EXAMPLES } from './examples.ts'
import { PRESET_CHOICES } from './presets.ts'
import { calculated, values } from './value-fields.ts'

const unpivot = { mode: 'unpivot' } as const
const one = { mode: ['unpivot', 'keep'] } as const

export const spec = {
  type: 'millrace-reshape',
  label: 'reshape',
  summary:
    'Makes records of one form from what devices send: one for each measurement, with time and device, or one wide record.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['reshaped', 'rejected'],
  sections: {
    where: 'Where the records are',
    topic: 'Topic and other sources',
    made: 'What is made',
    values: 'Values'
  },
  fields: {
    preset: {
      kind: 'choice',
      label: 'Preset',
      default: 'own',
      choices: PRESET_CHOICES,
      help: 'Fills in all the fields below for devices of one make. Change afterwards what is different in your fleet.'
    },
    recordsAt: {
      kind: 'choice',
      label: 'Records are',
      section: 'where',
      default: 'whole',
      choices: {
        whole: 'the message itself',
        list: 'the elements of a list',
        values: 'the values of an object'
      },
      help: 'A message that holds many records in a list, or one under each name, is taken apart first.'
    },
    listPath: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'In the field',
      section: 'where',
      default: '',
      placeholder: 'values',
      when: { recordsAt: ['list', 'values'] },
      help: 'The field with the list or the object. Empty for an object that is the message itself.'
    },
    keyTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Name of each goes to',
      section: 'where',
      default: 'device_id',
      required: true,
      when: { recordsAt: 'values' },
      help: 'The field for the name that a value has in the object.'
    },
    outer: {
      kind: 'bool',
      label: 'Keep the fields around the list',
      section: 'where',
      default: true,
      when: { recordsAt: ['list', 'values'] },
      help: 'Each element gets the fields that stand beside the list, unless it has them itself.'
    },
    topic: {
      kind: 'text',
      pick: 'topic',
      check: 'topic-template',
      label: 'Topic',
      section: 'topic',
      default: '',
      placeholder: 'tele/{device_id}/SENSOR',
      help: 'Each {field} of the MQTT topic becomes a field, also behind Kafka. Records of other topics are rejected. Empty for none.'
    },
    restTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Rest of topic goes to',
      section: 'topic',
      default: '',
      placeholder: 'device_id',
      help: 'The field for all levels that # stands for, such as kitchen/lamp. Empty where the topic has no #.'
    },
    topicWins: {
      kind: 'choice',
      label: 'If topic and record differ',
      section: 'topic',
      default: 'payload',
      choices: winsOf('topic', 'record'),
      help: 'Whose field counts where both have one of the same name. "Rejected" is for devices that may not write under the name of another.'
    },
    sources: {
      kind: 'list',
      label: 'Fields from elsewhere',
      section: 'topic',
      default: [],
      help: 'Fields from what came with the message: Kafka key, headers, MQTT user properties, times, or a text of your own.',
      columns: {
        to: {
          kind: 'text',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'ts',
          help: 'Name, or path.'
        },
        from: {
          kind: 'choice',
          label: 'From',
          default: 'constant',
          choices: {
            constant: 'this text',
            header: 'header or user property',
            key: 'Kafka key',
            topic: 'whole topic',
            'kafka-time': 'time in Kafka',
            arrival: 'time of arrival'
          },
          help: 'Times are milliseconds since 1970. The time in Kafka is the same at every delivery, that of arrival is not.'
        },
        of: {
          kind: 'text',
          pick: 'headers',
          label: 'Name or text',
          default: '',
          help: 'The name of the header, or the text itself.'
        },
        wins: {
          kind: 'choice',
          label: 'If it is there',
          default: 'payload',
          choices: WINS,
          help: 'What becomes of the field where the record has it already.'
        }
      }
    },
    mode: {
      kind: 'choice',
      label: 'Make',
      section: 'made',
      default: 'unpivot',
      choices: {
        unpivot: 'a record for each measurement',
        keep: 'one record, with chosen fields',
        pivot: 'one wide record out of rows'
      },
      help: 'One message with many measurements becomes a row a measurement, or rows of one device and time become one wide record.'
    },
    keep: {
      kind: 'list',
      label: 'Fields of every record',
      section: 'made',
      default: [
        { from: 'device_id', to: '' },
        { from: 'ts', to: '' }
      ],
      when: one,
      help: 'Fields that are no measurements and stand in every record: device, time, place. Those of topic and elsewhere are there anyway.',
      columns: {
        from: {
          kind: 'text',
          pick: 'fields',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'Time',
          help: 'Name, or path into objects such as meta.time or V["PM2.5"].'
        },
        to: {
          kind: 'text',
          check: 'field-path',
          label: 'New name',
          default: '',
          placeholder: 'the same',
          help: 'Empty to keep the name.'
        }
      }
    },
    others: {
      kind: 'bool',
      label: 'Keep the other fields',
      section: 'made',
      default: true,
      when: { mode: 'keep' },
      help: 'Otherwise the record has only the fields that are named above, and those of topic and elsewhere.'
    },
    at: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Measurements in',
      section: 'made',
      default: '',
      placeholder: 'uplink_message.decoded_payload',
      when: unpivot,
      help: 'The object that holds the measurements. Empty where they stand in the record itself.'
    },
    which: {
      kind: 'choice',
      label: 'Measurements are',
      section: 'made',
      default: 'all',
      choices: { all: 'all numbers', except: 'all numbers but these', only: 'only these' },
      when: unpivot,
      help: 'Names inside objects are joined with a dot: BME280.Temperature.'
    },
    names: {
      kind: 'list',
      label: 'These fields',
      section: 'made',
      default: [],
      when: { mode: 'unpivot', which: ['except', 'only'] },
      help: 'Fields by name or path; in what is left out, * stands for any one name (*.id).',
      columns: {
        field: {
          kind: 'text',
          pick: 'measurements',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'BME280.Temperature',
          help: 'Seen from the object that holds the measurements.'
        },
        metric: {
          kind: 'text',
          label: 'Metric',
          default: '',
          placeholder: 'temperature',
          help: 'Another name, for those that are taken.'
        }
      }
    },
    booleans: {
      kind: 'bool',
      label: 'True and false too',
      section: 'made',
      default: false,
      when: unpivot,
      help: 'As they are, unless a row of Values makes numbers of them.'
    },
    texts: {
      kind: 'bool',
      label: 'Texts too',
      section: 'made',
      default: false,
      when: unpivot,
      help: 'As they are, unless a row of Values makes numbers of them. Texts that a row of Values names are taken in any case.'
    },
    lists: {
      kind: 'bool',
      label: 'Numbers in lists too',
      section: 'made',
      default: false,
      when: unpivot,
      help: 'Named by their place: Power.0, Power.1.'
    },
    ...eachFields,
    by: {
      kind: 'list',
      label: 'One record for the same',
      section: 'made',
      default: [{ field: 'device_id' }, { field: 'ts' }],
      required: true,
      when: { mode: 'pivot' },
      help: 'Rows of one message that agree in these fields become one record.',
      columns: fieldColumn('ts')
    },
    values,
    calculated,
    metricTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Metric field',
      default: 'metric',
      required: true,
      section: 'advanced',
      help: 'The field with the name of the measurement.'
    },
    valueTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Value field',
      default: 'value',
      required: true,
      section: 'advanced',
      help: 'The field with its value.'
    },
    timeTo: {
      kind: 'text',
      check: 'field-path',
      label: 'Time field',
      default: 'ts',
      required: true,
      section: 'advanced',
      when: objects,
      help: 'The field for the own time of a measurement.'
    },
    separator: {
      kind: 'text',
      label: 'Names joined by',
      default: '.',
      required: true,
      section: 'advanced',
      when: unpivot,
      help: 'What stands between the names of nested objects: BME280.Temperature.'
    },
    bare: {
      kind: 'bool',
      label: 'Take a bare value as the value field',
      default: false,
      section: 'advanced',
      help: 'A payload that is only a number, a text, true or false becomes a record with this value.'
    },
    maxMeasurements: {
      kind: 'number',
      label: 'In one message at most',
      default: 1000,
      min: 1,
      max: 100_000,
      integer: true,
      unit: 'measurements',
      section: 'advanced',
      when: unpivot,
      help: 'A message with more is rejected, so that no device fills the table.'
    },
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
