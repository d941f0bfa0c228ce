import { kafkaFields } from '../node/connection-fields.ts'
import { fieldColumn } from '../node/field-column.ts'
import type { ChoiceField, ListField, NumberField, RefField, TextField } from '../node/spec.ts'

const inKafka = { keepIn: 'kafka' } as const

/**
 * The fields that every node that remembers has, in the same words wherever they stand; each may
 * say more of them: `{ ...memoryFields.maxAge, default: '90 d' }`.
 */
export const memoryFields = {
  key: {
    kind: 'list',
    label: 'Separately for each',
    section: 'apart',
    default: [{ field: 'device_id' }, { field: 'metric' }],
    help: 'Records that agree in these fields belong together. Without a row, all records do.',
    columns: fieldColumn('device_id')
  },
  valueField: {
    kind: 'text',
    pick: 'fields',
    check: 'field-path',
    label: 'Value field',
    section: 'apart',
    default: 'value',
    required: true,
    help: 'The field that has the value.'
  },
  timeField: {
    kind: 'text',
    pick: 'fields',
    check: 'field-path',
    label: 'Time of a record',
    section: 'apart',
    default: 'ts_utc',
    required: true,
    help: 'ISO 8601 with a zone, or milliseconds since 1970.'
  },
  ahead: {
    kind: 'text',
    label: 'Reject the future beyond',
    section: 'advanced',
    default: '1 h',
    required: true,
    check: 'duration',
    help: 'A record further ahead of its arrival is rejected.'
  },
  maxKeys: {
    kind: 'number',
    label: 'At most',
    section: 'advanced',
    default: 100_000,
    min: 1,
    max: 2_000_000,
    integer: true,
    unit: 'keys',
    help: 'A record of one more is rejected as STATE_FULL.'
  },
  maxAge: {
    kind: 'text',
    label: 'Forget after',
    section: 'advanced',
    default: '7 d',
    required: true,
    check: 'duration',
    help: 'What nothing came of for so long is forgotten.'
  },
  keepIn: {
    kind: 'choice',
    label: 'Remembers in',
    section: 'advanced',
    default: 'machine',
    choices: { machine: 'a folder of this machine', kafka: 'a Kafka topic' },
    help: 'A topic where several Node-REDs share a consumer group: what is remembered of a partition moves with it.'
  },
  cluster: {
    ...kafkaFields.cluster,
    section: 'advanced',
    when: inKafka,
    help: 'The Kafka cluster that the consumer reads from.'
  },
  stateTopic: {
    kind: 'text',
    label: 'Topic of its own',
    section: 'advanced',
    default: '',
    required: true,
    pattern: '[A-Za-z0-9._-]{1,200}',
    patternHint: 'a name of letters, digits, dot, - and _',
    placeholder: 'averages-state',
    when: inKafka,
    help: 'The same in each Node-RED, and no other node has it. It is made if it is missing (compacted, 16 partitions).'
  }
} as const satisfies {
  key: ListField
  valueField: TextField
  timeField: TextField
  ahead: TextField
  maxKeys: NumberField
  maxAge: TextField
  keepIn: ChoiceField
  cluster: RefField
  stateTopic: TextField
}
