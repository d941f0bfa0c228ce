import type { Code } from '../errors.ts'
import { isExactNumber } from '../record/exact-decimal.ts'
import { jsonText } from '../record/json-write.ts'
import { numberIn } from '../record/number-text.ts'
import { numericWords } from './numeric.ts'
import { EPOCH_MS, extraMicros, MAX_MS, MIN_MS, parseIso } from './time.ts'

/** The column types that records are written to. */
export const COLUMN_TYPES = [
  'timestamptz',
  'text',
  'double precision',
  'integer',
  'bigint',
  'boolean',
  'jsonb',
  'numeric'
] as const
export type ColumnType = (typeof COLUMN_TYPES)[number]

/** Object identifiers of the types, fixed in PostgreSQL's pg_type.dat. */
export const OIDS: Readonly<Record<ColumnType, number>> = {
  timestamptz: 1184,
  text: 25,
  'double precision': 701,
  integer: 23,
  bigint: 20,
  boolean: 16,
  jsonb: 3802,
  numeric: 1700
}

/**
 * Why a value does not fit a column: a code and the end of a sentence that begins with the field's
 * name.
 */
export interface Misfit {
  readonly code: Code
  readonly says: string
}

/**
 * Writes a value that is neither null nor undefined as int32 length and bytes, the form of COPY
 * BINARY and of array elements alike. Returns why it cannot, and then has written nothing. The
 * server would not notice: eight bytes are a time as well as a number, so every value is checked
 * here.
 */
export type Encode = (value: unknown, out: Out) => Misfit | undefined

/** Bytes being written, which grow as needed and are used again for the next batch. */
export class Out {
  buffer: Buffer
  view: DataView
  at = 0
  /** Microseconds since 2000 of the last time written; what rows are sorted by. */
  micros = 0

  constructor(bytes = 65_536) {
    this.buffer = Buffer.allocUnsafeSlow(bytes)
    this.view = viewOf(this.buffer)
  }

  /** Makes room for that many more bytes. */
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
    this.view = viewOf(larger)
  }

  int16(value: number): void {
    this.view.setInt16(this.at, value)
    this.at += 2
  }

  int32(value: number): void {
    this.view.setInt32(this.at, value)
    this.at += 4
  }

  /**
   * Copies bytes from another buffer; a loop beats the call into C++ for the few bytes that a value
   * has.
   */
  copy(from: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    if (end - start > 64) from.copy(this.buffer, this.at, start, end)
    else for (let to = this.at, at = start; at < end; at++, to++) this.buffer[to] = from[at]!
    this.at += end - start
  }
}

const viewOf = (buffer: Buffer): DataView =>
  new DataView(buffer.buffer, buffer.byteOffset, buffer.length)

const NOT_TEXT: Misfit = { code: 'COLUMN_TYPE', says: 'must be text' }
const HAS_NUL: Misfit = {
  code: 'COLUMN_NUL',
  says: 'has a NUL character, which PostgreSQL cannot store in text'
}
const NOT_NUMBER: Misfit = { code: 'COLUMN_TYPE', says: 'must be a number' }
const NOT_DOUBLE: Misfit = {
  code: 'COLUMN_RANGE',
  says: 'has more digits than double precision holds: let the column be an exact decimal'
}
const NOT_FINITE: Misfit = { code: 'COLUMN_NOT_FINITE', says: 'is not a finite number' }
const NOT_WHOLE: Misfit = { code: 'COLUMN_TYPE', says: 'must be a whole number' }
const NOT_INT4: Misfit = {
  code: 'COLUMN_RANGE',
  says: 'does not fit an integer (-2147483648 to 2147483647)'
}
const NOT_INT8: Misfit = { code: 'COLUMN_RANGE', says: 'does not fit a bigint' }
const NOT_EXACT: Misfit = {
  code: 'COLUMN_RANGE',
  says: 'is above 2^53, where a JSON number is not exact: send it as text'
}
const NOT_BOOLEAN: Misfit = { code: 'COLUMN_TYPE', says: 'must be true or false' }
const NOT_JSON: Misfit = { code: 'COLUMN_TYPE', says: 'cannot be written as JSON' }
const NOT_DECIMAL: Misfit = {
  code: 'COLUMN_TYPE',
  says: 'must be a number or a decimal number as text'
}
const NOT_TIME: Misfit = {
  code: 'COLUMN_TIME',
  says: 'must be a time: ISO 8601 with a zone (2024-02-23T15:20:00Z) or milliseconds since 1970'
}
const NO_SUCH_TIME: Misfit = {
  code: 'COLUMN_RANGE',
  says: 'is a time that PostgreSQL cannot store'
}

/** How each type is written. */
export const ENCODERS: Readonly<Record<ColumnType, Encode>> = {
  timestamptz,
  text,
  'double precision': float8,
  integer,
  bigint,
  boolean,
  jsonb,
  numeric
}

