import type { ListField, NumberField, TextField } from '../node/spec.ts'

/**
 * The fields that every node that remembers has, in the same words wherever they stand; each may
 * say more of them: `{ ...memoryFields.maxAge, default: '90 d' }`.
 */
export const memoryFields = {
  key: {
    kind: 'list',
    label: 'Apart for each',
    section: 'apart',
    default: [{ field: 'device_id' }, { field: 'metric' }],
    help: 'Records that agree in these fields belong together. Without a row, all records do.',
    columns: {
      field: {
        kind: 'text',
        pick: 'fields',
        check: 'field-path',
        label: 'Field',
        default: '',
        required: true,
        placeholder: 'device_id',
        help: 'Name, or path.'
      }
    }
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
    label: 'Keys at most',
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
  }
} as const satisfies {
  key: ListField
  valueField: TextField
  timeField: TextField
  ahead: TextField
  maxKeys: NumberField
  maxAge: TextField
}
