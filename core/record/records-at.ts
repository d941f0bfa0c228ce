import { getter, stepsOf } from './field-path.ts'
import { ParseFailure } from './parse-record.ts'
import { inherit, type TelemetryRecord } from './record.ts'

/** Where the records of a message stand in it. */
export interface Place {
  /** `list`: each element is a record; `values`: each value of an object is one, or each element of a value that is a list. */
  readonly kind: 'list' | 'values'
  /** Path of the list or the object; empty for the message itself. */
  readonly path: string
  /** With `values`, the field that the key goes to; empty to leave it out. */
  readonly keyTo: string
  /** The fields around the list are kept in each record, unless it has them itself. */
  readonly outer: boolean
}

/** An element that is no record: rejected alone. */
export class BadElement {
  constructor(
    readonly element: unknown,
    readonly reason: ParseFailure
  ) {}
}

export type Elements = readonly (TelemetryRecord | BadElement)[]

/** Makes the function that gives the records which stand in a message, in their order, each with its provenance. */
export function recordsAt(place: Place): (message: unknown) => Elements | ParseFailure {
  const get = place.path === '' ? (message: unknown) => message : getter(place.path)
  const steps = place.path === '' ? [] : (stepsOf(place.path) ?? [])
  return message => {
    const found = get(message)
    const outer = place.outer && steps.length > 0 ? without(message as TelemetryRecord, steps) : {}
    if (place.kind === 'list') return Array.isArray(found) ? elementsOf(found, message, outer, place.path) : missing(place, found)
    return isObject(found) ? valuesOf(found, message, outer, place) : missing(place, found)
  }
}

function elementsOf(list: readonly unknown[], message: unknown, outer: TelemetryRecord, path: string): Elements {
  return list.map((element, index) => elementOf(element, message, outer, path === '' ? String(index) : `${path}.${index}`))
}

function valuesOf(object: TelemetryRecord, message: unknown, outer: TelemetryRecord, { path, keyTo }: Place): Elements {
  return Object.keys(object).flatMap(key => {
    const value = object[key]
    const around = keyTo === '' ? outer : { ...outer, [keyTo]: key }
    const at = path === '' ? key : `${path}.${key}`
    if (Array.isArray(value)) return elementsOf(value, message, around, at)
    // A bare value has no name but its key.
    return [elementOf(isObject(value) || value === null ? value : { value }, message, around, at)]
  })
}

function elementOf(element: unknown, message: unknown, outer: TelemetryRecord, at: string): TelemetryRecord | BadElement {
  if (isObject(element)) return inherit(message, { ...outer, ...element })
  const what = element === null ? 'null' : Array.isArray(element) ? 'a list' : `a ${typeof element}`
  return new BadElement(element, new ParseFailure('NOT_A_RECORD', `What stands at ${at} is ${what}, and no record.`, at))
}

function missing({ kind, path }: Place, found: unknown): ParseFailure {
  const wanted = kind === 'list' ? 'list' : 'object'
  const where = path === '' ? 'The message' : path
  const is = found === undefined ? 'is missing' : `is no ${wanted}`
  return new ParseFailure('RECORDS_MISSING', `${where} ${is}, so there are no records to take from it.`, path)
}

/** The fields of a message but the one that these steps lead to; the message stays as it is. */
function without(message: TelemetryRecord, [step, ...rest]: readonly string[]): TelemetryRecord {
  const { [step!]: inner, ...others } = message
  if (rest.length === 0 || !isObject(inner)) return others
  const left = without(inner, rest)
  return Object.keys(left).length === 0 ? others : { ...others, [step!]: left }
}

const isObject = (value: unknown): value is TelemetryRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