function timestamptz(value: unknown, out: Out): Misfit | undefined {
  let ms: number
  let micros = 0
  if (typeof value === 'string') {
    ms = parseIso(value)
    micros = extraMicros
    if (Number.isNaN(ms)) {
      ms = epochIn(value)
      micros = 0
    }
  } else if (typeof value === 'number') ms = value
  else if (value instanceof Date) ms = value.getTime()
  else return NOT_TIME
  if (Number.isNaN(ms)) return NOT_TIME
  if (!(ms >= MIN_MS && ms <= MAX_MS)) return NO_SUCH_TIME
  const since = Math.round((ms - EPOCH_MS) * 1000) + micros
  out.reserve(12)
  out.int32(8)
  if (Number.isSafeInteger(since)) {
    const high = Math.floor(since / 4_294_967_296)
    out.int32(high)
    out.view.setUint32(out.at, since - high * 4_294_967_296)
    out.at += 4
  } else {
    // the years before 1715 and after 2285, where a double no longer holds microseconds
    out.view.setBigInt64(out.at, BigInt(Math.round(ms - EPOCH_MS)) * 1000n + BigInt(micros))
    out.at += 8
  }
  out.micros = since
  return undefined
}

/**
 * Between these a text of digits is milliseconds since 1970 and nothing else, such as the date
 * 20240223.
 */
const YEAR_2000_MS = EPOCH_MS
const YEAR_2100_MS = 4_102_444_800_000

/** A number of milliseconds that was sent as text, also with an exponent. */
function epochIn(text: string): number {
  const ms = numberIn(text) ?? Number.NaN
  return ms >= YEAR_2000_MS && ms < YEAR_2100_MS ? ms : Number.NaN
}

function text(value: unknown, out: Out): Misfit | undefined {
  if (typeof value === 'string') return writeText(value, out)
  // as PostgreSQL itself does by an assignment cast; ids that are numbers are common
  if ((typeof value === 'number' && Number.isFinite(value)) || isExactNumber(value))
    return writeText(String(value), out)
  return NOT_TEXT
}

/**
 * 0.06 us for the ten to twenty ASCII characters of an id; `Buffer.utf8Write` takes three times as
 * long, it pays from 100 on.
 */
function writeText(value: string, out: Out): Misfit | undefined {
  const length = value.length
  if (length > 100) return writeLongText(value, out)
  out.reserve(4 + length)
  const { buffer } = out
  const start = out.at + 4
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0 || code > 127) return writeLongText(value, out)
    buffer[start + index] = code
  }
  out.int32(length)
  out.at += length
  return undefined
}

function writeLongText(value: string, out: Out): Misfit | undefined {
  if (value.includes('\0')) return HAS_NUL
  out.reserve(4 + value.length * 3)
  const bytes = out.buffer.write(value, out.at + 4)
  out.int32(bytes)
  out.at += bytes
  return undefined
}

function float8(value: unknown, out: Out): Misfit | undefined {
  if (typeof value !== 'number') return isExactNumber(value) ? NOT_DOUBLE : NOT_NUMBER
  // PostgreSQL would store them, and every average over the column would be NaN from then on
  if (!Number.isFinite(value)) return NOT_FINITE
  out.reserve(12)
  out.int32(8)
  out.view.setFloat64(out.at, value)
  out.at += 8
  return undefined
}

function integer(value: unknown, out: Out): Misfit | undefined {
  if (typeof value !== 'number') return NOT_NUMBER
  if (!Number.isInteger(value)) return NOT_WHOLE
  if (value < -2_147_483_648 || value > 2_147_483_647) return NOT_INT4
  out.reserve(8)
  out.int32(4)
  out.int32(value)
  return undefined
}

function bigint(value: unknown, out: Out): Misfit | undefined {
  let whole: bigint
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return NOT_WHOLE
    if (!Number.isSafeInteger(value)) return NOT_EXACT
    whole = BigInt(value)
  } else if (typeof value === 'bigint') whole = value
  else if (typeof value === 'string' && /^[+-]?\d{1,40}$/.test(value))
    whole = BigInt(value.replace('+', ''))
  else return NOT_WHOLE
  if (BigInt.asIntN(64, whole) !== whole) return NOT_INT8
  out.reserve(12)
  out.int32(8)
  out.view.setBigInt64(out.at, whole)
  out.at += 8
  return undefined
}

function boolean(value: unknown, out: Out): Misfit | undefined {
  if (typeof value !== 'boolean') return NOT_BOOLEAN
  out.reserve(5)
  out.int32(1)
  out.buffer[out.at++] = value ? 1 : 0
  return undefined
}

/** A NUL in JSON: an escape that is not itself escaped. */
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/

function jsonb(value: unknown, out: Out): Misfit | undefined {
  let json: string | undefined
  try {
    json = jsonText(value)
  } catch {
    return NOT_JSON
  }
  if (json === undefined) return NOT_JSON
  if (ESCAPED_NUL.test(json)) return HAS_NUL
  out.reserve(5 + json.length * 3)
  // the version of jsonb's binary form (jsonb_recv)
  out.buffer[out.at + 4] = 1
  const bytes = out.buffer.write(json, out.at + 5)
  out.int32(bytes + 1)
  out.at += bytes + 1
  return undefined
}

function numeric(value: unknown, out: Out): Misfit | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return NOT_FINITE
  if (typeof value !== 'number' && typeof value !== 'string' && !isExactNumber(value))
    return NOT_DECIMAL
  const words = numericWords(String(value))
  if (!words) return NOT_DECIMAL
  out.reserve(4 + words.length * 2)
  out.int32(words.length * 2)
  for (const word of words) out.int16(word)
  return undefined
}
