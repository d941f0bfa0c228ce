import { checksOff } from '../../core/advice/field.ts'
import { formatFields } from '../../core/format/fields.ts'
import { FORMATS } from '../../core/format/names.ts'
import { kafkaFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { EXAMPLES } from './examples.ts'

const ofTopic = { source: 'topic' } as const
const bySchema = { source: 'topic', format: ['protobuf', 'avro'] } as const
const { json, msgpack, cbor, protobuf, avro } = FORMATS

const DEVICES = `device_id,location
sensor-001,hall 1
sensor-002,hall 2
`

const QUERY = `SELECT device_id, location
FROM devices
WHERE device_id = ANY($1)
`

export const spec = {
  type: 'millrace-enrich',
  label: 'enrich',
  summary: 'Adds to every record what is known of its device: location, model, owner.',
  category: 'telemetry',
  family: 'transform',
  inputs: 1,
  outputs: ['enriched', 'rejected'],
  sections: {
    source: 'Where devices are known',
    record: 'What goes into the record',
    unknown: 'Devices that are not known'
  },
  fields: {
    key: {
      kind: 'text',
      pick: 'fields',
      harmless: true,
      check: 'field-path',
      label: 'Device is in field',
      default: 'device_id',
      required: true,
      help: 'The field of the record that names the device; a path such as meta.id reaches into objects.'
    },
    source: {
      kind: 'choice',
      label: 'Look up in',
      section: 'source',
      default: 'inline',
      choices: {
        inline: 'a table typed in here',
        file: 'a CSV or JSON file',
        database: 'a database',
        http: 'a web service',
        topic: 'a Kafka topic, as a table'
      },
      help: 'Where it is known what belongs to a device.'
    },
    devices: {
      kind: 'code',
      label: 'Table',
      section: 'source',
      default: DEVICES,
      language: 'csv',
      as: 'table',
      required: true,
      when: { source: 'inline' },
      help: 'CSV with a header line, or a JSON array of objects.'
    },
    file: {
      kind: 'text',
      check: 'full-path',
      label: 'File',
      section: 'source',
      default: '',
      placeholder: '/data/devices.csv',
      required: true,
      when: { source: 'file' },
      help: 'Full path of a CSV file with a header line, or of a JSON file with an array of objects. It is read again when it changes.'
    },
    database: {
      kind: 'ref',
      label: 'Database',
      section: 'source',
      default: '',
      type: 'millrace-timescale-database',
      when: { source: 'database' },
      help: 'Where the table of devices is.'
    },
    lookup: {
      kind: 'choice',
      label: 'By',
      section: 'source',
      default: 'table',
      choices: { table: 'a table or view', query: 'a query of my own' },
      when: { source: 'database' },
      help: 'A query can join several tables.'
    },
    table: {
      kind: 'text',
      check: 'table-name',
      label: 'Table',
      section: 'source',
      default: 'devices',
      required: true,
      pick: 'tables',
      when: { source: 'database', lookup: 'table' },
      help: 'Name of the table or view, with its schema where needed: devices, registry.devices.'
    },
    query: {
      kind: 'code',
      check: 'keys-statement',
      label: 'Query',
      section: 'source',
      default: QUERY,
      language: 'sql',
      required: true,
      when: { source: 'database', lookup: 'query' },
      help: 'It gets the devices of a batch as the array $1, and must give a row for each that it knows, with the key column.'
    },
    url: {
      kind: 'text',
      check: 'lookup-url',
      label: 'URL',
      section: 'source',
      default: '',
      placeholder: 'https://registry.example.org/devices/{key}',
      required: true,
      when: { source: 'http' },
      help: 'Address that answers with a JSON object; {key} becomes the device. The answers 404 and 410 mean that there is no such device.'
    },
    token: {
      kind: 'secret',
      label: 'Token',
      section: 'source',
      default: '',
      when: { source: 'http' },
      help: 'Sent as a bearer token. Empty for none.'
    },
    cluster: {
      ...kafkaFields.cluster,
      section: 'source',
      when: ofTopic,
      help: 'The Kafka cluster that has the topic.'
    },
    topic: {
      kind: 'text',
      check: 'kafka-topic',
      label: 'Topic',
      section: 'source',
      default: '',
      placeholder: 'devices',
      required: true,
      pick: 'kafka-topics',
      when: ofTopic,
      help: 'The newest message of each device counts; one without a value deletes the device. The topic should be compacted (cleanup.policy=compact).'
    },
    topicKey: {
      kind: 'choice',
      label: 'The device is',
      section: 'source',
      default: 'key',
      choices: { key: 'the key of the message', field: 'in a field of its value' },
      when: ofTopic,
      help: 'A key is read as text.'
    },
    keyInValue: {
      kind: 'text',
      check: 'field-path',
      label: 'Field of the device',
      section: 'source',
      default: 'device_id',
      required: true,
      when: { source: 'topic', topicKey: 'field' },
      help: 'The field of the value that names the device, or a path such as payload.after.id.'
    },
    format: {
      kind: 'choice',
      label: 'Values are',
      section: 'source',
      default: 'json',
      choices: { json, msgpack, cbor, protobuf, avro },
      when: ofTopic,
      help: 'The format of the values of the messages.'
    },
    schema: { ...formatFields.schema, section: 'source', when: bySchema },
    messageType: {
      ...formatFields.messageType,
      section: 'source',
      when: { source: 'topic', format: 'protobuf' }
    },
    framing: { ...formatFields.framing, section: 'source', when: bySchema },
    keyColumn: {
      kind: 'text',
      label: 'Column of the device',
      section: 'source',
      default: 'device_id',
      required: true,
      when: { source: ['inline', 'file'] },
      help: 'The column that names the device.'
    },
    databaseKey: {
      kind: 'text',
      label: 'Column of the device',
      section: 'source',
      default: 'device_id',
      required: true,
      pick: 'columns',
      when: { source: 'database' },
      help: 'The column of the table, or of what the query gives, that names the device.'
    },
    copy: {
      kind: 'list',
      harmless: true,
      label: 'Columns to copy',
      section: 'record',
      offers: 'key',
      default: [{ from: 'location', to: '' }],
      help: 'What goes into the record. A field of this name is replaced. An empty list copies everything that the record does not have yet.',
      columns: {
        from: {
          kind: 'text',
          check: 'field-path',
          label: 'Column',
          default: '',
          required: true,
          placeholder: 'location',
          help: 'A column, or a path into a JSON object.'
        },
        to: {
          kind: 'text',
          check: 'field-path',
          label: 'Field',
          default: '',
          placeholder: 'the same',
          help: 'The field of the record; empty for the same name.'
        }
      }
    },
    unknown: {
      kind: 'choice',
      harmless: true,
      label: 'Their records',
      section: 'unknown',
      default: 'reject',
      choices: { reject: 'are rejected', pass: 'pass as they are', default: 'get default values' },
      help: 'What becomes of records whose device the source does not know or fails for, or that name none.'
    },
    defaults: {
      kind: 'list',
      harmless: true,
      label: 'Default values',
      section: 'unknown',
      default: [{ field: 'location', value: 'unknown' }],
      when: { unknown: 'default' },
      help: 'For records of unknown devices, where the record does not have the field.',
      columns: {
        field: {
          kind: 'text',
          check: 'field-path',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'location',
          help: 'The field of the record.'
        },
        value: {
          kind: 'text',
          label: 'Value',
          default: '',
          placeholder: 'unknown',
          help: 'Written as a number, it is one.'
        }
      }
    },
    ttlS: {
      kind: 'number',
      harmless: true,
      label: 'Ask again after',
      default: 300,
      min: 1,
      unit: 's',
      section: 'advanced',
      when: { source: ['database', 'http'] },
      help: 'After this time a device is asked for again, in the background: meanwhile what is known is used.'
    },
    unknownTtlS: {
      kind: 'number',
      harmless: true,
      label: 'If unknown, again after',
      default: 30,
      min: 1,
      unit: 's',
      section: 'advanced',
      when: { source: ['database', 'http'] },
      help: 'After this time a device that was unknown, or that the source failed for, is asked for again.'
    },
    maxEntries: {
      kind: 'number',
      harmless: true,
      label: 'Remember at most',
      default: 100_000,
      min: 1,
      integer: true,
      unit: 'devices',
      section: 'advanced',
      when: { source: ['database', 'http'] },
      help: 'Bounds the memory; those looked up longest ago are forgotten first.'
    },
    topicDevices: {
      kind: 'number',
      harmless: true,
      label: 'Devices at most',
      default: 100_000,
      min: 1,
      max: 5_000_000,
      integer: true,
      unit: 'devices',
      section: 'advanced',
      when: ofTopic,
      help: 'Devices for which there is no place count as such that the source fails for, and the status is red.'
    },
    topicMb: {
      kind: 'number',
      harmless: true,
      label: 'Memory at most',
      default: 100,
      min: 1,
      max: 4_000,
      unit: 'MB',
      section: 'advanced',
      when: ofTopic,
      help: 'Of all devices: two bytes for each character of their JSON, and 200 bytes a device.'
    },
    timeoutMs: {
      kind: 'number',
      harmless: true,
      label: 'Answer within',
      default: 5000,
      min: 1,
      integer: true,
      unit: 'ms',
      section: 'advanced',
      when: { source: 'http' },
      help: 'How long one request may take.'
    },
    concurrency: {
      kind: 'number',
      harmless: true,
      label: 'Requests at once',
      default: 8,
      min: 1,
      max: 100,
      integer: true,
      section: 'advanced',
      when: { source: 'http' },
      help: 'How many devices are asked for at the same time.'
    },
    waitS: {
      kind: 'number',
      harmless: true,
      label: 'Wait at most',
      default: 0,
      min: 0,
      unit: 's',
      section: 'advanced',
      when: { source: ['file', 'database', 'http', 'topic'] },
      help: 'While the source of metadata is away, records of devices that are not known yet wait. 0: as long as it takes. Otherwise the message fails after this time: its source delivers it again, and after its last retry as a dead letter.'
    },
    checksOff
  },
  examples: EXAMPLES
} as const satisfies NodeSpec
