/** Longer texts are no numbers that a double holds. */
const MAX_CHARACTERS = 400
/** Decimal digits that a double holds whatever they are (DBL_DIG of IEEE 754 binary64). */
const SAFE_DIGITS = 15
/** As many places as `toFixed` writes. */
const MAX_PLACES = 100

const POINT = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d{1,4}))?$/i
/** A comma before the fraction; thousands are divided by points, spaces (also narrow and fixed ones) or apostrophes. */
const COMMA = /^[+-]?(?:\d+|[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ \u00a0\u202f]\d{3})+|(?:['’]\d{3})+))(?:,\d*)?(?:e[+-]?\d+)?$/i
const COMMA_FIRST = /^[+-]?,\d+(?:e[+-]?\d+)?$/i

/**
 * The number that a text writes, as `23.5`, `.5` or `1e3`. Undefined if it is none, or if it has more digits than a number
 * can hold: what is read here is written elsewhere with the same digits.
 */
export function numberIn(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed.length > MAX_CHARACTERS) return undefined
  const match = POINT.exec(trimmed)
  if (match === null) return undefined
  const number = Number(trimmed)
  if (!Number.isFinite(number)) return undefined
  const [, , whole = '', fraction = match[4] ?? '', exponent = '0'] = match
  return holds(number, whole, fraction, Number(exponent)) ? number : undefined
}

/**
 * The same where the comma stands before the fraction: `1.234,5` is 1234.5 and `1.234` is 1234, as in CLDR's German. A
 * point that divides no thousands (`21.5`) makes it no number, since nobody can say what was meant.
 */
export function numberWithComma(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed.length > MAX_CHARACTERS || !(COMMA.test(trimmed) || COMMA_FIRST.test(trimmed))) return undefined
  return numberIn(trimmed.replace(/[. \u00a0\u202f'’]/g, '').replace(',', '.'))
}

function holds(number: number, whole: string, fraction: string, exponent: number): boolean {
  const digits = significant(whole + fraction)
  if (digits.length <= SAFE_DIGITS) return digits === '' || number !== 0
  // Beyond this only some whole numbers can be held: ids of one device would become those of another.
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) return false
  if (significant(String(number).replace(/e.*/, '').replace(/[-.]/g, '')) === digits) return true
  const places = fraction.length - exponent
  return places >= 0 && places <= MAX_PLACES && significant(Math.abs(number).toFixed(places).replace('.', '')) === digits
}

/** Without the zeros that say only where the point is. */
const significant = (digits: string) => digits.replace(/^0+/, '').replace(/0+$/, '')
