import { isExact } from './exact-number.ts'

/** Longer texts are no numbers that a double holds. */
const MAX_CHARACTERS = 400

const POINT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?$/i
/** A comma before the fraction. */
const COMMA = /^[+-]?\d+(?:,\d*)?(?:e[+-]?\d+)?$/i
/**
 * The same with thousands, which are divided by points, spaces (also narrow and fixed ones) or
 * apostrophes. Nobody writes a power of ten behind them: the point of 1.234e5 is one of English.
 */
const THOUSANDS =
  /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ \u00a0\u2009\u202f]\d{3})+|(?:['’]\d{3})+)(?:,\d*)?$/
/** An address of IPv4 such as 192.168.100.200 is written as thousands may be. */
const ADDRESS = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
const COMMA_FIRST = /^[+-]?,\d+(?:e[+-]?\d+)?$/i

/**
 * The number that a text writes, as `23.5`, `.5` or `1e3`. Undefined if it is none, or if it has
 * more digits than a number can hold: what is read here is written elsewhere with the same digits.
 */
export function numberIn(text: string): number | undefined {
  const trimmed = signed(text.trim())
  if (trimmed.length > MAX_CHARACTERS) return undefined
  return POINT.test(trimmed) && isExact(trimmed.replace('+', '')) ? Number(trimmed) : undefined
}

/**
 * The same where the comma stands before the fraction: `1.234,5` is 1234.5 and `1.234` is 1234, as
 * in CLDR's German. A point that divides no thousands (`21.5`) makes it no number, and neither is
 * what may be an address as well (`192.168.100.200`), since nobody can say what was meant.
 */
export function numberWithComma(text: string): number | undefined {
  const written = withPoint(text)
  return written === undefined ? undefined : numberIn(written)
}

/** A number with a decimal comma as it is written with a point and without marks of thousands. */
export function withPoint(text: string): string | undefined {
  const trimmed = signed(text.trim())
  if (trimmed.length > MAX_CHARACTERS || !isWithComma(trimmed)) return undefined
  return trimmed.replace(/[. \u00a0\u2009\u202f'’]/g, '').replace(',', '.')
}

const isWithComma = (text: string): boolean =>
  COMMA.test(text) || COMMA_FIRST.test(text) || (THOUSANDS.test(text) && !ADDRESS.test(text))

const MINUS = 0x2212

/** Swedish, Norwegian and Finnish write the minus of mathematics (CLDR). */
const signed = (text: string): string => (text.charCodeAt(0) === MINUS ? `-${text.slice(1)}` : text)
