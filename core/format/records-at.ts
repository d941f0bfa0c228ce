import { cloneRecord } from '../record/clone-record.ts'
import { getter, pathOf, stepsOf } from '../record/field-path.ts'
import { ParseFailure, under } from '../record/parse-failure.ts'
import { unfitness } from '../record/parse-record.ts'
import type { TelemetryRecord } from '../record/record.ts'
import { Entries } from './entries.ts'
import type { Numbered } from './pieces.ts'

export interface Placing {
  /** Where the records stand: the value itself, each element of a list, each value of an object. */
  readonly at: 'message' | 'list' | 'object'
  /** The path of the list or object; empty for the value itself. */
  readonly path: string
  /** The field that the key of an object becomes. */
  readonly keyField: string
  /** The field of a value that is no object by itself. */
  readonly valueField: string
  /** Whether fields beside the list or object go into each record. */
  readonly around: boolean
  /** So many fields a record may have, at any depth. */
  readonly maxFields: number
}

/** A record, or why there is none; and where in the message it stands, empty for all of it. */
export interface Item {
  readonly record: TelemetryRecord | ParseFailure
  readonly place: string
}

/**
 * Values that may be copied from around a list into its records: enough for 100,000 records with
 * three fields.
 */
const MAX_COPIED = 300_000

/** The records of a value, made when they are asked for. */
export type FoundRecords = Numbered<Item>

/**
 * Makes the function that finds the records in a value; each that is not fit to be one is refused
 * by itself.
 */
export function recordsAt(placing: Placing): (value: unknown, place: string) => Item[] {
  const item = itemMaker(placing)
  if (placing.at === 'message') return (value, place) => [item(value, place)]
  const find = finder(placing)
  return (value, place) => {
    const found = find(value, place)
    return 'record' in found ? [found] : found.items(0, found.length)
  }
}

/** The same, for what holds so many that others are to have their turn in between. */
export function foundAt(placing: Placing): (value: unknown, place: string) => FoundRecords {
  const find = placing.at === 'message' ? itemMaker(placing) : finder(placing)
  return (value, place) => {
    const found = find(value, place)
    return 'record' in found ? { length: 1, items: () => [found] } : found
  }
}

/** Gives the only record, or why there is none, by itself. */
function finder(placing: Placing): (value: unknown, place: string) => FoundRecords | Item {
  const { at, path } = placing
  const item = itemMaker(placing)
  const find = path === '' ? (value: unknown) => value : getter(path)
  const none = missing(at as 'list' | 'object', path)
  return (value, place) => {
    if (value instanceof ParseFailure && !(path === '' && value instanceof Entries))
      return item(value, place)
    const found = find(value)
    if (!(at === 'list' ? Array.isArray(found) : isObject(found) || found instanceof Entries))
      return item(none, place)
    const within = join(place, path)
    const make =
      at === 'list'
        ? ofList(found as unknown[], within, item)
        : ofObject(entriesOf(found as object), within, placing, item)
    const around = aroundOf(value, placing, make.length)
    if (around instanceof ParseFailure) return item(around, place)
    return {
      length: make.length,
      items: (from, to) => range(from, to, index => make.at(index, around))
    }
  }
}

interface Made {
  readonly length: number
  at(index: number, around: TelemetryRecord): Item
}

const ofList = (list: readonly unknown[], within: string, item: MakeItem): Made => ({
  length: list.length,
  at: (index, around) => item(merged(list[index], around), join(within, String(index)))
})

/** Each value of an object, with its key; where that is a list, each of its elements. */
function ofObject(
  { names, values }: Pick<Entries, 'names' | 'values'>,
  within: string,
  placing: Placing,
  item: MakeItem
): Made {
  const elements = values.some(Array.isArray) ? elementPlaces(values) : undefined
  return {
    length: elements?.length ?? names.length,
    at(index, around) {
      const [member, element] = elements?.[index] ?? [index, undefined]
      const key = names[member]!
      const held = values[member]
      const value = element === undefined ? held : (held as unknown[])[element]
      const place = join(within, pathOf([key]))
      return item(
        merged(withKey(value, key, placing), around),
        element === undefined ? place : join(place, String(element))
      )
    }
  }
}

const entriesOf = (object: object): Pick<Entries, 'names' | 'values'> =>
  object instanceof Entries
    ? object
    : { names: Object.keys(object), values: Object.values(object) as unknown[] }

