import { ExactDecimal } from './exact-decimal.ts'
import { namesAmong } from './json-names.ts'
import { JSON_RULES, type JsonRules, parseAnew, parseUncounted, utf8Text } from './json-text.ts'
import { isWideRecord } from './json-width.ts'
import { ParseFailure, under } from './parse-failure.ts'
import { isKafkaMessage, type TelemetryRecord } from './record.ts'
import { ELEMENTS_A_FIELD, FIELDS_IN_FLOW, tooWide, USUAL_FIELDS } from './width.ts'

export { ParseFailure }

/** Nesting of objects and arrays that a record may have, the record itself included. */
export const MAX_DEPTH = 64

/**
 * The record in a device's bytes: UTF-8 JSON, an object, at most 64 levels deep, only numbers that
 * are read as they are written, no key that could reach a prototype. One parse and one walk over
 * the values; nothing is thrown.
 */
export function parseRecord(
  bytes: Buffer,
  rules: JsonRules = JSON_RULES
): TelemetryRecord | ParseFailure {
  const { maxFields = USUAL_FIELDS } = rules
  const text = utf8Text(bytes)
  if (text instanceof ParseFailure) return text
  if (text.length >= LONG_CHARACTERS && isWideRecord(text, maxFields)) return tooWide(maxFields)
  const isUtf16 = bytes[0]! >= 0xfe
  // The digits of UTF-16 do not stand side by side, so its text is looked at and not its bytes.
  const value = parseUncounted(text, rules, isUtf16 ? undefined : bytes)
  // Only an escape can bring half of a character into a text that was UTF-8.
  const isEscaped = text.includes('\\u')
  const failure = failureOf(value, isEscaped, maxFields)
  if (failure !== undefined) return failure
  const named = namesAmong(isUtf16 ? Buffer.from(text) : bytes, text, members)
  if (named === members) return value as TelemetryRecord
  const lookedAt = parseAnew(text, rules)
  return failureOf(lookedAt, isEscaped, maxFields) ?? (lookedAt as TelemetryRecord)
}

/** A shorter text is parsed faster than it is looked at before. */
const LONG_CHARACTERS = 65_536

/** The members of what was looked at last, and of all that it holds. */
let members = 0
/** Elements of its lists. */
let elements = 0
/** So many members it may have; and less what the elements have taken of them. */
let most = 0
let allowed = 0

function failureOf(
  value: unknown,
  isEscaped: boolean,
  maxFields: number
): ParseFailure | undefined {
  members = 0
  if (value instanceof ParseFailure) return value.path === '' ? atTheTop(value) : value
  return unfitness(value, isEscaped, maxFields)
}

/** Of a number that is all of the payload there is more to say than that it would be changed. */
const atTheTop = ({ code, message }: ParseFailure) =>
  code === 'KEY_REPEATED' ? new ParseFailure(code, message) : notARecord('a number')

/**
 * Why a value is not fit to be a record; undefined if it is. For what did not come from bytes: 40
 * ns for a flat one.
 */
export function unfitness(
  value: unknown,
  looksAtTexts = false,
  maxFields = FIELDS_IN_FLOW
): ParseFailure | undefined {
  if (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !Buffer.isBuffer(value) &&
    !isKafkaMessage(value)
  ) {
    members = 0
    elements = 0
    most = maxFields
    allowed = maxFields
    const failure = failureIn(value, 1, looksAtTexts)
    return failure === TOO_WIDE ? tooWide(maxFields) : failure
  }
  return notARecord(nameOf(value))
}

/** Found by the walk over the values, which does not know of how many. */
const TOO_WIDE = tooWide(0)

const notARecord = (what: string) =>
  new ParseFailure(
    'NOT_A_RECORD',
    `The payload is ${what}; a record is an object such as {"device_id": "d1", "value": 1}.`
  )

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Buffer.isBuffer(value)) return 'a Buffer'
  if (isKafkaMessage(value)) return 'a Kafka message'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/**
 * JSON may write half of a surrogate pair ("\ud800"; RFC 8259, section 8.2). No UTF-8 can: a
 * database would get U+FFFD in its place, so another text than was sent.
 */
const halfCharacter = () =>
  new ParseFailure(
    'JSON_INVALID',
    'A text has half of a surrogate pair, which is no character.',
    ''
  )

/**
 * `JSON.parse` takes any depth, but whatever walks the result later (cloning, `JSON.stringify`)
 * overflows the stack; it makes `__proto__` an own property, which an assignment later turns into
 * the prototype; and it reads 1e999 as Infinity, which `JSON.stringify` writes as null. Other names
 * that every object inherits, such as `constructor`, are plain fields: as own properties they
 * change no other object.
 */
function failureIn(
  container: object,
  depth: number,
  looksAtTexts: boolean
): ParseFailure | undefined {
  if (depth > MAX_DEPTH)
    return new ParseFailure(
      'PAYLOAD_TOO_DEEP',
      `The JSON is nested more than ${MAX_DEPTH} levels deep.`
    )
  if (Array.isArray(container)) {
    elements += container.length
    allowed = most - Math.floor(elements / ELEMENTS_A_FIELD)
    if (members > allowed) return TOO_WIDE
    for (let index = 0; index < container.length; index++) {
      const each: unknown = container[index]
      if (typeof each === 'object' && each !== null) {
        most--
        if (members > --allowed) return TOO_WIDE
      }
      const failure = failureAt(each, depth, looksAtTexts)
      if (failure !== undefined) return within(failure, String(index))
    }
    return undefined
  }
  for (const key in container) {
    if (++members > allowed) return TOO_WIDE
    if (key === '__proto__') {
      return new ParseFailure(
        'KEY_FORBIDDEN',
        `The key "${key}" is not allowed, since it could change other objects.`,
        key
      )
    }
    const failure =
      looksAtTexts && !key.isWellFormed()
        ? halfCharacter()
        : failureAt((container as TelemetryRecord)[key], depth, looksAtTexts)
    if (failure !== undefined) return within(failure, key)
  }
  return undefined
}

function failureAt(value: unknown, depth: number, looksAtTexts: boolean): ParseFailure | undefined {
  if (typeof value === 'string')
    return looksAtTexts && !value.isWellFormed() ? halfCharacter() : undefined
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? undefined
      : new ParseFailure(
          'JSON_INVALID',
          'The number is too large to be represented, or is none.',
          ''
        )
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof ExactDecimal) return undefined
  // A decoder leaves the reason in the place of what it could not read.
  return value instanceof ParseFailure ? value : failureIn(value, depth + 1, looksAtTexts)
}

/** That it is nested too deep is said of the record, not of one of its fields. */
const within = (failure: ParseFailure, step: string) =>
  failure.path === undefined ? failure : under(failure, step)
