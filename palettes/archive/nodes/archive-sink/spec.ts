import { checksOff, type NodeSpec } from '@millrace/node-red-telemetry'
import { COLUMN_TYPES } from '../../core/column.ts'

const withColumns = { format: ['parquet', 'csv'] } as const

export const spec = {
  type: 'millrace-archive-sink',
  label: 'archive sink',
  summary:
    'Writes records of Kafka topics to files of a store, each once: Parquet, JSON lines or CSV.',
  category: 'telemetry',
  family: 'archive',
  inputs: 1,
  outputs: ['archived', 'rejected'],
  sections: { columns: 'Columns', files: 'How long a file is gathered', late: 'Late records' },
  fields: {
    store: {
      kind: 'ref',
      label: 'Store',
      default: '',
      type: 'millrace-archive-store',
      help: 'Where the files go: a bucket, a container or a folder.'
    },
    path: {
      kind: 'text',
      label: 'Path',
      default: 'site={site}/date={date}/hour={hour}/',
      placeholder: 'site={site}/date={date}/hour={hour}/',
      help: 'The folder of a record: {field} stands for what it holds, {date}, {hour}, {year}, {month} and {day} for its time in UTC, {topic} and {partition} for where it comes from. The name of the file follows by itself.'
    },
    timeField: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Time',
      default: 'ts_utc',
      placeholder: 'when Kafka got it',
      help: 'The field with the time of the record, in ISO 8601 or milliseconds. Empty for the time at which Kafka got it.'
    },
    format: {
      kind: 'choice',
      label: 'Format',
      default: 'parquet',
      choices: { parquet: 'Parquet', jsonl: 'JSON lines', csv: 'CSV' },
      help: 'JSON lines hold the whole record as it is, the others the columns below.'
    },
    compression: {
      kind: 'choice',
      label: 'Compression',
      default: 'gzip',
      choices: { none: 'none', gzip: 'gzip', zstd: 'zstd', snappy: 'snappy (Parquet)' },
      help: 'Inside of a Parquet file, else of the whole file. zstd needs Node.js 22.15 or later.'
    },
    columns: {
      kind: 'list',
      label: 'Columns',
      section: 'columns',
      required: true,
      when: withColumns,
      default: [
        { column: 'ts_utc', from: 'ts_utc', type: 'timestamp', digits: '' },
        { column: 'device_id', from: 'device_id', type: 'text', digits: '' },
        { column: 'metric', from: 'metric', type: 'text', digits: '' },
        { column: 'value', from: 'value', type: 'double', digits: '' }
      ],
      columns: {
        column: {
          kind: 'text',
          label: 'Column',
          default: '',
          required: true,
          help: 'Name of the column in the file.'
        },
        from: {
          kind: 'text',
          pick: 'fields',
          check: 'field-path',
          label: 'From',
          default: '',
          required: true,
          help: 'Field of the record, with dots for what is inside. Where it is missing the column is empty.'
        },
        type: {
          kind: 'choice',
          label: 'Type',
          default: 'double',
          choices: COLUMN_TYPES,
          help: 'A record with a value of another type is rejected; no value is bent.'
        },
        digits: {
          kind: 'text',
          label: 'Digits',
          default: '',
          placeholder: '18,6',
          pattern: '([1-9]|[12]\\d|3[0-8])(,([0-9]|[12]\\d|3[0-8]))?',
          patternHint: 'digits in all and behind the point, such as 18,6; 38 at most',
          help: 'Of an exact decimal only: how many in all, and how many behind the point. Empty for 18,6.'
        }
      },
      help: 'Which field of a record goes into which column.'
    },
    rest: {
      kind: 'choice',
      label: 'Other fields',
      section: 'columns',
      default: 'column',
      choices: { column: 'as JSON in the column "rest"', leave: 'are left out' },
      when: withColumns,
      help: 'What a record has beside the fields of the columns.'
    },
    everyMin: {
      kind: 'number',
      label: 'At most',
      section: 'files',
      default: 15,
      min: 0.01,
      max: 1440,
      unit: 'min',
      help: 'Then what was gathered of a partition becomes files, however little it is. The offsets of Kafka are committed after that.'
    },
    maxMb: {
      kind: 'number',
      label: 'Or until',
      section: 'files',
      default: 128,
      min: 0.1,
      max: 4096,
      unit: 'MB',
      help: 'Of rows of a partition, before they are compressed. They are gathered on the disk of this machine.'
    },
    late: {
      kind: 'choice',
      label: 'A late record',
      section: 'late',
      default: 'own',
      choices: {
        own: 'goes where its time says, into a file of its own',
        reject: 'is rejected'
      },
      help: 'A file that is written is never changed, so what comes later for the same hour is another file beside it.'
    },
    lateH: {
      kind: 'number',
      label: 'Late is older than',
      section: 'late',
      default: 24,
      min: 0.01,
      max: 87_600,
      unit: 'h',
      when: { late: 'reject' },
      help: 'Compared with the time at which Kafka got the record.'
    },
    archive: {
      kind: 'text',
      label: 'Name of the archive',
      default: '',
      placeholder: 'the id of this node',
      pattern: '[A-Za-z0-9_]{1,40}',
      patternHint: 'letters, digits and _, at most 40',
      section: 'advanced',
      help: 'What is in the archive is known by this name, the topic, the partition and the offset. Several Node-REDs that write one archive have the same; a topic that was made anew needs another.'
    },
    diskMb: {
      kind: 'number',
      label: 'Disk at most',
      section: 'advanced',
      default: 4096,
      min: 1,
      max: 1_000_000,
      unit: 'MB',
      help: 'Of what is gathered. When it is reached files end earlier, and where the store is away the records wait in Kafka. Only a range that was begun before a crash is gathered to its end.'
    },
    checksOff
  }
} as const satisfies NodeSpec
