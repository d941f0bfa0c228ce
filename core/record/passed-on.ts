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
 * few, or hold more than the record itself: objects, which a node could change in place, or what
 * stands before or behind it.
 * @param record what `parseRecord` has read from the bytes, so that no name stands twice in them
 */
export function asRead(bytes: Buffer, record: object): AsRead | undefined {
  if (bytes.length < LONG_BYTES) return undefined
  if (bytes[0] !== OBJECT_BEGIN || bytes[bytes.length - 1] !== OBJECT_END) return undefined
  const names = Object.keys(record)
  if (names.length === 0) return undefined
  const values = Object.values(record)
  for (const value of values) if (typeof value === 'object' && value !== null) return undefined
  return { names, values }
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
