import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-influx-sink',
  label: 'influx sink',
  summary:
    'Writes records as points of line protocol to InfluxDB, QuestDB or VictoriaMetrics, each once.',
  category: 'telemetry',
  family: 'influx',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  sections: { point: 'Point' },
  fields: {
    server: {
      kind: 'ref',
      label: 'Server',
      default: '',
      type: 'millrace-influx-server',
      help: 'Where the points are written.'
    },
    database: {
      kind: 'text',
      label: 'Database or bucket',
      default: '',
      pick: 'millrace-influx-server:database:names',
      help: 'Name of the database, or of the bucket of InfluxDB 2. QuestDB has none; VictoriaMetrics makes it a label, db.'
    },
    retention: {
      kind: 'text',
      label: 'Retention policy',
      default: '',
      section: 'advanced',
      help: 'Of InfluxDB 1 only. Empty for the one that the database has by default.'
    },
    measurement: {
      kind: 'text',
      label: 'Measurement',
      default: 'telemetry',
      required: true,
      check: 'text-template',
      pick: 'millrace-influx-server:measurement:names',
      help: 'Name of the measurement, which is a table in QuestDB and InfluxDB 3. May be made of fields of the record: {metric}.'
    },
    create: {
      kind: 'choice',
      label: 'If it is missing',
      default: 'off',
      choices: { off: 'leave it to the server', create: 'create it' },
      help: 'Creates the database of InfluxDB 1, or the table of QuestDB with the keys by which a point that comes twice is one row.'
    },
    rows: {
      kind: 'list',
      label: 'Tags and fields',
      section: 'point',
      default: [
        { name: 'device_id', from: 'device_id', type: 'tag', role: 'required' },
        { name: 'metric', from: 'metric', type: 'tag', role: 'required' },
        { name: 'location', from: 'location', type: 'tag', role: 'optional' },
        { name: 'value', from: 'value', type: 'number', role: 'required' }
      ],
      columns: {
        name: {
          kind: 'text',
          label: 'Name',
          default: '',
          required: true,
          help: 'Name of the tag or field in the point.'
        },
        from: {
          kind: 'text',
          pick: 'fields',
          label: 'From',
          default: '',
          required: true,
          help: 'Field of the record, with dots for what is inside: location, meta.firmware.'
        },
        type: {
          kind: 'choice',
          label: 'As',
          default: 'number',
          choices: {
            tag: 'tag',
            number: 'number',
            integer: 'integer',
            unsigned: 'unsigned integer',
            text: 'text',
            boolean: 'true / false',
            json: 'JSON as text'
          },
          help: 'Measurement, tags and time together name a point. Values of another type are rejected, never bent.'
        },
        role: {
          kind: 'choice',
          label: 'Role',
          default: 'optional',
          choices: { required: 'required', optional: 'may be missing' },
          help: 'A record without a required field is rejected. What is missing or null is left out of the point.'
        }
      },
      help: 'What of a record becomes a tag or a field of the point.'
    },
    time: {
      kind: 'text',
      label: 'Time',
      default: 'ts_utc',
      required: true,
      section: 'point',
      check: 'field-path',
      pick: 'fields',
      help: 'Field that has the time of the reading: ISO 8601 with a zone, or milliseconds since 1970.'
    },
    precision: {
      kind: 'choice',
      label: 'Times in',
      default: 'ns',
      choices: { ns: 'nanoseconds', us: 'microseconds', ms: 'milliseconds', s: 'seconds' },
      section: 'point',
      help: 'What is finer is cut. Two records of the same tags within one such step are one point.'
    },
    longNumbers: {
      kind: 'choice',
      label: 'Numbers too long',
      default: 'reject',
      choices: { reject: 'reject the record', text: 'write them as text' },
      section: 'point',
      help: 'Integers beyond what the server keeps, and decimals of more digits than a double. As text only into fields that hold nothing else.'
    },
    maxLines: {
      kind: 'number',
      label: 'Points at a time',
      default: 5000,
      min: 1,
      max: 50_000,
      integer: true,
      section: 'advanced',
      help: 'At most this many points in one request. Records of several messages are written together.'
    },
    maxKilobytes: {
      kind: 'number',
      label: 'Bytes at a time',
      default: 1000,
      min: 1,
      max: 50_000,
      integer: true,
      unit: 'kB',
      section: 'advanced',
      help: 'A request is not larger, before compression, unless a single point is. A server that takes less is given less.'
    },
    lingerMs: {
      kind: 'number',
      label: 'Wait for more',
      default: 5,
      min: 0,
      max: 1000,
      unit: 'ms',
      section: 'advanced',
      help: 'How long records may wait for more before they are written. When nothing was written just before, they go at once.'
    },
    connections: {
      kind: 'number',
      label: 'Connections',
      default: 1,
      min: 1,
      max: 16,
      integer: true,
      section: 'advanced',
      help: 'Requests at a time, under load. With more than one, of two values for the same point either may be the last.'
    },
    gzip: {
      kind: 'bool',
      label: 'Compress',
      default: true,
      section: 'advanced',
      help: 'Compresses requests with gzip: a tenth of the bytes for some CPU time.'
    },
    checksOff
  }
} as const satisfies NodeSpec
