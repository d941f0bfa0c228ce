import { checksOff, type NodeSpec, payloadFields } from '@millrace/node-red-telemetry'
import { STREAM_PATTERN } from '../../core/stream-name.ts'

export const spec = {
  type: 'millrace-kinesis-producer',
  label: 'kinesis producer',
  summary: 'Writes records to a stream of Amazon Kinesis: stored when Kinesis has taken them.',
  category: 'telemetry',
  family: 'aws',
  inputs: 1,
  outputs: ['stored', 'rejected'],
  sections: { record: 'Record' },
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
      help: 'The name of the stream, or its ARN where it is of another account. It has to be there.'
    },
    key: {
      kind: 'text',
      check: 'text-template',
      label: 'Partition key',
      default: '{device_id}',
      placeholder: '{device_id}',
      required: true,
      help: 'Records of one key come to one shard; {field} stands for the text of a field. Many different keys spread over the shards.'
    },
    order: {
      kind: 'choice',
      label: 'Order',
      default: 'key',
      choices: {
        key: 'kept of each key: one record of it under way',
        none: 'not kept where Kinesis takes a part of a request'
      },
      help: 'Kinesis may take a later record of a request and not an earlier one. With few keys that send much, keeping the order is slow.'
    },
    content: {
      ...payloadFields.content,
      label: 'Data',
      section: 'record',
      help: 'What the record of Kinesis holds. A rejected record is written as JSON, with its reason and its original bytes.'
    },
    field: { ...payloadFields.field, section: 'record' },
    text: { ...payloadFields.text, section: 'record' },
    maxRecordBytes: {
      kind: 'number',
      label: 'Largest record',
      default: 1_048_576,
      min: 1,
      max: 10_485_760,
      integer: true,
      unit: 'bytes',
      section: 'advanced',
      help: 'Data and key together; a larger record is rejected. More than 1 MB needs a stream that was set up for it.'
    },
    checksOff
  },
  examples: []
} as const satisfies NodeSpec
