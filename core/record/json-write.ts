import { randomUUID } from 'node:crypto'

/** Nobody can send a text that stands for an integer. */
const MARK = `${randomUUID()}:`
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

/**
 * The JSON of a value; undefined for what has none, as with `JSON.stringify`. A BigInt is written
 * with all its digits: JSON itself has no bound for integers (RFC 8259, section 6).
 * @throws TypeError for what refers to itself
 */
export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined
  } catch (error) {
    return withBigInts(value, error)
  }
}

/** Only for what `JSON.stringify` has refused, so that records without BigInt cost nothing. */
function withBigInts(value: unknown, refusal: unknown): string {
  let found = 0
  const text = JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'bigint') return each
    found++
    return `${MARK}${each}`
  })
  if (found === 0) throw refusal
  return text.replace(MARKED, '$1')
}
