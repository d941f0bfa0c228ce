import type { ChoiceField, Column, TextField } from './spec.ts'

/**
 * The fields that say what a published message holds; each node may say more of them:
 * `{ ...payloadFields.text, section: 'message' }`.
 */
export const payloadFields = {
  content: {
    kind: 'choice',
    label: 'Payload',
    default: 'record',
    choices: {
      record: 'the record, as JSON',
      field: 'one field of the record',
      text: 'a text with fields in it'
    },
    help: 'What the message holds.'
  },
  field: {
    kind: 'text',
    pick: 'fields',
    check: 'field-path',
    label: 'Field',
    default: 'value',
    placeholder: 'value',
    required: true,
    when: { content: 'field' },
    help: 'Texts and bytes as they are, anything else as JSON.'
  },
  text: {
    kind: 'text',
    check: 'text-template',
    label: 'Text',
    default: '',
    placeholder: '{device_id} is at {value} °C',
    required: true,
    when: { content: 'text' },
    help: 'A {field} stands for its value; a brace itself is written twice.'
  }
} as const satisfies { content: ChoiceField; field: TextField; text: TextField }

/** A row each of the texts that are told beside a payload. */
export const namedTextColumns = {
  name: {
    kind: 'text',
    label: 'Name',
    default: '',
    required: true,
    help: 'Name of the property.'
  },
  value: {
    kind: 'text',
    check: 'text-template',
    label: 'Value',
    default: '',
    required: true,
    placeholder: '{device_id}',
    help: 'A text; a {field} in it stands for its value.'
  }
} as const satisfies Record<string, Column>
