import {
  checksOff,
  format,
  formatFields,
  formatFieldsWhen,
  type NodeSpec,
  sourceFields,
  winsOf
} from '@millrace/node-red-telemetry'
import { STREAM_PATTERN } from '../../core/stream-name.ts'

export const spec = {
  type: 'millrace-kinesis-consumer',
  label: 'kinesis consumer',
  summary:
    'Reads a stream of Amazon Kinesis, shares its shards with others of the same application, and keeps how far the flow has stored.',
  category: 'telemetry',
  family: 'aws',
  inputs: 0,
  outputs: ['records', 'rejected'],
  sections: { records: 'Records', safety: 'Order and acknowledgement' },
  fields: {
    access: {
      kind: 'ref',
      label: 'AWS',
      default: '',
      type: 'millrace-aws-access',
      help: 'Region and credentials.'
    },
    stream: {
      kind: 'text',
      pick: 'millrace-aws-access:stream:names',
      label: 'Stream',
      default: 'readings',
      placeholder: 'readings',
      ...STREAM_PATTERN,
      required: true,
      help: 'The name of the stream, or its ARN where it is of another account.'
    },
    application: {
      kind: 'text',
      label: 'Application',
      default: '',
      placeholder: 'millrace- and the id of this node',
      pattern: '([a-zA-Z0-9_.-]{3,255})?',
      patternHint: '3 to 255 letters, digits, dots, hyphens and underscores',
      help: 'The table of DynamoDB that says who reads which shard, and how far. Nodes with one application, here or in another Node-RED, share the shards; each application gets everything.'
    },
    startFrom: {
      kind: 'choice',
      label: 'A new application starts',
      default: 'oldest',
      choices: {
        oldest: 'with the oldest record',
        latest: 'with what comes from now on',
        time: 'at a time'
      },
      help: 'Only where the table has nothing yet: what it says comes first.'
    },
    startTime: {
      kind: 'text',
      check: 'instant',
      as: 'instant',
      label: 'Time',
      default: '',
      placeholder: '2026-01-31T00:00:00Z',
      required: true,
      when: { startFrom: 'time' },
      help: 'Records that Kinesis has got at this time (ISO 8601) or later.'
    },
    ...formatFieldsWhen({ format, ...formatFields }, {}, 'records'),
    taken: {
      kind: 'list',
      label: 'Fields of the message',
      default: [],
      section: 'records',
      columns: {
        part: {
          kind: 'choice',
          label: 'Part',
          default: 'partition-key',
          choices: {
            'partition-key': 'partition key',
            'sequence-number': 'sequence number',
            shard: 'shard',
            'arrival-time': 'time of arrival'
          },
          help: 'What of the message becomes a field.'
        },
        field: {
          kind: 'text',
          label: 'Field',
          default: '',
          required: true,
          placeholder: 'device_id',
          help: 'The field of the record that it becomes.'
        }
      },
      help: 'What Kinesis has beside the data and becomes a field of each record in it.'
    },
    wins: {
      kind: 'choice',
      label: 'If message and data differ',
      default: 'payload',
      choices: winsOf('message', 'data'),
      section: 'records',
      help: 'Whose field counts where both have one of the same name.'
    },
    acknowledge: {
      ...sourceFields.acknowledge,
      section: 'safety',
      help: 'When a record counts as read, so that it does not come again. "Stored" is strict: what no sink confirms is sent into the flow again.'
    },
    order: {
      kind: 'choice',
      label: 'Order',
      section: 'safety',
      default: 'pipelined',
      choices: {
        pipelined: 'several batches of a shard on their way',
        strict: 'one batch of a shard at a time'
      },
      help: 'Strict keeps the order of a shard even where a batch is retried or branches of the flow differ in speed. It is slower.'
    },
    batchSize: {
      ...sourceFields.batchSize,
      help: 'At most this many records leave together. 1 sends every record by itself, not in an array.'
    },
    maxInFlight: {
      ...sourceFields.maxInFlight,
      help: 'At most this many records are on their way over all shards, and 64 MB; the rest stays in Kinesis. Must exceed what a join or batch node in the flow collects.'
    },
    maxPayloadBytes: { ...sourceFields.maxPayloadBytes, default: 10_485_760 },
    pollMs: {
      kind: 'number',
      label: 'Asks every',
      default: 500,
      min: 200,
      max: 60_000,
      integer: true,
      unit: 'ms',
      section: 'advanced',
      help: 'A shard that is read to its end. Kinesis answers five times a second and shard, for all applications together.'
    },
    leaseS: {
      kind: 'number',
      label: 'Takes over after',
      default: 10,
      min: 1,
      max: 300,
      unit: 's',
      section: 'advanced',
      help: 'A shard whose reader has not said for so long that it lives is read by another one. The same for all of an application.'
    },
    checkpointS: {
      kind: 'number',
      label: 'Checkpoint every',
      default: 1,
      min: 0.1,
      max: 60,
      unit: 's',
      section: 'advanced',
      help: 'So often at most it is written how far a shard is stored: one write to DynamoDB each. What was stored since comes again after a crash.'
    },
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    checksOff
  }
} as const satisfies NodeSpec
