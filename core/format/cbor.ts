import { decode } from 'cborg'
import { reasonOf } from '../errors.ts'
import { ExactDecimal } from '../record/exact-decimal.ts'
import { isExact, scaled } from '../record/exact-number.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { type Decode, type DecoderOptions, one } from './decoder.ts'
import { plain } from './plain.ts'

/** CBOR (RFC 8949): one value a payload. */
export function cbor(options: DecoderOptions): Decode {
  return bytes => {
    const value = cborValue(bytes)
    return value instanceof ParseFailure && value.path === undefined
      ? value
      : one(plain(value, options))
  }
}

/** The value with maps as `Map`, since their keys may be numbers. */
export function cborValue(bytes: Buffer): unknown {
  if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
  try {
    return decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, tags: TAGS })
  } catch (error) {
    const why =
      error instanceof RangeError
        ? 'it is nested too deep'
        : reasonOf(error).replace(/^CBOR decode error: /, '')
    return new ParseFailure('FORMAT_INVALID', `The payload is not CBOR that can be read: ${why}.`)
  }
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

const MAX_INTEGER_BYTES = 400

function integer(bytes: unknown, isNegative: boolean): unknown {
  if (!(bytes instanceof Uint8Array)) throw new Error('a big number has no bytes')
  if (bytes.length > MAX_INTEGER_BYTES) throw new Error('a number is too large')
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
  return isNegative ? -1n - value : value
}

/** Mantissa times a power of ten. */
function decimal(parts: unknown): unknown {
  const [power, mantissa] = Array.isArray(parts) ? (parts as unknown[]) : []
  const isInteger = (value: unknown): value is number | bigint =>
    typeof value === 'number' || typeof value === 'bigint'
  if (!isInteger(power) || !isInteger(mantissa))
    throw new Error('a decimal fraction has no exponent and mantissa')
  const text = scaled(mantissa, Number(power))
  return isExact(text) ? Number(text) : new ExactDecimal(text)
}
