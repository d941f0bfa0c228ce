/**
 * Decimal numbers in PostgreSQL's binary form: digits of base 10,000 (source: numeric_send in
 * numeric.c).
 */

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/
const POSITIVE = 0x0000
const NEGATIVE = 0x4000
/** PostgreSQL documentation, 8.1.2: up to 131,072 digits before the point and 16,383 after it. */
const MAX_BEFORE = 131_072
const MAX_AFTER = 16_383

/**
 * The words of a decimal number: count of digits, weight, sign, scale, digits. Undefined if the
 * text is none or too long.
 */
export function numericWords(text: string): Int16Array | undefined {
  const parts = DECIMAL.exec(text)
  if (!parts) return undefined
  const [before, after] = shifted(parts[2] ?? '', parts[3] ?? '', Number(parts[4] ?? 0))
  if (
    (parts[2] ?? '') + (parts[3] ?? '') === '' ||
    before.length > MAX_BEFORE ||
    after.length > MAX_AFTER
  )
    return undefined
  const whole = before.padStart(Math.ceil(before.length / 4) * 4, '0')
  const part = after.padEnd(Math.ceil(after.length / 4) * 4, '0')
  const digits = (whole + part).match(/.{4}/g)?.map(Number) ?? []
  let weight = whole.length / 4 - 1
  // counted and cut once: taking them off one by one moves all the others each time
  const zeros = digits.findIndex(digit => digit !== 0)
  if (zeros !== 0) {
    weight -= zeros < 0 ? digits.length : zeros
    digits.splice(0, zeros < 0 ? digits.length : zeros)
  }
  while (digits.length > 0 && digits.at(-1) === 0) digits.pop()
  const sign = parts[1] === '-' && digits.length > 0 ? NEGATIVE : POSITIVE
  return Int16Array.of(
    digits.length,
    digits.length === 0 ? 0 : weight,
    sign,
    after.length,
    ...digits
  )
}

/** Moves the decimal point by the exponent. */
function shifted(before: string, after: string, exponent: number): [string, string] {
  if (exponent >= 0) {
    const moved = after.padEnd(exponent, '0')
    return [before + moved.slice(0, exponent), moved.slice(exponent)]
  }
  const moved = before.padStart(-exponent, '0')
  return [moved.slice(0, exponent), moved.slice(exponent) + after]
}
