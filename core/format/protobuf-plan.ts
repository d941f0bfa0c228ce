import { isUtf8 } from 'node:buffer'
import protobuf from 'protobufjs'
import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import { integerOf } from '../record/json-text.ts'
import type { ReferencedText } from './decoder.ts'
import { refuseTooLarge } from './protobuf-size.ts'
import { lineOf } from './schema-line.ts'

/** How a message type is read. */
export interface MessagePlan {
  readonly name: string
  readonly fields: ReadonlyMap<number, FieldPlan>
}

export interface Scalar {
  /** The wire type: 0 varint, 1 eight bytes, 2 with its length, 5 four bytes. */
  readonly wire: number
  readonly canPack: boolean
  /** What an absent field is, where absence and this are the same on the wire. */
  readonly absent: unknown
  read(reader: protobuf.Reader, rules: { exact: boolean; nanAsNull: boolean }): unknown
}

export interface FieldPlan extends Scalar {
  readonly name: string
  readonly isRepeated: boolean
  readonly isRequired: boolean
  /** The type of a message; made when it is first needed, as types may contain themselves. */
  readonly message: (() => MessagePlan) | undefined
  /** The key of a map. */
  readonly key: Scalar | undefined
  /** Fields of the same oneof: the last on the wire counts. */
  readonly rivals: readonly string[]
  readonly id: number
  /** The name of a scalar type; those of an enum are its values. */
  readonly type: string | Readonly<Record<string, number>>
  readonly isPacked: boolean
  /** The type of the key of a map. */
  readonly keyType: string | undefined
}

/**
 * @throws OptionsError that says what is wrong with the schema, and in which line, or that it has
 * no such type
 */
export function planOf(schema: string, messageType: string): MessagePlan {
  const root = rootOf(schema)
  const types = typesIn(root)
  const name = messageType || (types.length === 1 ? types[0]!.fullName : '')
  const full = name.startsWith('.') ? name : `.${name}`
  const matching = types.filter(type => type.fullName === full || type.fullName.endsWith(full))
  if (matching.length !== 1) {
    const names = types.map(type => type.fullName.slice(1)).join(', ') || 'none'
    throw new OptionsError('Message type', [`choose one of those that the schema has: ${names}`])
  }
  const plans = new Map<protobuf.Type, MessagePlan>()
  return messagePlan(matching[0]!, plans)
}

/**
 * How the types of a schema are read, each told by its place: the index among the messages of the
 * file, then among those in it, as a schema registry's header has it.
 * @throws OptionsError that says what is wrong with the schema
 */
export function plansByPlace(
  schema: string,
  references: readonly ReferencedText[]
): (place: readonly number[]) => MessagePlan | undefined {
  const root = rootOf(schema, new Map(references.map(({ name, text }) => [name, text])))
  const top = aloneOf(schema)
  const plans = new Map<protobuf.Type, MessagePlan>()
  return place => {
    let found: protobuf.NamespaceBase | undefined = top
    for (const [depth, index] of place.entries()) {
      if (depth > 0 && found instanceof protobuf.Type && hasMap(found)) return undefined
      found = found && messagesIn(found)[index]
    }
    return found && messagePlan(root.lookupType(found.fullName), plans)
  }
}

/** Its messages alone, since what it imports may have some in the same package. */
function aloneOf(schema: string): protobuf.NamespaceBase {
  const { root, package: name } = protobuf.parse(schema, new protobuf.Root(), { keepCase: true })
  return name === undefined ? root : (root.lookup(name) as protobuf.NamespaceBase)
}

/** A message type of a schema, and its place there, as `plansByPlace` takes it. */
export interface PlacedPlan {
  readonly plan: MessagePlan
  readonly place: readonly number[]
}

/**
 * The type of this name, or of the end of its name; the first of the schema where it is empty.
 * @throws OptionsError that says what is wrong with the schema, or that it has no such type
 */
