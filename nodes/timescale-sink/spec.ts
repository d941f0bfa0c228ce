import { checksOff } from '../../core/advice/field.ts'
import type { NodeSpec } from '../../core/node/spec.ts'

export const spec = {
  type: 'millrace-timescale-sink',
  label: 'timescale sink',
  summary: 'Writes records to a TimescaleDB hypertable or a PostgreSQL table, each once.',
  category: 'telemetry',
  family: 'timescale',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  shows: 'millrace-timescale-database:state',
  sections: {
    columns: 'Columns',
    conflict: 'Repeats',
    aggregates: 'Continuous aggregates'
  },
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
    aggregates: {
      kind: 'list',
      label: 'Aggregates',
      section: 'aggregates',
      default: [],
      columns: {
        bucket: {
          kind: 'choice',
          label: 'Each',
          default: '1 hour',
          choices: {
            '1 minute': '1 minute',
            '5 minutes': '5 minutes',
            '10 minutes': '10 minutes',
            '15 minutes': '15 minutes',
            '30 minutes': '30 minutes',
            '1 hour': '1 hour',
            '6 hours': '6 hours',
            '12 hours': '12 hours',
            '1 day': '1 day',
            '1 week': '1 week',
            '1 month': '1 month'
          },
          help: 'The length of a bucket: one row for each, and for each of the columns that it is made by.'
        },
        of: {
          kind: 'text',
          label: 'Of',
          default: 'value',
          required: true,
          pick: 'columns',
          help: 'The column whose values are summed up; several with commas between.'
        },
        values: {
          kind: 'text',
          label: 'Gives',
          default: 'avg, min, max, count, last',
          required: true,
          help: 'What is kept of them: avg, min, max, sum, count, first, last. Each is a column: value_avg.'
        },
        by: {
          kind: 'text',
          label: 'By',
          default: 'device_id, metric',
          pick: 'columns',
          help: 'The columns that tell the rows of a bucket apart, with commas between. Empty for one row a bucket.'
        },
        view: {
          kind: 'choice',
          label: 'Shows',
          default: 'live',
          choices: { live: 'up to now', refreshed: 'what is refreshed' },
          help: 'Up to now adds what no refresh has reached yet, from the table itself (real time). What is refreshed alone is quicker and lags behind (materialized only).'
        },
        from: {
          kind: 'text',
          label: 'Refresh from',
          default: '',
          placeholder: 'auto',
          check: 'duration',
          help: 'How far back late records still change it: 7 days. Empty: 7 days and at least ten buckets, as far as the table keeps them.'
        },
        until: {
          kind: 'text',
          label: 'Until',
          default: '',
          placeholder: 'auto',
          check: 'duration',
          help: 'How long ago a bucket must be over to be refreshed: 1 h. Empty: one bucket.'
        },
        every: {
          kind: 'text',
          label: 'Refresh each',
          default: '',
          placeholder: 'auto',
          check: 'duration',
          help: 'How often: 30 min. Empty: once a bucket, at least once a day.'
        },
        name: {
          kind: 'text',
          label: 'Name',
          default: '',
          placeholder: 'telemetry_1h',
          help: 'Of the view. Empty: that of the table and the bucket.'
        }
      },
      help: 'Views with one row for each minute, hour or day, which TimescaleDB keeps up to date: what charts over long times read. Made where the node may create the table; the preview has the SQL. One that is there is never changed or dropped: what is other than here is told at deploy.'
    },
    zone: {
      kind: 'text',
      label: 'Days begin in',
      default: 'UTC',
      required: true,
      check: 'time-zone',
      as: 'time-zone',
      section: 'aggregates',
      help: 'The time zone by which the days, weeks and months of the aggregates begin.'
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
    segmentBy: {
      kind: 'text',
      label: 'Compress by',
      default: '',
      placeholder: 'device_id, metric',
      section: 'advanced',
      when: { create: 'create' },
      help: 'The columns (segment by) whose equal values lie together in a compressed chunk: those that queries filter by, each with some hundred rows a chunk at least. Empty: the key without the time.'
    },
    orderBy: {
      kind: 'text',
      label: 'In the order of',
      default: '',
      placeholder: 'time DESC',
      section: 'advanced',
      when: { create: 'create' },
      help: 'How the rows of a segment are sorted (order by), each column with ASC or DESC behind it. Empty: the newest first.'
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
    },
    checksOff
  }
} as const satisfies NodeSpec
