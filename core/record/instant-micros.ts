import { extraMicros, parseIso } from './iso-time.ts'

/**
 * Microseconds since 1970 of a text of ISO 8601 with a zone, or of a number of milliseconds;
 * undefined for what is no time. What is finer in a text is cut; a number is rounded, since near
 * today it is the nearest one that a double can be.
 */
export function instantMicros(value: unknown): bigint | undefined {
  if (value instanceof Date) return microsOf(value.getTime(), 0)
  if (typeof value === 'number') {
    const ms = Math.floor(value)
    return microsOf(ms, Math.round((value - ms) * 1000))
  }
  return typeof value === 'string' ? isoMicros(value) : undefined
}

/** What `Date` can hold, since nodes that read it make one. */
const MAX_MS = 8_640_000_000_000_000

const microsOf = (ms: number, more: number): bigint | undefined =>
  Math.abs(ms) <= MAX_MS ? BigInt(ms) * 1000n + BigInt(more) : undefined

/** What is finer stands beside the milliseconds once the text was read. */
function isoMicros(text: string): bigint | undefined {
  const ms = parseIso(text)
  return microsOf(ms, extraMicros)
}
