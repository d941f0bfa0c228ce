import { randomUUID } from 'node:crypto'
import { decimalsWritten, markingDecimals } from './exact-decimal.ts'

/** Nobody can send a text that stands for a number. */
const MARK = `${randomUUID()}:`
const MARKED = new RegExp(`"${MARK}([-+.\\deE]+)"`, 'g')

/**
 * The JSON of a value; undefined for what has none, as with `JSON.stringify`. A BigInt and an
 * `ExactDecimal` are written with all their digits: JSON itself has no bound for numbers (RFC 8259,
 * section 6).
 * @throws TypeError for what refers to itself
 */
export function jsonText(value: unknown): string | undefined {
  const before = decimalsWritten()
  let text: string | undefined
  try {
    text = JSON.stringify(value) as string | undefined
  } catch (error) {
    return withAllDigits(value, error)
  }
  return decimalsWritten() === before ? text : withAllDigits(value, undefined)
}

/** Only for what needs it, so that records without such numbers cost nothing. */
function withAllDigits(value: unknown, refusal: unknown): string {
  const before = decimalsWritten()
  let found = 0
  const text = markingDecimals(MARK, () =>
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each !== 'bigint') return each
      found++
      return `${MARK}${each}`
    })
  )
  if (found === 0 && decimalsWritten() === before) throw refusal
  return text.replace(MARKED, '$1')
}
