import type { TextField } from './spec.ts'

/** The only column of a list of fields of the record, told in the same words wherever it stands. */
export const fieldColumn = (placeholder: string) =>
  ({
    field: {
      kind: 'text',
      pick: 'fields',
      check: 'field-path',
      label: 'Field',
      default: '',
      required: true,
      placeholder,
      help: 'Name, or path.'
    }
  }) as const satisfies { field: TextField }
