import type { Reason } from '../../core/record/record.ts'
import type { Instant } from './instant.ts'

export type Unit = 's' | 'ms' | 'us' | 'ns'

/** How many of the unit are a second. */
const PER_SECOND: Readonly<Record<Unit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 }
const UNITS = Object.keys(PER_SECOND) as Unit[]
const RULES: Readonly<Record<Unit, string>> = {
  s: 'epoch s',
  ms: 'epoch ms',
  us: 'epoch us',
  ns: 'epoch ns'
}
const GUESSED: Readonly<Record<Unit, string>> = {
  s: 'epoch s, guessed',
  ms: 'epoch ms, guessed',
  us: 'epoch us, guessed',
  ns: 'epoch ns, guessed'
}

/**
 * A guess is made only where the time falls between 2000 and 2100. Units differ by 1,000 and the
 * window spans a factor of 4.3, so that never two of them fit; what fits none (an uptime, a clock
 * that was not set) is rejected.
 */
const FROM_S = 946_684_800
const UNTIL_S = 4_102_444_800

function guess(value: number): Unit | undefined {
  return UNITS.find(
    unit => value >= FROM_S * PER_SECOND[unit] && value < UNTIL_S * PER_SECOND[unit]
  )
}

const noUnit = (shown: string): Reason => ({
  code: 'TS_AMBIGUOUS_UNIT',
  message: `The time ${shown} is not between 2000 and 2100 in s, ms, us or ns: set the unit, or the clock of the device.`
})

/** Reads a number; what is finer than a microsecond is rounded, since a double does not hold it. */
export function fromNumber(value: number, unit: Unit | 'auto'): Instant | Reason {
  const known = unit === 'auto' ? guess(value) : unit
  if (known === undefined) return noUnit(String(value))
  const rule = unit === 'auto' ? GUESSED[known] : RULES[known]
  const exactMs = known === 's' ? value * 1000 : known === 'ms' ? value : Number.NaN
  if (Number.isInteger(value) && Number.isSafeInteger(exactMs))
    return { ms: exactMs, extraNs: 0, rule }
  const micros = Math.round(value * (1e6 / PER_SECOND[known]))
  const ms = Math.floor(micros / 1000)
  return { ms, extraNs: (micros - ms * 1000) * 1000, rule }
}

/** As `Number` takes it; bounded, since the digits are written out. */
const DECIMAL = /^([+-]?)(?:(\d{1,50})(?:\.(\d{0,50}))?|\.(\d{1,50}))(?:e([+-]?\d{1,3}))?$/i
/** Decimal places from the unit to a millisecond. */
const PLACES: Readonly<Record<Unit, number>> = { s: 3, ms: 0, us: -3, ns: -6 }
/** More than any time has in its unit, so that an exponent does not write zeros without end. */
const MAX_DIGITS = 60

/**
 * Reads a number written as text, also with an exponent, digit by digit, so that nanoseconds stay
 * exact. Undefined if the text is not a number.
 */
export function fromDecimal(text: string, unit: Unit | 'auto'): Instant | Reason | undefined {
  const match = DECIMAL.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = match[4] ?? '', , exponent = '0'] = match
  const known = unit === 'auto' ? guess(Number(text)) : unit
  if (known === undefined) return noUnit(`"${text}"`)
  const point = whole.length + PLACES[known] + Number(exponent)
  const [ms, extraNs] = digitsAt(whole + fraction, point)
  const rule = unit === 'auto' ? GUESSED[known] : RULES[known]
  if (sign !== '-') return { ms, extraNs, rule }
  return extraNs === 0 ? { ms: -ms, extraNs, rule } : { ms: -ms - 1, extraNs: 1e6 - extraNs, rule }
}

/** Whole and millionths of digits whose point stands behind the first `point` of them. */
function digitsAt(digits: string, point: number): [whole: number, millionths: number] {
  const significant = /[1-9]/.test(digits)
  if (point > MAX_DIGITS) return [significant ? Number.POSITIVE_INFINITY : 0, 0]
  if (point < -MAX_DIGITS) return [0, 0]
  const all = ('0'.repeat(Math.max(-point, 0)) + digits).padEnd(point, '0')
  const at = Math.max(point, 0)
  return [Number(all.slice(0, at)), Number(all.slice(at, at + 6).padEnd(6, '0'))]
}