export function placedPlan(
  schema: string,
  references: readonly ReferencedText[],
  messageType: string
): PlacedPlan {
  const root = rootOf(schema, new Map(references.map(({ name, text }) => [name, text])))
  const top = aloneOf(schema)
  const places = placesIn(top, [])
  const end = `.${messageType.replace(/^\./, '')}`
  const found =
    messageType === '' ? places.slice(0, 1) : places.filter(([name]) => `.${name}`.endsWith(end))
  const exact = found.filter(([name]) => name === end.slice(1))
  const [name, place] = (exact.length === 1 ? exact : found)[0] ?? []
  if (name === undefined || (found.length !== 1 && exact.length !== 1)) {
    const names = places.map(([each]) => each).join(', ') || 'none'
    throw new OptionsError('Message type', [`choose one of those that the schema has: ${names}`])
  }
  return { plan: messagePlan(root.lookupType(name), new Map()), place: place! }
}

function placesIn(
  space: protobuf.NamespaceBase,
  before: readonly number[]
): [name: string, place: readonly number[]][] {
  return messagesIn(space).flatMap((type, index) => {
    const place = [...before, index]
    return [
      [type.fullName.replace(/^\./, ''), place] as [string, number[]],
      ...placesIn(type, place)
    ]
  })
}

/** Then some serializers count the entries of the map as messages in it, and others do not. */
const hasMap = ({ fieldsArray }: protobuf.Type): boolean =>
  fieldsArray.some(field => field instanceof protobuf.MapField)

const messagesIn = (space: protobuf.NamespaceBase): protobuf.Type[] =>
  space.nestedArray.filter(inner => inner instanceof protobuf.Type)

/** Adds what a file imports, and what that imports; each once. */
function addImports(
  { imports = [], weakImports = [] }: protobuf.IParserResult,
  root: protobuf.Root,
  schema: string,
  files: Map<string, string>
): void {
  for (const path of [...imports, ...weakImports]) {
    const known = protobuf.common.get(path)
    const text = files.get(path)
    if (text !== undefined) {
      // Where it is imported again, nothing is added to what is there.
      files.set(path, '')
      addImports(protobuf.parse(text, root, { keepCase: true }), root, text, files)
    } else if (known) {
      files.set(path, '')
      root.addJSON(known.nested!)
    } else
      throw new OptionsError('Schema', [
        `line ${lineOf(schema, path)}: "${path}" is not at hand; paste what it holds into the schema`
      ])
  }
}

function rootOf(schema: string, files: Map<string, string> = new Map()): protobuf.Root {
  const problem = (why: string) => new OptionsError('Schema', [why])
  for (const text of [schema, ...files.values()]) refuseTooLarge(text)
  let parsed: protobuf.IParserResult
  const root = new protobuf.Root()
  try {
    parsed = protobuf.parse(schema, root, { keepCase: true })
  } catch (error) {
    throw problem(reasonOf(error))
  }
  addImports(parsed, root, schema, files)
  try {
    root.resolveAll()
  } catch (error) {
    const name = /no such (?:type or enum|type|enum):? '?([^\s']+)/i.exec(reasonOf(error))?.[1]
    throw problem(
      name === undefined
        ? reasonOf(error)
        : `line ${lineOf(schema, name.replace(/^.*\./, ''))}: there is no type ${name}`
    )
  }
  return root
}

function typesIn(space: protobuf.NamespaceBase): protobuf.Type[] {
  return space.nestedArray.flatMap(inner => {
    if (inner instanceof protobuf.Type)
      return inner.fullName.startsWith('.google.protobuf.') ? [] : [inner, ...typesIn(inner)]
    return inner instanceof protobuf.Namespace ? typesIn(inner) : []
  })
}

function messagePlan(type: protobuf.Type, plans: Map<protobuf.Type, MessagePlan>): MessagePlan {
  const known = plans.get(type)
  if (known) return known
  const fields = new Map<number, FieldPlan>()
  const plan = { name: type.fullName, fields }
  plans.set(type, plan)
  for (const field of type.fieldsArray) fields.set(field.id, fieldPlan(field, plans))
  return plan
}

