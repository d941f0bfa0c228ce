import { cloneRecord } from '../record/clone-record.ts'
import { getter, pathOf, stepsOf } from '../record/field-path.ts'
import { ParseFailure, under } from '../record/parse-failure.ts'
import { unfitness } from '../record/parse-record.ts'
import type { TelemetryRecord } from '../record/record.ts'

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

/**
 * Makes the function that finds the records in a value; each that is not fit to be one is refused
 * by itself.
 */
export function recordsAt(placing: Placing): (value: unknown, place: string) => Item[] {
  const { at, path } = placing
  if (at === 'message') return (value, place) => [item(value, place)]
  const find = path === '' ? (value: unknown) => value : getter(path)
  return (value, place) => {
    if (value instanceof ParseFailure) return [item(value, place)]
    const found = find(value)
    const within = join(place, path)
    if (!(at === 'list' ? Array.isArray(found) : isObject(found)))
      return [item(missing(at, path), place)]
    const elements =
      at === 'list' ? listed(found as unknown[], within) : keyed(found as object, within, placing)
    const around = placing.around && path !== '' ? fieldsAround(value, stepsOf(path) ?? []) : {}
    const copied = sizeOf(around) * elements.length
    if (copied > MAX_COPIED) return [item(tooMuch(copied), place)]
    return elements.map(element => item(merged(element.value, around), element.place))
  }
}

interface Element {
  readonly value: unknown
  readonly place: string
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
function item(value: unknown, place: string): Item {
  const failure = value instanceof ParseFailure ? value : unfitness(value)
  if (failure === undefined) return { record: value as TelemetryRecord, place }
  return { record: place === '' ? trimmed(failure) : under(failure, place), place }
}

const trimmed = (failure: ParseFailure) =>
  failure.path === '' ? new ParseFailure(failure.code, failure.message) : failure

const listed = (list: readonly unknown[], within: string): Element[] =>
  list.map((value, index) => ({ value, place: join(within, String(index)) }))

/** Each value of an object, with its key; where that is a list, each of its elements. */
function keyed(object: object, within: string, placing: Placing): Element[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const place = join(within, pathOf([key]))
    if (!Array.isArray(value)) return { value: withKey(value, key, placing), place }
    return listed(value, place).map(element => ({
      ...element,
      value: withKey(element.value, key, placing)
    }))
  })
}

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
