import { isUtf8 } from 'node:buffer'
import type { Code } from '../errors.ts'
import { isKafkaMessage, type Reason, type TelemetryRecord } from './record.ts'

/** Why bytes are not a record: a reason as dead letters carry it. */
export class ParseFailure implements Reason {
  declare readonly path?: string
  constructor(
    readonly code: Code,
    readonly message: string,
    path?: string
  ) {
    if (path !== undefined) this.path = path
  }
}

/** Nesting of objects and arrays that a record may have, the record itself included. */
export const MAX_DEPTH = 64

/** What `Buffer` puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD'
const BYTE_ORDER_MARK = '\uFEFF'

/**
 * The record in a device's bytes: UTF-8 JSON, an object, at most 64 levels deep, only finite numbers, no key that could
 * reach a prototype. One parse and one walk over the values; nothing is thrown.
 */
export function parseRecord(bytes: Buffer): TelemetryRecord | ParseFailure {
  if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
  let text = bytes.toString()
  if (text.includes(REPLACEMENT) && !isUtf8(bytes)) return new ParseFailure('JSON_INVALID', 'The payload is not valid UTF-8.')
  // RFC 8259, section 8.1: a parser may ignore a byte order mark rather than treat it as an error.
  if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return new ParseFailure('JSON_INVALID', `The payload is not JSON: ${(error as SyntaxError).message}.`)
  }
  return unfitness(value) ?? (value as TelemetryRecord)
}

/** Why a value is not fit to be a record; undefined if it is. For what did not come from bytes: 40 ns for a flat one. */
export function unfitness(value: unknown): ParseFailure | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value) && !isKafkaMessage(value)) {
    return failureIn(value, 1)
  }
  return new ParseFailure('NOT_A_RECORD', `The payload is ${nameOf(value)}; a record is an object such as {"device_id": "d1", "value": 1}.`)
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Buffer.isBuffer(value)) return 'a Buffer'
  if (isKafkaMessage(value)) return 'a Kafka message'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/**
 * JSON may write half of a surrogate pair ("\ud800"; RFC 8259, section 8.2). No UTF-8 can: a database would get U+FFFD in
 * its place, so another text than was sent.
 */
const halfCharacter = () => new ParseFailure('JSON_INVALID', 'A text has half of a surrogate pair, which is no character.', '')

/**
 * `JSON.parse` takes any depth, but whatever walks the result later (cloning, `JSON.stringify`) overflows the stack; it
 * makes `__proto__` an own property, which an assignment later turns into the prototype; and it reads 1e999 as Infinity,
 * which `JSON.stringify` writes as null.
 */
function failureIn(container: object, depth: number): ParseFailure | undefined {
  if (depth > MAX_DEPTH) return new ParseFailure('PAYLOAD_TOO_DEEP', `The JSON is nested more than ${MAX_DEPTH} levels deep.`)
  if (Array.isArray(container)) {
    for (let index = 0; index < container.length; index++) {
      const failure = failureAt(container[index], depth)
      if (failure !== undefined) return under(failure, String(index))
    }
    return undefined
  }
  for (const key in container) {
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
      return new ParseFailure('KEY_FORBIDDEN', `The key "${key}" is not allowed, since it could change other objects.`, key)
    }
    const failure = key.isWellFormed() ? failureAt((container as TelemetryRecord)[key], depth) : halfCharacter()
    if (failure !== undefined) return under(failure, key)
  }
  return undefined
}

function failureAt(value: unknown, depth: number): ParseFailure | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : halfCharacter()
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? undefined
      : new ParseFailure('JSON_INVALID', 'The number is too large to be represented, or is none.', '')
  }
  return typeof value === 'object' && value !== null ? failureIn(value, depth + 1) : undefined
}

function under(failure: ParseFailure, step: string): ParseFailure {
  if (failure.path === undefined) return failure
  return new ParseFailure(failure.code, failure.message, failure.path === '' ? step : `${step}.${failure.path}`)
}
