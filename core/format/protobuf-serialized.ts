import { OptionsError } from '../options-error.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import type { Content, Decode, ReadContent } from './decoder.ts'

/**
 * Whether a schema is what a compiler made of a file, in base64, as some serializers register it: a
 * text has marks that this has not.
 */
export const isSerialized = (schema: string): boolean => /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(schema)

/** What of google/protobuf/descriptor.proto says how messages are read. */
export const DESCRIPTOR = `syntax = "proto2";
message File {
  optional string package = 2; repeated string dependency = 3;
  repeated Message message_type = 4; repeated Enum enum_type = 5; optional string syntax = 12;
}
message Message {
  required string name = 1; repeated Field field = 2; repeated Message nested_type = 3;
  repeated Enum enum_type = 4; optional MessageOptions options = 7; repeated Oneof oneof_decl = 8;
}
message MessageOptions { optional bool map_entry = 7; }
message Oneof { required string name = 1; }
message Field {
  required string name = 1; required int32 number = 3; optional int32 label = 4;
  required int32 type = 5; optional string type_name = 6; optional string default_value = 7;
  optional FieldOptions options = 8; optional int32 oneof_index = 9;
  optional bool proto3_optional = 17;
}
message FieldOptions { optional bool packed = 2; }
message Enum { required string name = 1; repeated Value value = 2; optional EnumOptions options = 3; }
message EnumOptions { optional bool allow_alias = 2; }
message Value { required string name = 1; required int32 number = 2; }`

interface File {
  readonly package?: string
  readonly dependency?: readonly string[]
  readonly message_type?: readonly Message[]
  readonly enum_type?: readonly Enum[]
  readonly syntax?: string
}
interface Message {
  readonly name: string
  readonly field?: readonly Field[]
  readonly nested_type?: readonly Message[]
  readonly enum_type?: readonly Enum[]
  readonly options?: { readonly map_entry?: boolean }
  readonly oneof_decl?: readonly { readonly name: string }[]
}
interface Field {
  readonly name: string
  readonly number: number
  readonly label?: number
  readonly type: number
  readonly type_name?: string
  readonly default_value?: string
  readonly options?: { readonly packed?: boolean }
  readonly oneof_index?: number
  readonly proto3_optional?: boolean
}
interface Enum {
  readonly name: string
  readonly value?: readonly { readonly name: string; readonly number: number }[]
  readonly options?: { readonly allow_alias?: boolean }
}

/**
 * The text of a compiled schema.
 * @param decode reads a `File` of {@link DESCRIPTOR}
 * @throws OptionsError where it is none
 */
export function textOfSerialized(schema: string, decode: Decode): string {
  const content = atOnce(decode(Buffer.from(schema, 'base64'), { arrivedMs: 0 }))
  if (content instanceof ParseFailure || !('values' in content))
    throw new OptionsError('Schema', ['it is neither a text nor a compiled file'])
  const file = content.values[0] as File
  if (file.syntax !== undefined && !/^proto[23]$/.test(file.syntax))
    throw new OptionsError('Schema', [`its syntax "${file.syntax}" is not read`])
  return [
    `syntax = "${file.syntax ?? 'proto2'}";`,
    ...(file.package ? [`package ${named(file.package)};`] : []),
    ...(file.dependency ?? []).map(path => `import ${JSON.stringify(path)};`),
    ...(file.enum_type ?? []).map(enumText),
    ...(file.message_type ?? []).map(message => messageText(message, file.syntax === 'proto3'))
  ].join('\n')
}

/** A long one is read in steps. */
function atOnce(content: Content | ParseFailure): ReadContent | ParseFailure {
  if (content instanceof ParseFailure || !('steps' in content)) return content
  let step = content.steps.next()
  while (step.done !== true) step = content.steps.next()
  return step.value
}

/** A name, with those of what it is in. */
function named(name: string): string {
  if (/^\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name)) return name
  throw new OptionsError('Schema', [`${JSON.stringify(name)} is no name`])
}

const enumText = ({ name, value = [], options }: Enum): string =>
  `enum ${named(name)} {${options?.allow_alias ? ' option allow_alias = true;' : ''} ${value
    .map(each => `${named(each.name)} = ${each.number};`)
    .join(' ')} }`

function messageText(message: Message, isProto3: boolean): string {
  const { name, field = [], nested_type = [], enum_type = [], oneof_decl = [] } = message
  const entries = new Map(
    nested_type.filter(({ options }) => options?.map_entry).map(entry => [entry.name, entry])
  )
  const entryOf = ({ type_name = '' }: Field) => {
    const last = type_name.split('.').at(-1)!
    return type_name === last || type_name.endsWith(`.${name}.${last}`)
      ? entries.get(last)
      : undefined
  }
  const text = (each: Field) => fieldText(each, entryOf(each), isProto3)
  const isIn = (each: Field, oneof: number) =>
    each.oneof_index === oneof && each.proto3_optional !== true
  const oneofs = oneof_decl.map(
    (oneof, index) =>
      [
        oneof.name,
        field
          .filter(each => isIn(each, index))
          .map(text)
          .join(' ')
      ] as const
  )
  return [
    `message ${named(name)} {`,
    ...enum_type.map(enumText),
    ...nested_type
      .filter(inner => !entries.has(inner.name))
      .map(inner => messageText(inner, isProto3)),
    ...oneofs.flatMap(([of, fields]) =>
      fields === '' ? [] : [`oneof ${named(of)} { ${fields} }`]
    ),
    ...field.filter(each => !oneof_decl.some((_, index) => isIn(each, index))).map(text),
    '}'
  ].join('\n')
}

const REQUIRED = 2
const REPEATED = 3

function fieldText(field: Field, entry: Message | undefined, isProto3: boolean): string {
  const { name, number, label, options, default_value } = field
  const place = `${named(name)} = ${number}`
  const [key, value] = entry?.field ?? []
  if (key !== undefined && value !== undefined)
    return `map<${typeText(key)}, ${typeText(value)}> ${place};`
  const said = [
    ...(options?.packed === undefined ? [] : [`packed = ${options.packed}`]),
    ...(default_value === undefined ? [] : [`default = ${defaultText(field, default_value)}`])
  ].join(', ')
  return `${labelText(field, label, isProto3)}${typeText(field)} ${place}${said && ` [${said}]`};`
}

function labelText(field: Field, label: number | undefined, isProto3: boolean): string {
  if (label === REPEATED) return 'repeated '
  if (label === REQUIRED) return 'required '
  if (field.oneof_index !== undefined && field.proto3_optional !== true) return ''
  return isProto3 && field.proto3_optional !== true ? '' : 'optional '
}

const TEXTS = [9, 12]
const defaultText = ({ type }: Field, value: string): string =>
  TEXTS.includes(type) ? JSON.stringify(value) : value

/** By the numbers of descriptor.proto; messages and enums are named. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'double',
  2: 'float',
  3: 'int64',
  4: 'uint64',
  5: 'int32',
  6: 'fixed64',
  7: 'fixed32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
  15: 'sfixed32',
  16: 'sfixed64',
  17: 'sint32',
  18: 'sint64'
}

function typeText({ type, type_name = '', name }: Field): string {
  const scalar = TYPES[type]
  if (scalar !== undefined) return scalar
  if (type === 11 || type === 14) return named(type_name)
  throw new OptionsError('Schema', [`the field ${name} is a group, which is not read`])
}
