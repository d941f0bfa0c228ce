import { checksOff } from '../../core/advice/field.ts'
import { format, formatFields, formatFieldsWhen } from '../../core/format/fields.ts'
import { kafkaFields } from '../../core/node/connection-fields.ts'
import type { Condition, NodeSpec } from '../../core/node/spec.ts'
import { sourceFields, WAITS } from '../../core/source/fields.ts'

const asRecords: Condition = { output: ['records', 'decoded', 'registered'] }
const ofManyForms = { output: ['decoded', 'registered'] } as const
const registered: Condition = { output: 'registered' }
const { at, path, around, keyField, valueField, nanAsNull, exact, maxFields, ...decoding } =
  formatFields
const placing = { at, path, around, keyField, valueField }

const waits = { acknowledge: WAITS } as const

export const spec = {
  type: 'millrace-kafka-consumer',
  label: 'kafka consumer',
  version: 2,
  summary:
    'Reads topics as a member of a consumer group, and commits offsets once the flow has stored the records.',
  category: 'telemetry',
  family: 'kafka',
  inputs: 0,
  outputs: ['records', 'rejected'],
  sections: { records: 'Records', safety: 'Order and acknowledgement' },
  fields: {
    cluster: {
      ...kafkaFields.cluster,
      help: 'The Kafka cluster to read from.'
    },
    topics: {
      kind: 'text',
      check: 'kafka-topics',
      label: 'Topics',
      default: 'iot-telemetry-raw',
      required: true,
      pick: 'kafka-topics',
      help: 'One topic, or several separated by commas.'
    },
    groupId: {
      kind: 'text',
      label: 'Consumer group',
      default: '',
      placeholder: 'millrace- and the id of this node',
      pick: 'kafka-groups',
      help: 'Members of one group, here or in another Node-RED, share the partitions, and must read the same topics. A group of its own gets everything.'
    },
    startFrom: {
      kind: 'choice',
      label: 'A new group starts',
      default: 'earliest',
      choices: { earliest: 'with the oldest record', latest: 'with what comes from now on' },
      help: 'For a group that has read nothing of the topic yet.'
    },
    output: {
      kind: 'choice',
      label: 'Messages become',
      section: 'records',
      default: 'records',
      choices: {
        records: 'records, parsed from JSON',
        decoded: 'records of other formats, or several a message',
        registered: 'records, as a schema registry says',
        messages: 'Kafka messages, bytes untouched',
        letters: 'dead letters, to be read'
      },
      help: 'Records for further nodes: of JSON, of any other format, lists and compressed ones too, or each by the schema whose id stands before it. Kafka messages to copy a topic as it is; dead letters as a person reads them: reason, stage, device, payload as text.'
    },
    registry: {
      kind: 'ref',
      label: 'Schema registry',
      section: 'records',
      default: '',
      type: 'millrace-schema-registry',
      when: registered,
      help: 'The registry that has the schemas of the messages.'
    },
    whenUnknown: {
      kind: 'choice',
      label: 'An id that no schema has',
      section: 'records',
      default: 'reject',
      choices: { reject: 'rejects the record', wait: 'waits until it is registered' },
      when: registered,
      help: 'Waiting keeps everything behind it in its partition waiting as well. While the registry is away, records wait in any case.'
    },
    ...formatFieldsWhen({ format, ...decoding }, { output: 'decoded' }, 'records'),
    ...formatFieldsWhen(placing, ofManyForms, 'records'),
    nanAsNull: { ...nanAsNull, when: asRecords },
    exact: { ...exact, when: asRecords },
    maxFields: { ...maxFields, when: asRecords },
    acknowledge: {
      ...sourceFields.acknowledge,
      section: 'safety',
      help: 'When an offset may be committed. "Stored" is strict: what no sink confirms is sent again.'
    },
    order: {
      kind: 'choice',
      label: 'Order',
      section: 'safety',
      default: 'pipelined',
      choices: {
        pipelined: 'several batches of a partition on their way',
        strict: 'one batch of a partition at a time'
      },
      help: 'Strict keeps the order of a partition even where a batch is retried or branches of the flow differ in speed. It is slower.'
    },
    pace: sourceFields.pace,
    offsets: {
      kind: 'choice',
      label: 'Offsets',
      default: 'later',
      choices: {
        later: 'committed within a second',
        transaction: 'in one transaction with what kafka producers write'
      },
      section: 'advanced',
      when: waits,
      help: 'In a transaction, every record comes to the next topic exactly once, whatever crashes. One batch of a partition is on its way at a time.'
    },
    batchSize: sourceFields.batchSize,
    perPartition: {
      kind: 'number',
      label: 'Per partition',
      default: 25,
      min: 1,
      max: 1000,
      integer: true,
      unit: 'batches',
      section: 'advanced',
      when: { order: 'pipelined' },
      help: 'So many batches of a partition may be on their way; then it is paused. With fewer, a sink cannot fill its batches from few partitions. Must exceed what a join or batch node collects of one partition.'
    },
    maxInFlight: {
      ...sourceFields.maxInFlight,
      default: 50_000,
      help: 'At most this many records are on their way over all partitions, and 64 MB; the rest stays in Kafka. Must exceed what a join or batch node in the flow collects.'
    },
    outOfRange: {
      kind: 'choice',
      label: 'If an offset is lost',
      default: 'earliest',
      choices: {
        earliest: 'go on with the oldest record',
        latest: 'go on at the end',
        stop: 'stop, and say so'
      },
      section: 'advanced',
      help: 'What to do where the next record was deleted before it was read (retention), or the topic was made anew.'
    },
    isolation: {
      kind: 'choice',
      label: 'Transactions',
      default: 'committed',
      choices: { committed: 'read what is committed', uncommitted: 'read everything' },
      section: 'advanced',
      help: 'Records of a transaction that was aborted, or is still open, are left out unless you ask for them.'
    },
    retries: sourceFields.retries,
    timeoutS: sourceFields.timeoutS,
    checksOff
  }
} as const satisfies NodeSpec
