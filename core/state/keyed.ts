import { type Get, getter } from '../record/field-path.ts'
import { parseIso } from '../record/iso-time.ts'
import type { Reason, TelemetryRecord } from '../record/record.ts'
import { KnownTexts } from './known-texts.ts'

/** Longer texts are no keys: they would fill what is remembered. */
const MAX_CHARACTERS = 500
/** Numbers before and beyond are seconds, microseconds or no times: 1973 to 5138. */
const FIRST_MS = 1e11
const LAST_MS = 1e14

/** The time of a record that has none since it is given now; see `Memory.timeOf`. */
export const TIMELESS = 0

/**
 * The key of a record by its fields. Values are compared as texts, so that 7 and "7" are one
 * device.
 */
export function keyBy(fields: readonly string[]): (record: TelemetryRecord) => string | Reason {
  const gets = fields.map(field => [field, getter(field)] as const)
  const [only] = gets
  if (gets.length === 1) return record => partOf(record, only![0], only![1])
  const [one, two] = gets
  if (gets.length === 2) {
    const known = new KnownTexts()
    return record => {
      const first = partOf(record, one![0], one![1])
      if (typeof first !== 'string') return first
      const second = partOf(record, two![0], two![1])
      if (typeof second !== 'string') return second
      const key = known.find(first, second)
      return key ?? known.add(withLength(first) + withLength(second), first, second)
    }
  }
  return record => {
    let key = ''
    for (const [field, get] of gets) {
      const part = partOf(record, field, get)
      if (typeof part !== 'string') return part
      key += withLength(part)
    }
    return key
  }
}

/** The texts of which `keyBy` made a key of so many fields. */
export function partsOfKey(key: string, count: number): string[] {
  if (count === 1) return [key]
  const parts: string[] = []
  for (let at = 0; at < key.length; ) {
    const from = key.indexOf(':', at) + 1
    at = from + Number(key.slice(at, from - 1))
    parts.push(key.slice(from, at))
  }
  return parts
}

/** The length before each keeps ("a", "bc") and ("ab", "c") apart. */
const withLength = (part: string) => `${part.length}:${part}`

function partOf(record: TelemetryRecord, field: string, get: Get): string | Reason {
  const value = get(record)
  if (typeof value === 'string') {
    if (value.length > 0 && value.length <= MAX_CHARACTERS) return value
  } else if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  return {
    code: 'KEY_MISSING',
    message:
      value === undefined || value === null || value === ''
        ? `The record has no ${field}, by which the node tells what belongs together.`
        : `The field ${field}, by which the node tells what belongs together, is no text of at most ${MAX_CHARACTERS} characters and no number.`,
    path: field
  }
}

/**
 * The time of a record in milliseconds since 1970, of a text with a zone as normalize writes it
 * (ISO 8601) or a number of milliseconds.
 */
export function timeBy(field: string): (record: TelemetryRecord) => number | Reason {
  const get = getter(field)
  return record => {
    const value = get(record)
    if (typeof value === 'string') {
      const ms = parseIso(value)
      if (!Number.isNaN(ms)) return ms
    } else if (typeof value === 'number' && value >= FIRST_MS && value < LAST_MS) return value
    else if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
    return timeReason(field, value)
  }
}

function timeReason(field: string, value: unknown): Reason {
  if (value === undefined || value === null || value === '')
    return { code: 'TS_MISSING', message: `The record has no ${field}.`, path: field }
  return {
    code: 'TS_UNPARSABLE',
    message: `The field ${field} is no time with a zone, such as 2024-02-23T10:30:00Z, and no number of milliseconds since 1970: ${shown(value)}. A normalize node before this one makes it one.`,
    path: field
  }
}

const shown = (value: unknown): string => {
  const text = typeof value === 'object' ? 'an object or a list' : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
