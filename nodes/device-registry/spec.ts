import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { memoryFields } from '../../core/state/fields.ts'

export const spec = {
  type: 'millrace-device-registry',
  label: 'device registry',
  summary:
    'Keeps a list of the devices as their records pass: who is new, online, offline, silent, of which firmware, approved or blocked.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['records', 'events', 'rejected'],
  sections: {
    presence: 'Online, offline, silent',
    learned: 'What records say of their device',
    http: 'Asked by HTTP'
  },
  fields: {
    database: {
      kind: 'ref',
      label: 'Database',
      default: '',
      type: 'millrace-timescale-database',
      help: 'Where the list is. Several Node-REDs with the same database and table keep one list.'
    },
    table: {
      kind: 'text',
      label: 'Table',
      default: 'devices',
      required: true,
      pick: 'tables',
      help: 'Made if it is missing; one that is there gets the columns that it lacks. Beside it stand the tables of its events and readers.'
    },
    key: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Device',
      default: 'device_id',
      required: true,
      help: 'The field that names the device.'
    },
    unknown: {
      kind: 'choice',
      label: 'A device that is new',
      default: 'pass',
      choices: {
        pass: 'is listed, its records pass',
        reject: 'is listed, its records are rejected until it is approved'
      },
      help: 'Rejected as DEVICE_UNKNOWN. Records of a blocked device are rejected as DEVICE_BLOCKED in any case.'
    },
    silence: {
      kind: 'text',
      label: 'Silent after',
      section: 'presence',
      default: '15 min',
      placeholder: 'never',
      check: 'duration',
      help: 'So long without a record, by the times of the records. Empty: never.'
    },
    silences: {
      kind: 'list',
      label: 'Other types of devices',
      section: 'presence',
      default: [],
      help: 'Types that send more or less often than the others.',
      columns: {
        type: {
          kind: 'text',
          label: 'Type',
          default: '',
          required: true,
          help: 'As it stands in the list of devices.'
        },
        after: {
          kind: 'text',
          label: 'Silent after',
          default: '1 h',
          required: true,
          check: 'duration',
          help: 'So long without a record.'
        }
      }
    },
    onlineMetric: {
      kind: 'text',
      label: 'Births and wills',
      section: 'presence',
      default: 'online',
      placeholder: 'none',
      help: 'A record of this metric says whether its device is there: true, 1, online, connected, or false, 0, offline, disconnected. Sparkplug ingest sends such records.'
    },
    firmwareField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Firmware',
      section: 'learned',
      default: 'firmware',
      placeholder: 'none',
      help: 'The field of a record that has the version of the firmware, where there is one.'
    },
    firmwareMetric: {
      kind: 'text',
      label: 'or the metric',
      section: 'learned',
      default: 'firmware',
      placeholder: 'none',
      help: 'A record of this metric has the version of the firmware as its value.'
    },
    typeField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Type',
      section: 'learned',
      default: 'device_type',
      placeholder: 'none',
      help: 'A device that is new is listed with this type.'
    },
    siteField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Site',
      section: 'learned',
      default: 'site',
      placeholder: 'none',
      help: 'A device that is new is listed with this site.'
    },
    answers: {
      kind: 'choice',
      label: 'Answers',
      section: 'http',
      default: 'off',
      choices: { off: 'nobody', token: 'who has the token' },
      help: 'GET of the path gives the list, GET of the path and the name of a device what is known of it, with its last values.'
    },
    httpPath: {
      kind: 'text',
      label: 'Path',
      section: 'http',
      default: 'devices',
      required: true,
      pattern: '[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*',
      patternHint: 'levels of letters, digits, dot, - and _, such as iot/devices',
      when: { answers: 'token' },
      help: 'Behind the address of Node-RED.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      default: '',
      section: 'http',
      when: { answers: 'token' },
      help: 'At least 16 characters, sent as "Authorization: Bearer …". Whoever has it may read.'
    },
    lastValues: {
      kind: 'text',
      label: 'Last values in',
      section: 'http',
      default: 'last_values',
      placeholder: 'none',
      pick: 'tables',
      when: { answers: 'token' },
      help: 'The table that a timescale sink keeps with "replace it if newer". Empty: no values.'
    },
    timeField: { ...memoryFields.timeField, section: 'advanced' },
    metricField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Metric field',
      section: 'advanced',
      default: 'metric',
      required: true,
      help: 'The field that has the name of the metric.'
    },
    valueField: { ...memoryFields.valueField, section: 'advanced' },
    ahead: {
      ...memoryFields.ahead,
      label: 'Not believed beyond',
      help: 'A time further ahead of the clock than this is taken for the time of arrival. The record is not changed.'
    },
    writeEvery: {
      kind: 'text',
      label: 'Written at most every',
      section: 'advanced',
      default: '1 min',
      required: true,
      check: 'duration',
      help: 'How often the last record of a device is written down. What happens to a device is written at once.'
    },
    maxDevices: {
      kind: 'number',
      label: 'Devices at most',
      section: 'advanced',
      default: 200_000,
      min: 1,
      max: 2_000_000,
      integer: true,
      unit: 'devices',
      help: 'Further ones are not listed, so that made-up names fill neither the memory nor the table.'
    },
    keepEvents: {
      kind: 'text',
      label: 'Keep events for',
      section: 'advanced',
      default: '30 d',
      required: true,
      check: 'duration',
      help: 'Events stay in their table for so long.'
    },
    checksOff
  }
} as const satisfies NodeSpec
