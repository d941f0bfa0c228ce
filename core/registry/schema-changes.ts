import protobuf from 'protobufjs'
import { textsOf } from '../format/protobuf.ts'
import type { SchemaKind } from './schemas.ts'

/** What a schema says of one of its fields, for people. */
interface Declared {
  readonly type: string
  /** A record may lack it: it has a default, or is not required. */
  readonly mayLack: boolean
}
type Fields = ReadonlyMap<string, Declared>

const MOST = 5
const MAX_DEPTH = 8
const MAX_TYPE = 60

/**
 * What is another in a newer schema, in words, what matters first; empty where nothing is seen, or
 * a schema cannot be read.
 */
export function schemaChanges(
  kind: SchemaKind,
  older: string,
  newer: string,
  level: string
): string[] {
  try {
    const [before, now] = [fieldsOf(kind, older), fieldsOf(kind, newer)]
    // A reader of Avro passes over what it does not know, and fills in defaults.
    const isRead = (rule: string) => kind === 'AVRO' && level.startsWith(rule)
    const changes = [
      ...changed(before, now),
      ...added(before, now, isRead('BACKWARD')),
      ...(isRead('BACKWARD') ? [] : removed(before, now))
    ]
    const more = changes.length - MOST
    return more > 0 ? [...changes.slice(0, MOST), `${more} more changes`] : changes
  } catch {
    return []
  }
}

const changed = (before: Fields, now: Fields): string[] =>
  [...now].flatMap(([name, { type }]) => {
    const was = before.get(name)?.type
    return was === undefined || was === type ? [] : [`${name} is ${type}, and was ${was}`]
  })

const added = (before: Fields, now: Fields, onlyRequired: boolean): string[] =>
  [...now].flatMap(([name, { mayLack }]) => {
    const isRequiredNow = before.get(name)?.mayLack === true && !mayLack
    if (isRequiredNow) return [`the field ${name} must be there now`]
    if (before.has(name) || (onlyRequired && mayLack)) return []
    return [`the field ${name} was added${mayLack ? '' : ' without a default'}`]
  })

const removed = (before: Fields, now: Fields): string[] =>
  [...before.keys()].flatMap(name => (now.has(name) ? [] : [`the field ${name} was removed`]))

function fieldsOf(kind: SchemaKind, text: string): Fields {
  const fields = new Map<string, Declared>()
  if (kind === 'PROTOBUF') addMessages(fields, rootOf(text), '')
  else if (kind === 'AVRO') addAvro(fields, JSON.parse(text), '', 0)
  else addJson(fields, JSON.parse(text), '', 0)
  return fields
}

type Attributes = Readonly<Record<string, unknown>>
const objectIn = (value: unknown): Attributes =>
  typeof value === 'object' && value !== null ? (value as Attributes) : {}
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const below = (path: string, name: unknown) => (path === '' ? String(name) : `${path}.${name}`)

function addAvro(to: Map<string, Declared>, schema: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) return
  for (const each of Array.isArray(schema) ? schema : [schema]) {
    const { fields, type, items, values } = objectIn(each)
    for (const inner of [type, items, values])
      if (typeof inner === 'object') addAvro(to, inner, path, depth + 1)
    for (const field of listIn(fields)) {
      const { name, type: of, ...more } = objectIn(field)
      const place = below(path, name)
      to.set(place, { type: avroType(of), mayLack: 'default' in more })
      addAvro(to, of, place, depth + 1)
    }
  }
}

/** By the names of its types alone. */
function avroType(type: unknown): string {
  if (Array.isArray(type)) return type.map(avroType).join(' or ').slice(0, MAX_TYPE)
  if (typeof type !== 'object') return String(type)
  const { name, type: of, items, values, logicalType } = objectIn(type)
  if (of === 'array') return `a list of ${avroType(items)}`
  if (of === 'map') return `a map of ${avroType(values)}`
  return String(logicalType ?? name ?? avroType(of)).slice(0, MAX_TYPE)
}

function addJson(to: Map<string, Declared>, schema: unknown, path: string, depth: number): void {
  const { properties, required, items } = objectIn(schema)
  if (depth > MAX_DEPTH) return
  const must = new Set(listIn(required))
  for (const [name, inner] of Object.entries(objectIn(properties))) {
    const place = below(path, name)
    const { type = 'any' } = objectIn(inner)
    to.set(place, {
      type: listIn(type).join(' or ') || String(type),
      mayLack: !must.has(name)
    })
    addJson(to, inner, place, depth + 1)
  }
  if (items !== undefined) addJson(to, items, path, depth + 1)
}

const rootOf = (text: string): protobuf.NamespaceBase =>
  protobuf.parse(textsOf(text, []).schema, new protobuf.Root(), { keepCase: true }).root

/** A field that is absent has a default, unless it is required. */
function addMessages(to: Map<string, Declared>, space: protobuf.NamespaceBase, path: string): void {
  for (const inner of space.nestedArray) {
    if (!(inner instanceof protobuf.Namespace)) continue
    const place = inner instanceof protobuf.Type ? below(path, inner.name) : path
    if (inner instanceof protobuf.Type)
      for (const { name, type, id, repeated, required } of inner.fieldsArray) {
        const declared = `${repeated ? 'repeated ' : ''}${type} = ${id}`
        to.set(below(place, name), { type: declared, mayLack: !required })
      }
    addMessages(to, inner, place)
  }
}
