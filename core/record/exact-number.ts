/** A number as JSON writes it. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** `toPrecision` writes no more; a longer number is the value of a double only by chance. */
const MAX_DIGITS = 100

export const isJsonNumber = (text: string): boolean => JSON_NUMBER.test(text)

/**
 * True if a double holds the number that a text writes, so that reading it changes nothing (RFC
 * 8259, section 6): the double's own text is the same number, or, for what is no integer, the same
 * to as many digits as are written. Devices print doubles with 17 digits where fewer would do; an
 * integer beyond 2^53 is printed with other digits than it came.
 */
export function isExact(text: string): boolean {
  const number = Number(text)
  if (!Number.isFinite(number)) return false
  const written = digitsOf(text)
  if (written === digitsOf(String(number))) return true
  const { length } = written.slice(0, written.indexOf('e'))
  const isWhole = Math.abs(number) >= Number.MAX_SAFE_INTEGER
  if (isWhole || length > MAX_DIGITS || number === 0) return false
  return length > 0 && written === digitsOf(number.toPrecision(length))
}

/** Mantissa times a power of ten, without the power where that takes no thousands of zeros. */
export function scaled(mantissa: bigint | number, power: number): string {
  if (Math.abs(power) > MAX_DIGITS * 10) return `${mantissa}e${power}`
  const text = String(mantissa)
  const sign = text.startsWith('-') ? '-' : ''
  const digits = text.slice(sign.length)
  if (power >= 0) return sign + digits + '0'.repeat(digits === '0' ? 0 : power)
  const padded = digits.padStart(1 - power, '0')
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`
}

/** The digits that count and the power of ten of the last: 0.0120 and 1.2e-2 are both `12e-3`. */
function digitsOf(text: string): string {
  const [mantissa = '', power = '0'] = text.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = whole + fraction
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === ZERO) end--
  let start = 0
  while (start < end && digits.charCodeAt(start) === ZERO) start++
  if (start === end) return '0e0'
  return `${digits.slice(start, end)}e${Number(power) - fraction.length + digits.length - end}`
}

const ZERO = 0x30