/** For each record the number of its member, and its place in the list that the member is. */
function elementPlaces(
  values: readonly unknown[]
): (readonly [member: number, element: number | undefined])[] {
  const places: (readonly [number, number | undefined])[] = []
  for (const [member, value] of values.entries()) {
    if (!Array.isArray(value)) places.push([member, undefined])
    else for (const index of value.keys()) places.push([member, index])
  }
  return places
}

function range<T>(from: number, to: number, make: (index: number) => T): T[] {
  const made: T[] = []
  for (let index = from; index < to; index++) made.push(make(index))
  return made
}

/**
 * The records of a list that is read by itself, some elements at a time.
 * @param rest what stands around it
 * @param length how many elements it has in all
 */
export function elementsOf(
  rest: unknown,
  placing: Placing,
  length: number
): ParseFailure | ((elements: readonly unknown[], first: number) => Item[]) {
  const around = aroundOf(rest, placing, length)
  if (around instanceof ParseFailure) return around
  const item = itemMaker(placing)
  return (elements, first) =>
    elements.map((element, index) =>
      item(merged(element, around), join(placing.path, String(first + index)))
    )
}

/** The fields around the list or object, if they are to go into each of so many records. */
function aroundOf(
  value: unknown,
  { path, around: isAsked }: Placing,
  records: number
): TelemetryRecord | ParseFailure {
  const around = isAsked && path !== '' ? fieldsAround(value, stepsOf(path) ?? []) : {}
  const copied = sizeOf(around) * records
  return copied > MAX_COPIED ? tooMuch(copied) : around
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof ParseFailure)

const join = (place: string, path: string) =>
  place === '' || path === '' ? place + path : `${place}.${path}`

const missing = (at: 'list' | 'object', path: string) => {
  const where = path === '' ? 'The payload' : `What stands at ${path}`
  return new ParseFailure(
    'RECORDS_MISSING',
    `${where} is no ${at}, where the records are said to be.`,
    path
  )
}

const tooMuch = (copied: number) =>
  new ParseFailure(
    'PAYLOAD_TOO_LARGE',
    `So many fields stand around so many records that ${copied} values would have to be copied.`
  )

/**
 * A value as a record, with the reason if it is none; the path in the reason begins at the message.
 */
function itemMaker({ maxFields }: Placing): MakeItem {
  return (value, place) => {
    const failure = value instanceof ParseFailure ? value : unfitness(value, true, maxFields)
    if (failure === undefined) return { record: value as TelemetryRecord, place }
    return { record: place === '' ? trimmed(failure) : under(failure, place), place }
  }
}

type MakeItem = (value: unknown, place: string) => Item

const trimmed = (failure: ParseFailure) =>
  failure.path === '' ? new ParseFailure(failure.code, failure.message) : failure

function withKey(value: unknown, key: string, { keyField, valueField }: Placing): unknown {
  if (value instanceof ParseFailure) return value
  if (!isObject(value)) return { [keyField]: key, [valueField]: value }
  const own = Object.hasOwn(value, keyField) ? (value as TelemetryRecord)[keyField] : key
  if (own === key) return { [keyField]: key, ...value }
  return new ParseFailure(
    'FIELD_TAKEN',
    `The key ${JSON.stringify(key)} is to become the field ${keyField}, which has another value.`,
    keyField
  )
}

/**
 * A copy of its own for each record, since nodes write into records; what the element says itself
 * counts.
 */
const merged = (value: unknown, around: TelemetryRecord): unknown =>
  isObject(value) && Object.keys(around).length > 0 ? { ...cloneRecord(around), ...value } : value

/** The fields beside each step of the path, the inner ones before the outer. */
function fieldsAround(value: unknown, steps: readonly string[]): TelemetryRecord {
  let around: TelemetryRecord = {}
  let at = value
  for (const step of steps) {
    if (!isObject(at)) break
    const { [step]: inner, ...others } = at as TelemetryRecord
    around = { ...around, ...others }
    at = inner
  }
  return around
}

/** How many values there are in all, counted no further than matters. */
function sizeOf(around: TelemetryRecord): number {
  let size = 0
  const open: unknown[] = [around]
  for (let value = open.pop(); value !== undefined && size <= MAX_COPIED; value = open.pop()) {
    for (const each of Object.values(value as object)) {
      size++
      if (typeof each === 'object' && each !== null) open.push(each)
    }
  }
  return size
}
