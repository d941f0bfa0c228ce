import { MOST_FIELDS, USUAL_FIELDS } from '../record/width.ts'
import { FORMATS } from './names.ts'
import type { ReaderOptions } from './reader.ts'

/**
 * The fields by which every node says how bytes become records: told in the same words wherever
 * they stand.
 */

const BY_SCHEMA = ['protobuf', 'avro'] as const
const TEXTS = ['json', 'json-lines', 'json-sequence', 'bare', 'senml-json'] as const
const WITH_NUMBERS = [
  ...TEXTS,
  'line-protocol',
  'msgpack',
  'cbor',
  'protobuf',
  'avro',
  'senml-cbor'
] as const

export const format = {
  kind: 'choice',
  label: 'Format',
  default: 'json',
  choices: FORMATS,
  help: 'What the bytes are. gzip, zlib and zstd around them are undone first.'
} as const

export const formatFields = {
  schema: {
    kind: 'code',
    label: 'Schema',
    default: '',
    language: 'text',
    when: { format: BY_SCHEMA },
    help: 'The text of the .proto file, or the Avro schema as JSON.'
  },
  messageType: {
    kind: 'text',
    label: 'Message type',
    default: '',
    placeholder: 'the only one of the schema',
    when: { format: 'protobuf' },
    help: 'The message of the schema that a payload is, such as acme.Reading.'
  },
  framing: {
    kind: 'choice',
    label: 'Header',
    default: 'none',
    choices: {
      none: 'none',
      registry: 'of a schema registry',
      single: 'of an Avro single object',
      container: 'of an Avro file, with its schema'
    },
    when: { format: BY_SCHEMA },
    help: 'What stands before each message: a zero and the id of the schema in a registry, or the mark and fingerprint of an Avro single object. An Avro file brings its own schema and holds many records.'
  },
  columns: {
    kind: 'text',
    label: 'Columns',
    default: '',
    placeholder: 'the first line names them',
    when: { format: 'csv' },
    help: 'Names of the columns, separated by commas, where the first line is no header.'
  },
  delimiter: {
    kind: 'choice',
    label: 'Delimiter',
    default: 'comma',
    choices: { comma: 'comma', semicolon: 'semicolon', tab: 'tab', pipe: 'vertical bar' },
    when: { format: 'csv' },
    help: 'What stands between two cells.'
  },
  decimal: {
    kind: 'choice',
    label: 'Decimal mark',
    default: 'point',
    choices: { point: 'point, as in 21.5', comma: 'comma, as in 21,5' },
    when: { format: 'csv' },
    help: 'How numbers are written. With a comma, 1.234,5 is 1234.5 and 1.234 is 1234; 21.5 and 192.168.100.200 stay text, since nobody can say what was meant.'
  },
  onWords: {
    kind: 'text',
    label: 'Words for true',
    default: 'on, true',
    when: { format: 'bare' },
    help: 'Separated by commas, in small or capital letters. Any other word stays text.'
  },
  offWords: {
    kind: 'text',
    label: 'Words for false',
    default: 'off, false',
    when: { format: 'bare' },
    help: 'Separated by commas, in small or capital letters. Any other word stays text.'
  },
  at: {
    kind: 'choice',
    label: 'Records are',
    default: 'message',
    choices: {
      message: 'the whole message',
      list: 'the elements of a list',
      object: 'the values of an object'
    },
    help: 'Where in a message the records stand. A bad element is rejected alone.'
  },
  path: {
    kind: 'text',
    pick: 'fields',
    label: 'Path to them',
    default: '',
    placeholder: 'the message itself',
    when: { at: ['list', 'object'] },
    help: 'The path of the list or object, such as data.readings. Empty if the message itself is it.'
  },
  around: {
    kind: 'bool',
    label: 'Keep the fields around them',
    default: true,
    when: { at: ['list', 'object'] },
    help: 'What stands beside the list, such as the device and the time, goes into each record.'
  },
  keyField: {
    kind: 'text',
    label: 'Name of each goes to',
    default: 'metric',
    required: true,
    when: { at: 'object' },
    help: 'The field that the name of each value becomes.'
  },
  valueField: {
    kind: 'text',
    label: 'Bare value goes to',
    default: 'value',
    required: true,
    help: 'The field of a value that stands by itself: a bare payload, or a number in an object.'
  },
  nanAsNull: {
    kind: 'bool',
    label: 'Read NaN as null',
    default: false,
    section: 'advanced',
    help: 'NaN and Infinity become null, so that the values beside them are kept. Otherwise such a record is rejected.'
  },
  exact: {
    kind: 'bool',
    label: 'Keep all digits',
    default: false,
    section: 'advanced',
    when: { format: WITH_NUMBERS },
    help: 'Integers beyond 2^53, and decimals of more digits than a double holds, are kept with all their digits. Otherwise such a record is rejected.'
  },
  cutNuls: {
    kind: 'bool',
    label: 'Cut zero bytes at the end',
    default: true,
    section: 'advanced',
    when: { format: TEXTS },
    help: 'NUL bytes behind the text are cut off, as firmware sends that writes its whole buffer.'
  },
  decompress: {
    kind: 'bool',
    label: 'Decompress',
    default: true,
    section: 'advanced',
    help: 'gzip, zlib and zstd are told by their first bytes, and undone.'
  },
  maxBytes: {
    kind: 'number',
    label: 'Decompressed, at most',
    default: 16_777_216,
    min: 1024,
    max: 268_435_456,
    integer: true,
    unit: 'bytes',
    section: 'advanced',
    when: { decompress: true },
    help: 'A payload that becomes larger when it is decompressed is rejected, and one that becomes more than 200 times as large.'
  },
  maxFields: {
    kind: 'number',
    label: 'Fields of a record',
    default: USUAL_FIELDS,
    min: 10,
    max: MOST_FIELDS,
    integer: true,
    unit: 'at most',
    section: 'advanced',
    help: 'A record with more fields, at all its levels, is rejected by itself; ten elements of a list count as one. A record is dealt with in one go: 10,000 fields keep everything else waiting for about 20 ms.'
  }
} as const

/** As a spec has it: other fields and what they have to say. */
type Condition = Readonly<Record<string, string | readonly string[] | boolean>>
interface Conditional {
  readonly kind: string
  readonly when?: Condition
}

/** The same fields for a node that makes records only under this condition, in a section of it. */
export function formatFieldsWhen<F extends Readonly<Record<string, Conditional>>>(
  fields: F,
  when: Condition,
  section: string
): F {
  const bound = ([name, field]: [string, Conditional]) => [
    name,
    { section, ...field, when: { ...when, ...field.when } }
  ]
  return Object.fromEntries(Object.entries(fields).map(bound)) as F
}

/** What these fields say where a node does not ask for them, but for some that it does. */
export function formatDefaults<O extends object>(asked: O): ReaderOptions & O {
  const fields = { format, ...formatFields }
  const defaults = Object.entries(fields).map(([name, field]) => [name, field.default])
  return { ...Object.fromEntries(defaults), ...asked }
}
