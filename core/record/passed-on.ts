import { jsonText } from './json-write.ts'

/**
 * Where a record is long, writing it costs three times what it costs to copy the bytes that it was
 * read from; for a short one it is the other way round.
 */
const LONG_BYTES = 512

const OBJECT_BEGIN = 0x7b
const OBJECT_END = 0x7d

/** The fields that a record had when it was read from its bytes. */
export interface AsRead {
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * What tells later whether the bytes of a record still say what it holds. Undefined where they are
 * few, or where the text may hold more than the record does: objects in it, which a node could
 * change in place, a name that stands twice, or escapes, which are not looked into.
 */
export function asRead(bytes: Buffer, record: object): AsRead | undefined {
  if (bytes.length < LONG_BYTES) return undefined
  if (bytes[0] !== OBJECT_BEGIN || bytes[bytes.length - 1] !== OBJECT_END) return undefined
  const names = Object.keys(record)
  const values = Object.values(record)
  if (names.length === 0) return undefined
  let texts = names.length
  for (const value of values) {
    if (typeof value === 'object' && value !== null) return undefined
    if (typeof value === 'string') texts++
  }
  return hasQuotes(bytes.toString('latin1'), 2 * texts) ? { names, values } : undefined
}

/** True if the text has so many quotes and no escape. */
function hasQuotes(text: string, expected: number): boolean {
  let left = expected
  for (let at = text.indexOf('"'); at >= 0 && left >= 0; at = text.indexOf('"', at + 1)) left--
  return left === 0 && !text.includes('\\')
}

/**
 * The JSON of a record by the bytes that it was read from, with the fields that were added since.
 * Undefined where it has changed otherwise.
 */
export function passedOn(
  bytes: Buffer,
  { names, values }: AsRead,
  record: object
): Buffer | undefined {
  const now = Object.keys(record)
  if (now.length < names.length) return undefined
  const held = record as Record<string, unknown>
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!
    if (now[index] !== name || held[name] !== values[index]) return undefined
  }
  let added = ''
  for (let index = names.length; index < now.length; index++) {
    const value = held[now[index]!]
    if (typeof value === 'function') return undefined
    const text = jsonText(value)
    if (text !== undefined) added += `,${JSON.stringify(now[index])}:${text}`
  }
  const whole = Buffer.allocUnsafe(bytes.length + Buffer.byteLength(added))
  const end = bytes.length - 1
  whole.set(bytes, 0)
  whole.write(`${added}}`, end)
  return whole
}
