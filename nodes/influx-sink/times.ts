import type { Product } from '../../core/influx/products.ts'
import type { Precision } from '../../core/influx/settings.ts'
import { extraNs, parseIso } from '../../core/record/iso-time.ts'
import { numberIn } from '../../core/record/number-text.ts'
import { type Unfit, unfit } from './unfit.ts'

/** Between these a text of digits is milliseconds since 1970, and nothing else such as 20240223. */
const YEAR_2000_MS = 946_684_800_000
const YEAR_2100_MS = 4_102_444_800_000

/** The nanoseconds of 64 bits reach from 1677-09-21 to 2262-04-11. */
const LEAST_MS = -9_223_372_036_854
const MOST_MS = 9_223_372_036_854

const NOT_TIME = unfit(
  'COLUMN_TIME',
  'must be a time: ISO 8601 with a zone (2024-02-23T15:20:00Z) or milliseconds since 1970'
)
const NO_SUCH_TIME = unfit('COLUMN_RANGE', 'is a time that the server cannot store')

/**
 * The time of a point as digits; what is finer than the precision is cut, towards the past.
 */
export function timesOf(
  product: Product,
  precision: Precision
): (value: unknown) => string | Unfit {
  const leastMs = product.keeps === 'ns' ? LEAST_MS : 0
  return value => {
    const ms = msOf(value)
    const nanos = typeof value === 'string' ? readNanos : 0
    if (Number.isNaN(ms)) return NOT_TIME
    if (!(ms >= leastMs && ms < MOST_MS)) return NO_SUCH_TIME
    return digits(ms, nanos, precision)
  }
}

/** Nanoseconds beyond the millisecond, of the text that was read last. */
let readNanos = 0

function msOf(value: unknown): number {
  if (typeof value === 'string') return msOfText(value)
  if (typeof value === 'number') return value
  return value instanceof Date ? value.getTime() : Number.NaN
}

function msOfText(text: string): number {
  const ms = parseIso(text)
  readNanos = extraNs
  if (!Number.isNaN(ms)) return ms
  readNanos = 0
  const epoch = numberIn(text) ?? Number.NaN
  return epoch >= YEAR_2000_MS && epoch < YEAR_2100_MS ? epoch : Number.NaN
}

const digits = (ms: number, nanos: number, precision: Precision): string => {
  const whole = Math.floor(ms)
  if (precision === 'ms') return String(whole)
  if (precision === 's') return String(Math.floor(ms / 1000))
  const beyond = nanos + Math.round((ms - whole) * 1e6)
  if (whole <= 0) return ofEarly(whole, beyond, precision)
  const finer = precision === 'ns' ? padded(beyond, 6) : padded(Math.trunc(beyond / 1000), 3)
  return `${whole}${finer}`
}

const padded = (value: number, places: number) =>
  value === 0 ? '000000'.slice(0, places) : String(value).padStart(places, '0')

/** Before 1970 the digits of the milliseconds do not begin those of the nanoseconds. */
const ofEarly = (ms: number, nanos: number, precision: 'ns' | 'us'): string =>
  precision === 'ns'
    ? String(BigInt(ms) * 1_000_000n + BigInt(nanos))
    : String(BigInt(ms) * 1000n + BigInt(Math.trunc(nanos / 1000)))
