import { checksOff } from '../../core/advice/field.ts'
import { kafkaFields } from '../../core/node/connection-fields.ts'
import type { NodeSpec } from '../../core/node/spec.ts'
import { schemaFields } from './schema-fields.ts'

const ofRecords = { content: ['auto', 'records', 'registered'] } as const

export const spec = {
  type: 'millrace-kafka-producer',
  label: 'kafka producer',
  summary:
    'Writes records or Kafka messages to a topic, and passes on what the brokers have acknowledged.',
  category: 'telemetry',
  family: 'kafka',
  inputs: 1,
  outputs: ['acknowledged', 'rejected'],
  sections: { records: 'Records', schema: 'Schema' },
  fields: {
    cluster: {
      ...kafkaFields.cluster,
      help: 'The Kafka cluster to write to.'
    },
    topic: {
      kind: 'text',
      check: 'kafka-topic',
      label: 'Topic',
      default: 'iot-telemetry-raw',
      required: true,
      pattern: '[a-zA-Z0-9._-]{1,249}',
      patternHint: 'of letters, digits, dot, underscore and hyphen',
      pick: 'kafka-topics',
      help: 'Must exist; it is not made by writing to it.'
    },
    content: {
      kind: 'choice',
      label: 'Payload is',
      section: 'records',
      default: 'auto',
      choices: {
        auto: 'what comes: records, Kafka messages, rejected records',
        records: 'records, as JSON',
        registered: 'records, as a schema registry says',
        messages: 'Kafka messages'
      },
      help: 'A Kafka message has key, value and headers; a rejected record is written with its original bytes, the reason in headers.'
    },
    ...schemaFields,
    keyField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Key from field',
      section: 'records',
      default: 'device_id',
      placeholder: 'device_id',
      when: ofRecords,
      help: 'The field of the record that is its key; records of one key keep their order. Without it the key the record came with counts.'
    },
    requireKey: {
      kind: 'bool',
      label: 'Key required',
      default: false,
      section: 'advanced',
      when: ofRecords,
      help: 'Reject records without a key. Else they are spread over the partitions.'
    },
    tombstones: {
      kind: 'bool',
      label: 'Tombstones',
      default: false,
      section: 'advanced',
      when: ofRecords,
      help: 'A payload or record that is null deletes the key in msg.key from a compacted topic. Else it is rejected.'
    },
    headers: {
      kind: 'list',
      label: 'Headers',
      default: [],
      section: 'advanced',
      when: ofRecords,
      columns: {
        name: {
          kind: 'text',
          label: 'Name',
          default: '',
          required: true,
          help: 'Name of the Kafka header.'
        },
        from: {
          kind: 'choice',
          label: 'From',
          default: 'text',
          choices: { text: 'text', field: 'field of the record', msg: 'property of msg' },
          help: 'Where its value comes from.'
        },
        value: {
          kind: 'text',
          label: 'Value',
          default: '',
          required: true,
          help: 'The text, or the name of the field or property.'
        }
      },
      help: 'Headers to write with each record. A value that is missing is left out.'
    },
    provenance: {
      kind: 'bool',
      label: 'Provenance',
      default: true,
      section: 'advanced',
      when: ofRecords,
      help: 'Write where a record came from in headers: mqtt.topic, traceparent and tracestate (W3C), millrace.time (when Kafka first got it) and, where it was another, millrace.key.'
    },
    keepHeaders: {
      kind: 'bool',
      label: 'Keep headers',
      default: false,
      section: 'advanced',
      when: ofRecords,
      help: 'Write all headers that a record came with, also those of the device.'
    },
    deduplicationMin: {
      kind: 'number',
      label: 'Deduplication',
      default: 0,
      min: 0,
      max: 1440,
      unit: 'min',
      section: 'advanced',
      help: 'Leave out a record that the topic got in the last so many minutes: the same key, value and headers. For dead letters, which come again after a crash. 0 writes all.'
    },
    compression: {
      kind: 'choice',
      label: 'Compression',
      default: 'none',
      choices: { none: 'none', gzip: 'gzip', zstd: 'zstd (Node 22.15 or newer)' },
      section: 'advanced',
      help: 'Telemetry shrinks to about a sixth with either. gzip costs a third more CPU here.'
    },
    lingerMs: {
      kind: 'number',
      label: 'Linger',
      default: 5,
      min: 0,
      max: 10_000,
      unit: 'ms',
      section: 'advanced',
      help: 'A send that is not large begins no sooner than so long after the one before. An idle node sends at once.'
    },
    lanes: {
      kind: 'number',
      label: 'Connections',
      default: 1,
      min: 1,
      max: 8,
      integer: true,
      section: 'advanced',
      help: 'Sends side by side, for brokers far away. Records of one key always take the same; one is enough for 50,000 records/s nearby.'
    },
    checksOff
  }
} as const satisfies NodeSpec
