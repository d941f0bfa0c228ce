import { ExactDecimal } from '../record/exact-decimal.ts'
import { integerOf, keyRepeated, longNumber } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'

/** How values that JSON does not have are written in a record. */
export interface PlainRules {
  readonly exact: boolean
  readonly nanAsNull: boolean
  /**
   * U+FFFD stands in the bytes themselves; otherwise it stands for bytes that are no UTF-8, which
   * its decoder has put it in the place of.
   */
  readonly hasReplacement?: boolean
}

const REPLACEMENT = '\uFFFD'
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT)

/** Whether the bytes write U+FFFD themselves. */
export const hasReplacement = (bytes: Buffer): boolean => bytes.includes(REPLACEMENT_BYTES)

const noText = () => new ParseFailure('FORMAT_INVALID', 'A text in it is not valid UTF-8.', '')

/**
 * What a binary format holds as a record holds it: bytes as base64, times as ISO 8601, maps as
 * objects, numbers of more digits than a double holds as the rules say. What is nested too deep is
 * its reason.
 */
export function plain(value: unknown, rules: PlainRules, depth = 1): unknown {
  if (typeof value === 'bigint') return integerOf(value, rules.exact)
  if (typeof value === 'number') return Number.isFinite(value) || !rules.nanAsNull ? value : null
  if (value === undefined) return null
  if (typeof value === 'string') return isChanged(value, rules) ? noText() : value
  if (typeof value !== 'object' || value === null || value instanceof ParseFailure) return value
  if (value instanceof ExactDecimal) return longNumber(value.text, rules.exact)
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof Date) return isoOf(value)
  if (depth > MAX_DEPTH)
    return new ParseFailure(
      'PAYLOAD_TOO_DEEP',
      `The payload is nested more than ${MAX_DEPTH} levels deep.`
    )
  if (Array.isArray(value)) return value.map(each => plain(each, rules, depth + 1))
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value)
  const made = new Map<string, unknown>()
  for (const [key, each] of entries) {
    const name = nameOf(key)
    if (isChanged(name, rules)) return noText()
    if (made.has(name)) return keyRepeated(name)
    made.set(name, plain(each, rules, depth + 1))
  }
  // From entries, a key such as __proto__ is an own property, which the walk over the record
  // refuses.
  return Object.fromEntries(made)
}

const isChanged = (text: string, rules: PlainRules) =>
  rules.hasReplacement === false && text.includes(REPLACEMENT)

function nameOf(key: unknown): string {
  if (typeof key === 'string') return key
  return key instanceof Uint8Array ? Buffer.from(key).toString('base64') : String(key)
}

const isoOf = (time: Date): string | ParseFailure =>
  Number.isNaN(time.getTime())
    ? new ParseFailure('FORMAT_INVALID', 'It has a time that does not exist.', '')
    : time.toISOString()
