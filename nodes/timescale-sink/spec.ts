import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-timescale-sink',
  label: 'timescale sink',
  summary: 'Writes records to a TimescaleDB hypertable or a PostgreSQL table, each once.',
  category: 'telemetry',
  family: 'timescale',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  sections: { columns: 'Columns', conflict: 'Repeats' },
  fields: {
    database: {
      kind: 'ref',
      label: 'Database',
      default: '',
      type: 'millrace-timescale-database',
      help: 'Where the table is.'
    },
    table: {
      kind: 'text',
      label: 'Table',
      default: 'telemetry',
      required: true,
      pick: 'tables',
      help: 'Name of the table, with its schema where needed: telemetry, iot.telemetry, "My Table".'
    },
    create: {
      kind: 'choice',
      label: 'If it is missing',
      default: 'create',
      choices: { create: 'create it', off: 'wait until somebody creates it' },
      help: 'Creates the table from the columns below: as a hypertable with unique index, compression and retention where TimescaleDB is there, else as a plain table.'
    },
    columns: {
      kind: 'list',
      label: 'Columns',
      section: 'columns',
      default: [
        { column: 'time', from: 'ts_utc', type: 'timestamptz', role: 'key' },
        { column: 'device_id', from: 'device_id', type: 'text', role: 'key' },
        { column: 'location', from: 'location', type: 'text', role: 'optional' },
        { column: 'metric', from: 'metric', type: 'text', role: 'key' },
        { column: 'value', from: 'value', type: 'double precision', role: 'required' }
      ],
      columns: {
        column: {
          kind: 'text',
          label: 'Column',
          default: '',
          required: true,
          pick: 'columns',
          help: 'Name of the column in the table.'
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
          label: 'Type',
          default: 'double precision',
          choices: {
            timestamptz: 'time',
            text: 'text',
            'double precision': 'number',
            integer: 'integer',
            bigint: 'big integer',
            boolean: 'true / false',
            jsonb: 'JSON',
            numeric: 'exact decimal'
          },
          help: 'Type of the column. Values of another type are rejected, never bent.'
        },
        role: {
          kind: 'choice',
          label: 'Role',
          default: 'optional',
          choices: { key: 'key', required: 'required', optional: 'may be missing' },
          help: 'The key columns together name a reading; they must hold a time. A record without a required field is rejected.'
        }
      },
      help: 'Which field of a record goes into which column.'
    },
    conflict: {
      kind: 'choice',
      label: 'Key is there already',
      section: 'conflict',
      default: 'ignore',
      choices: {
        ignore: 'leave the row as it is',
        update: 'replace the row',
        newest: 'replace it if newer (last known value)',
        reject: 'reject the record'
      },
      help: 'What happens to a record whose key is in the table already, as after a restart. The table needs a unique index on the key. If newer: the key is the device and the metric, the time is required, and one row of each is kept.'
    },
    offsets: {
      kind: 'choice',
      label: 'Kafka offsets are',
      default: 'off',
      choices: {
        off: 'kept by Kafka alone',
        transaction: 'kept with the rows, in one transaction'
      },
      section: 'advanced',
      help: 'With the rows, a record that Kafka brings again is known even where the table has no unique key. Costs some of the rate.'
    },
    group: {
      kind: 'text',
      label: 'Consumer group',
      default: '',
      required: true,
      placeholder: 'millrace-persist',
      section: 'advanced',
      when: { offsets: 'transaction' },
      help: 'The consumer group that the records come from.'
    },
    maxRows: {
      kind: 'number',
      label: 'Rows at a time',
      default: 5000,
      min: 1,
      max: 50_000,
      integer: true,
      section: 'advanced',
      help: 'At most this many rows in one transaction. Records of several messages are written together.'
    },
    lingerMs: {
      kind: 'number',
      label: 'Wait for more',
      default: 5,
      min: 0,
      max: 1000,
      unit: 'ms',
      section: 'advanced',
      help: 'How long records may wait for more before a further connection takes them. When nothing was written just before, they go at once.'
    },
    connections: {
      kind: 'number',
      label: 'Connections',
      default: 4,
      min: 1,
      max: 16,
      integer: true,
      section: 'advanced',
      help: 'Up to this many transactions at a time, under load. Replacing rows takes one, so that the last value wins.'
    },
    chunkDays: {
      kind: 'number',
      label: 'Chunk length',
      default: 1,
      min: 1,
      max: 365,
      integer: true,
      unit: 'days',
      section: 'advanced',
      when: { create: 'create' },
      help: 'A created hypertable is split into pieces of this length. The pieces being written should fit into memory.'
    },
    compressAfterDays: {
      kind: 'number',
      label: 'Compress after',
      default: 7,
      min: 0,
      max: 3650,
      integer: true,
      unit: 'days',
      section: 'advanced',
      when: { create: 'create' },
      help: 'A created hypertable compresses what is older, ten to twenty fold. 0 for never.'
    },
    retainDays: {
      kind: 'number',
      label: 'Delete after',
      default: 365,
      min: 0,
      max: 36_500,
      integer: true,
      unit: 'days',
      section: 'advanced',
      when: { create: 'create' },
      help: 'A created hypertable drops what is older. 0 keeps everything.'
    }
  }
} as const satisfies NodeSpec
