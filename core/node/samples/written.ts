import { ExactDecimal } from '../../record/exact-decimal.ts'
import { isJsonNumber } from '../../record/exact-number.ts'
import { isKafkaMessage, KAFKA_MESSAGE } from '../../record/record.ts'

/**
 * A value as JSON can carry it to the editor and back. What JSON has no form for is an object of
 * one key: `{"$bytes": …}` (base64), `$bigint`, `$decimal` (of more
 * digits than a double holds), `$number` (NaN), `$date`, `$kafka` (a message
 * whose bytes pass untouched). An object that looks like one of these is wrapped in `$object`.
 */
export type Written = unknown

const TAGS = ['$bytes', '$bigint', '$decimal', '$number', '$date', '$kafka', '$object']
/** Deeper than a record may be, so that a preview still says that it is. */
const MAX_DEPTH = 80
const MARK = '…'

/** Writes values until the bytes that it may use are used up; the rest is left out. */
export class Writer {
  /** True once something was left out. */
  cut = false

  /** @param left bytes of JSON that may still be written */
  constructor(public left: number) {}

  write(value: unknown, depth = 0): Written {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'number':
        if (!Number.isFinite(value)) return this.#tagged('$number', String(value))
        this.left -= 8
        return value
      case 'bigint':
        return this.#tagged('$bigint', String(value))
      case 'boolean':
        this.left -= 5
        return value
      case 'object':
        return value === null ? this.#nothing() : this.#object(value, depth)
      default:
        return this.#nothing()
    }
  }

  #nothing(): null {
    this.left -= 4
    return null
  }

  #text(value: string): string {
    const room = Math.max(0, this.left)
    // Cut before it is measured: a text may be of any length.
    const head = value.length > room ? value.slice(0, room) : value
    this.left -= Buffer.byteLength(head) + 2
    if (head.length === value.length) return value
    this.cut = true
    return head + MARK
  }

  #tagged(tag: string, text: string): object {
    this.left -= tag.length + 6
    return { [tag]: this.#text(text) }
  }

  #object(value: object, depth: number): Written {
    if (depth > MAX_DEPTH) return this.#leftOut()
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (value instanceof ExactDecimal) return this.#tagged('$decimal', value.text)
    if (value instanceof Date)
      return this.#tagged('$date', Number.isNaN(value.getTime()) ? '' : value.toISOString())
    if (Array.isArray(value)) return this.#items(value, depth)
    const keys = Object.keys(value)
    const written = this.#properties(value, keys, depth)
    if (isKafkaMessage(value)) return { $kafka: written }
    return keys.length === 1 && TAGS.includes(keys[0]!) ? { $object: written } : written
  }

  #leftOut(): string {
    this.cut = true
    return MARK
  }

  #bytes(value: Uint8Array): object {
    const room = Math.max(0, Math.floor(this.left * 0.75))
    if (value.length > room) this.cut = true
    const text = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, room)).toString(
      'base64'
    )
    this.left -= text.length + 13
    return { $bytes: text }
  }

  #items(value: readonly unknown[], depth: number): Written[] {
    const items: Written[] = []
    this.left -= 2
    for (let index = 0; index < value.length; index++) {
      if (this.left <= 0) {
        this.cut = true
        break
      }
      items.push(this.write(value[index], depth + 1))
      this.left--
    }
    return items
  }

  #properties(value: object, keys: readonly string[], depth: number): object {
    // Without a prototype, so that a field called `__proto__` is a field.
    const written = Object.create(null) as Record<string, Written>
    this.left -= 2
    for (const key of keys) {
      const one = (value as Record<string, unknown>)[key]
      if (one === undefined || typeof one === 'function') continue
      if (this.left <= key.length) {
        this.cut = true
        break
      }
      this.left -= Buffer.byteLength(key) + 4
      written[key] = this.write(one, depth + 1)
    }
    return written
  }
}

/**
 * The value of a written one. What was made by nobody's writer is a value as well: nothing is
 * thrown.
 */
export function read(written: Written): unknown {
  if (typeof written !== 'object' || written === null) return written
  if (Array.isArray(written)) return written.map(read)
  const entries = Object.entries(written)
  const [only] = entries
  if (entries.length === 1 && TAGS.includes(only![0]))
    return readTagged(only![0], only![1]) ?? readAll(entries)
  return readAll(entries)
}

/** `fromEntries` defines properties, so that `__proto__` stays a field. */
const readAll = (entries: readonly [string, unknown][]) =>
  Object.fromEntries(entries.map(([key, value]) => [key, read(value)]))

function readTagged(tag: string, value: unknown): unknown {
  if (tag === '$object') return isObject(value) ? readAll(Object.entries(value)) : undefined
  if (tag === '$kafka')
    return isObject(value)
      ? { ...readAll(Object.entries(value)), [KAFKA_MESSAGE]: true }
      : undefined
  if (typeof value !== 'string') return undefined
  if (tag === '$bytes') return Buffer.from(value, 'base64')
  if (tag === '$date') return new Date(value)
  if (tag === '$number') return Number(value)
  if (tag === '$decimal')
    return isJsonNumber(value) && value.length <= 1000 ? new ExactDecimal(value) : undefined
  return /^-?\d{1,1000}$/.test(value) ? BigInt(value) : undefined
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