function fieldPlan(field: protobuf.Field, plans: Map<protobuf.Type, MessagePlan>): FieldPlan {
  const { name, resolvedType, repeated, required } = field
  if (field.delimited)
    throw new OptionsError('Schema', [`the field ${name} is a group, which is not read`])
  const isMap = field instanceof protobuf.MapField
  const message =
    resolvedType instanceof protobuf.Type ? () => messagePlan(resolvedType, plans) : undefined
  const scalar = message
    ? MESSAGE
    : resolvedType instanceof protobuf.Enum
      ? enumScalar(resolvedType)
      : SCALARS[field.type]!
  const declared = field.options?.default as unknown
  return {
    ...scalar,
    absent: field.hasPresence && !isMap ? declared : scalar.absent,
    name,
    isRepeated: repeated,
    isRequired: required,
    message,
    key: isMap ? SCALARS[(field as protobuf.MapField).keyType]! : undefined,
    rivals: field.partOf?.oneof.filter(other => other !== name) ?? [],
    id: field.id,
    type: resolvedType instanceof protobuf.Enum ? resolvedType.values : field.type,
    isPacked: field.packed,
    keyType: isMap ? (field as protobuf.MapField).keyType : undefined
  }
}

const MESSAGE: Scalar = { wire: 2, canPack: false, absent: undefined, read: () => undefined }

function enumScalar({ valuesById }: protobuf.Enum): Scalar {
  const nameOf = (number: number) => valuesById[number] ?? number
  return { wire: 0, canPack: true, absent: nameOf(0), read: reader => nameOf(reader.int32()) }
}

type Long = { readonly high: number; readonly low: number }

/** The library gives two halves of 32 bits. */
const long = (unsigned: boolean, value: unknown): bigint => {
  const { high, low } = value as Long
  return (BigInt(unsigned ? high >>> 0 : high | 0) << 32n) | BigInt(low >>> 0)
}

const small = (wire: number, read: (reader: protobuf.Reader) => number): Scalar => ({
  wire,
  canPack: true,
  absent: 0,
  read
})

const wide = (
  wire: number,
  unsigned: boolean,
  read: (reader: protobuf.Reader) => unknown
): Scalar => ({
  wire,
  canPack: true,
  absent: 0,
  read: (reader, { exact }) => integerOf(long(unsigned, read(reader)), exact)
})

const real = (wire: number, read: (reader: protobuf.Reader) => number): Scalar => ({
  wire,
  canPack: true,
  absent: 0,
  read(reader, { nanAsNull }) {
    const value = read(reader)
    return nanAsNull && !Number.isFinite(value) ? null : value
  }
})

/** The library puts U+FFFD in the place of bytes that are no UTF-8. */
function textOf(reader: protobuf.Reader): string {
  const at = reader.pos
  const text = reader.string()
  if (!text.includes('\uFFFD')) return text
  reader.pos = at
  if (!isUtf8(reader.bytes())) throw new Error('a text is not valid UTF-8')
  return text
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  double: real(1, reader => reader.double()),
  float: real(5, reader => reader.float()),
  int32: small(0, reader => reader.int32()),
  uint32: small(0, reader => reader.uint32()),
  sint32: small(0, reader => reader.sint32()),
  fixed32: small(5, reader => reader.fixed32()),
  sfixed32: small(5, reader => reader.sfixed32()),
  int64: wide(0, false, reader => reader.int64()),
  uint64: wide(0, true, reader => reader.uint64()),
  sint64: wide(0, false, reader => reader.sint64()),
  fixed64: wide(1, true, reader => reader.fixed64()),
  sfixed64: wide(1, false, reader => reader.sfixed64()),
  bool: { wire: 0, canPack: true, absent: false, read: reader => reader.bool() },
  string: { wire: 2, canPack: false, absent: '', read: textOf },
  bytes: {
    wire: 2,
    canPack: false,
    absent: '',
    read: reader => Buffer.from(reader.bytes()).toString('base64')
  }
}
