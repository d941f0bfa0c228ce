import { decode } from 'cborg'
import { reasonOf } from '../errors.ts'
import { ExactDecimal } from '../record/exact-decimal.ts'
import { isExact, scaled } from '../record/exact-number.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import { cborContainerAt, endOfCbor } from './cbor-extent.ts'
import {
  type Decode,
  type DecoderOptions,
  LONG_BINARY,
  one,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { type LongBinaryOptions, longBinary } from './long-binary.ts'
import { hasReplacement, type PlainRules, plain } from './plain.ts'

/** CBOR (RFC 8949): one value a payload. */
export function cbor(options: DecoderOptions): Decode {
  return bytes => {
    if (bytes.length >= LONG_BINARY) return { steps: onlyValue(longCbor(bytes, options)) }
    if (options.at === 'message' && isWideCbor(bytes, options.maxFields))
      return tooWide(options.maxFields)
    const value = cborValue(bytes)
    return value instanceof ParseFailure && value.path === undefined
      ? value
      : one(plain(value, { ...options, hasReplacement: hasReplacement(bytes) }))
  }
}

function* onlyValue(value: Steps<unknown>): Steps<ReadContent | ParseFailure> {
  const read = yield* value
  return read instanceof ParseFailure && read.path === undefined ? read : one(read)
}

/** So many fields take twice as many bytes; what is no CBOR is told when it is read. */
function isWideCbor(bytes: Buffer, maxFields: number): boolean {
  if (bytes.length < 2 * maxFields) return false
  try {
    // A list is no record, however short.
    const isObject = FORM.containerAt(bytes, 0)?.isMap === true
    return isObject && endOfCbor(bytes, 0, bytes.length, maxFields) === undefined
  } catch {
    return false
  }
}

/** The value with maps as `Map`, since their keys may be numbers. */
export function cborValue(bytes: Buffer): unknown {
  if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
  try {
    return decode(bytes, OPTIONS)
  } catch (error) {
    return invalid(error)
  }
}

/** The value of a long payload as a record holds it, read some of it at a time. */
export function* longCbor(bytes: Buffer, options: PlainRules & LongBinaryOptions): Steps<unknown> {
  const rules = { ...options, hasReplacement: hasReplacement(bytes) }
  try {
    const read = (part: Buffer, depth: number) => plain(decode(part, OPTIONS), rules, depth)
    return yield* longBinary(bytes, { ...FORM, read }, options)
  } catch (error) {
    return invalid(error)
  }
}

function invalid(error: unknown): ParseFailure {
  const why =
    error instanceof RangeError
      ? 'it is nested too deep'
      : reasonOf(error).replace(/^CBOR decode error: /, '')
  const code = why.startsWith('found repeat map key') ? 'KEY_REPEATED' : 'FORMAT_INVALID'
  return new ParseFailure(code, `The payload is not CBOR that can be read: ${why}.`)
}

type TagDecode = (content: () => unknown) => unknown

const content: TagDecode = read => read()

/**
 * RFC 8949, section 3.4. Numbers of any size, times, and what only says more of a value than a
 * record keeps.
 */
const TAGS: Readonly<Record<number, TagDecode>> = {
  0: content,
  1: content,
  2: read => integer(read(), false),
  3: read => integer(read(), true),
  4: read => decimal(read()),
  5: read => bigFloat(read()),
  21: content,
  22: content,
  23: content,
  32: content,
  33: content,
  34: content,
  36: content,
  37: content,
  258: content,
  55799: content
}

const OPTIONS = { useMaps: true, rejectDuplicateMapKeys: true, tags: TAGS }

const FORM = {
  endOf: (bytes: Buffer, at: number, limit: number) => endOfCbor(bytes, at, limit),
  isWide: (bytes: Buffer, at: number, most: number) =>
    endOfCbor(bytes, at, bytes.length, most) === undefined,
  containerAt: (bytes: Buffer, at: number) =>
    cborContainerAt(bytes, at, tag => TAGS[tag] === content),
  listHead: 0x9a,
  mapHead: 0xba,
  nil: 0xf6
}

const MAX_INTEGER_BYTES = 400

function integer(bytes: unknown, isNegative: boolean): unknown {
  if (!(bytes instanceof Uint8Array)) throw new Error('a big number has no bytes')
  if (bytes.length > MAX_INTEGER_BYTES) throw new Error('a number is too large')
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
  return isNegative ? -1n - value : value
}

/** Mantissa times a power of ten. */
function decimal(parts: unknown): unknown {
  const [power, mantissa] = powerAndMantissa(parts)
  return numberOf(scaled(mantissa, power))
}

const MAX_BINARY_POWER = 1000

/** Mantissa times a power of two: below 1 that is 5 to this power, that many decimals behind. */
function bigFloat(parts: unknown): unknown {
  const [power, mantissa] = powerAndMantissa(parts)
  if (Math.abs(power) > MAX_BINARY_POWER) throw new Error('a number is too large or too small')
  return numberOf(
    power < 0
      ? scaled(BigInt(mantissa) * 5n ** BigInt(-power), power)
      : String(BigInt(mantissa) << BigInt(power))
  )
}

function powerAndMantissa(parts: unknown): readonly [power: number, mantissa: number | bigint] {
  const [power, mantissa] = Array.isArray(parts) ? (parts as unknown[]) : []
  const isInteger = (value: unknown): value is number | bigint =>
    typeof value === 'bigint' || Number.isInteger(value)
  if (!isInteger(power) || !isInteger(mantissa))
    throw new Error('a number has no exponent and mantissa')
  return [Number(power), mantissa]
}

const numberOf = (text: string) => (isExact(text) ? Number(text) : new ExactDecimal(text))
