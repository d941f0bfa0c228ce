import { ExactDecimal } from '../record/exact-decimal.ts'
import { isExact } from '../record/exact-number.ts'

/**
 * The integer that a value says, with all its digits; undefined where it says none. A text of
 * digits says one, as 64-bit integers are sent in JSON.
 */
export function integerIn(value: unknown): bigint | number | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return undefined
    return Number.isSafeInteger(value) ? value : BigInt(value)
  }
  return typeof value === 'string' && /^-?\d{1,40}$/.test(value) ? BigInt(value) : undefined
}

/** The double that is exactly this number; undefined where no double is, or it is no number. */
export function doubleIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : undefined
  return value instanceof ExactDecimal && isExact(value.text) ? Number(value.text) : undefined
}

/** A fraction is rounded by 32 bits as by any; a whole number would become another one. */
export const fitsFloat = (real: number): boolean =>
  !Number.isInteger(real) || Math.fround(real) === real

export const isNumber = (value: unknown): value is number | bigint | ExactDecimal =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof ExactDecimal

/** Bytes as a record holds them: a Buffer, or base64. */
export function bytesIn(value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  // What is no base64 is passed over by the decoder, and would be other bytes.
  return bytes.toString('base64').replace(/=+$/, '') === value.replace(/={0,2}$/, '')
    ? bytes
    : undefined
}

const DECIMAL = /^[+-]?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/
const MAX_CHARACTERS = 1_000
const MAX_POWER = 1_000

/**
 * A decimal number as an integer of so many places behind the point; `inexact` where it has more
 * places, undefined where it is no number.
 */
export function decimalIn(value: unknown, scale: number): bigint | 'inexact' | undefined {
  if (!isNumber(value) && typeof value !== 'string') return undefined
  const text = String(value)
  if (text.length > MAX_CHARACTERS) return undefined
  const [, whole, fraction = '', power = '0'] = DECIMAL.exec(text) ?? []
  if (whole === undefined || Math.abs(Number(power)) > MAX_POWER) return undefined
  const digits = BigInt(whole + fraction)
  const shift = scale + Number(power) - fraction.length
  const cut = shift < 0 ? 10n ** BigInt(-shift) : 1n
  if (digits % cut !== 0n) return 'inexact'
  const size = shift < 0 ? digits / cut : digits * 10n ** BigInt(shift)
  return text.startsWith('-') ? -size : size
}

/** Two's complement in as few bytes as it takes, the highest first. */
export function signedBytes(value: bigint): Buffer {
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++
  return signedIn(value, bytes)
}

/** The same in so many bytes, which hold it. */
export function signedIn(value: bigint, bytes: number): Buffer {
  if (bytes === 0) return Buffer.alloc(0)
  const hex = BigInt.asUintN(bytes * 8, value).toString(16)
  return Buffer.from(hex.padStart(bytes * 2, '0'), 'hex')
}
