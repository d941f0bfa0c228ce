import { checksOff, type NodeSpec } from '@millrace/node-red-telemetry'

export const spec = {
  type: 'millrace-archive-source',
  label: 'archive source',
  summary: 'Brings records of archived files back into a flow, each once, when a message arrives.',
  category: 'telemetry',
  family: 'archive',
  inputs: 1,
  outputs: ['records', 'rejected', 'progress'],
  sections: { which: 'Which records' },
  fields: {
    store: {
      kind: 'ref',
      label: 'Store',
      default: '',
      type: 'millrace-archive-store',
      help: 'Where the files are.'
    },
    path: {
      kind: 'text',
      pick: 'millrace-archive-store:names',
      label: 'Path',
      default: 'site={site}/date={date}/hour={hour}/',
      placeholder: 'site={site}/date={date}/hour={hour}/',
      help: 'The path of the archive sink, or a part of it with values in place of fields: site=halle/date={date}/hour={hour}/. By {date} and {hour} it is known which files a time range needs.'
    },
    since: {
      kind: 'text',
      check: 'instant',
      as: 'instant',
      default: '',
      placeholder: '2026-01-31T00:00:00Z',
      label: 'Since',
      section: 'which',
      help: 'Only records of this time (ISO 8601) or later. Empty has no bound.'
    },
    until: {
      kind: 'text',
      check: 'instant',
      as: 'instant',
      default: '',
      placeholder: '2026-02-01T00:00:00Z',
      label: 'Until',
      section: 'which',
      help: 'Only records from before this time. Empty has no bound.'
    },
    timeField: {
      kind: 'text',
      check: 'field-path',
      label: 'Time',
      default: 'ts_utc',
      placeholder: 'that of the file',
      section: 'which',
      help: 'The field by which records are in the range. Empty takes all records of the files that the range needs.'
    },
    rest: {
      kind: 'bool',
      label: 'Put other fields back',
      default: true,
      help: 'The fields that archive sink has kept as JSON in the column "rest" become fields again.'
    },
    acknowledge: {
      kind: 'choice',
      label: 'Acknowledge',
      default: 'finished',
      choices: {
        finished: 'when the flow has finished with it',
        stored: 'when a sink has stored it'
      },
      help: 'When a record counts as brought back. "Stored" is strict: what no sink confirms is sent again.'
    },
    perSecond: {
      kind: 'number',
      default: 20_000,
      min: 1,
      max: 10_000_000,
      unit: 'records/s',
      label: 'Send at most',
      help: 'So that what is brought back does not crowd out live data.'
    },
    batchSize: {
      kind: 'number',
      label: 'Batch size',
      default: 500,
      min: 1,
      max: 10_000,
      integer: true,
      unit: 'records',
      section: 'advanced',
      help: 'At most this many records leave together.'
    },
    maxInFlight: {
      kind: 'number',
      label: 'Records in flight',
      default: 5000,
      min: 1,
      max: 100_000,
      integer: true,
      unit: 'records',
      section: 'advanced',
      help: 'At most this many records are on their way; then no more are read.'
    },
    timeoutS: {
      kind: 'number',
      label: 'Delivery timeout',
      default: 120,
      min: 1,
      max: 86_400,
      unit: 's',
      section: 'advanced',
      help: 'When the flow has not finished with a message by then, it is sent again.'
    },
    checksOff
  }
} as const satisfies NodeSpec
