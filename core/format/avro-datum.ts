import { isUtf8 } from 'node:buffer'
import { scaled } from '../record/exact-number.ts'
import { integerOf, numberOf } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { meaningOf } from './avro-logical.ts'
import type { AvroType } from './avro-schema.ts'
import type { DecoderOptions, Steps } from './decoder.ts'
import { Growing } from './members.ts'
import type { ValueCount } from './value-count.ts'

/**
 * Values that take no byte, such as nulls of a list, are counted: a list may claim any number of
 * them.
 */
export const MAX_EMPTY = 100_000
const MAX_DECIMAL_BYTES = 400
/** Fewer bytes are read at once. */
const STRETCH_BYTES = 4_096
/** So many elements are read before others have their turn. */
const TURN_VALUES = 256

/** What is wrong with the bytes, for `invalid`. */
export class Wrong extends Error {}

export const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is not Avro of this schema: ${why}.`)

const tooDeep = () => new Wrong(`it is nested more than ${MAX_DEPTH} levels deep`)

/** The members of a map. */
class MapMembers extends Growing {
  put(key: string, value: unknown): void {
    if (!this.add(key, value)) throw new Wrong('a key stands twice in a map')
  }
}

const isPrimitive = ({ kind }: AvroType) =>
  kind !== 'record' && kind !== 'union' && kind !== 'array' && kind !== 'map'

/** Avro 1.12, "Binary Encoding". */
export class Datum {
  #empty = MAX_EMPTY
  #sinceTurn = 0

  constructor(
    private readonly bytes: Buffer,
    private at: number,
    private readonly options: DecoderOptions,
    private readonly values: ValueCount
  ) {}

  /** The byte that is read next. */
  get place(): number {
    return this.at
  }
  get isAtEnd(): boolean {
    return this.at === this.bytes.length
  }

  read(type: AvroType, depth: number): unknown {
    if (depth > MAX_DEPTH * 2) throw tooDeep()
    switch (type.kind) {
      case 'record':
        this.values.fields(type.fields.length)
        return Object.fromEntries(
          type.fields.map(({ name, type: inner }) => [name, this.read(inner, depth + 1)])
        )
      case 'union':
        return this.read(this.#among(type.branches), depth + 1)
      case 'array':
        return this.#array(type.of, depth)
      case 'map':
        return this.#map(type.of, depth)
      case 'enum':
        return this.#among(type.symbols)
      case 'bytes':
        return this.#bytes(this.length(), type.scale)
      case 'fixed':
        return this.#bytes(type.size, type.scale)
      case 'logical':
        // A time of 19 digits is a text in the end, which holds them.
        return meaningOf(
          type.logical,
          type.of.kind === 'long' ? this.#long() : this.read(type.of, depth)
        )
      default:
        return this.#primitive(type.kind)
    }
  }

  /** The same, where others are to have their turn in between. */
  *long(type: AvroType, depth: number): Steps<unknown> {
    // A list may claim many values that take no byte.
    if (type.kind !== 'array' && this.bytes.length - this.at < STRETCH_BYTES)
      return this.read(type, depth)
    if (depth > MAX_DEPTH * 2) throw tooDeep()
    switch (type.kind) {
      case 'record': {
        const entries: [string, unknown][] = []
        this.values.fields(type.fields.length)
        for (const { name, type: inner } of type.fields)
          entries.push([name, yield* this.long(inner, depth + 1)])
        return Object.fromEntries(entries)
      }
      case 'union':
        return yield* this.long(this.#among(type.branches), depth + 1)
      case 'array':
        return yield* this.#longList(type.of, depth)
      case 'map':
        return yield* this.#longMap(type.of, depth)
      default:
        return this.read(type, depth)
    }
  }

  *#longList(of: AvroType, depth: number): Steps<unknown[]> {
    const list: unknown[] = []
    for (let count = this.count(); count > 0; count = this.count()) {
      for (let index = 0; index < count; index++) {
        list.push(yield* this.#longElement(of, depth))
        this.values.element()
      }
    }
    return list
  }

  *#longMap(of: AvroType, depth: number): Steps<object> {
    const map = new MapMembers(this.options.maxFields)
    for (let count = this.count(); count > 0; count = this.count()) {
      for (let index = 0; index < count; index++) {
        this.values.fields(1)
        const key = this.#text()
        map.put(key, yield* this.#longElement(of, depth))
      }
    }
    return map.object
  }

  *#longElement(of: AvroType, depth: number): Steps<unknown> {
    const before = this.at
    const value = isPrimitive(of) ? this.read(of, depth + 1) : yield* this.long(of, depth + 1)
    this.#countEmpty(before)
    if (++this.#sinceTurn >= TURN_VALUES || this.values.isTurn()) {
      this.#sinceTurn = 0
      yield
    }
    return value
  }

  #primitive(kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'string'): unknown {
    switch (kind) {
      case 'null':
        return null
      case 'boolean':
        return this.#boolean()
      case 'float':
        return this.#real(this.take(4).readFloatLE(0))
      case 'double':
        return this.#real(this.take(8).readDoubleLE(0))
      case 'string':
        return this.#text()
      default:
        return integerOf(this.#long(), this.options.exact)
    }
  }

  #text(): string {
    const bytes = this.take(this.length())
    const text = bytes.toString()
    if (text.includes('\uFFFD') && !isUtf8(bytes)) throw new Wrong('a text is not valid UTF-8')
    return text
  }

  #boolean(): boolean {
    const byte = this.take(1)[0]!
    if (byte > 1) throw new Wrong('a boolean is neither 0 nor 1')
    return byte === 1
  }

  #real(value: number): number | null {
    return this.options.nanAsNull && !Number.isFinite(value) ? null : value
  }

  #among<T>(choices: readonly T[]): T {
    const index = Number(this.#long())
    const choice = choices[index]
    if (choice === undefined)
      throw new Wrong(`a choice is ${index}, and there are ${choices.length}`)
    return choice
  }

  #array(of: AvroType, depth: number): unknown[] {
    const list: unknown[] = []
    for (let count = this.count(); count > 0; count = this.count()) {
      for (let index = 0; index < count; index++) {
        list.push(this.element(of, depth))
        this.values.element()
      }
    }
    return list
  }

  #map(of: AvroType, depth: number): object {
    const map = new MapMembers(this.options.maxFields)
    for (let count = this.count(); count > 0; count = this.count()) {
      for (let index = 0; index < count; index++) {
        this.values.fields(1)
        const key = this.#text()
        map.put(key, this.element(of, depth))
      }
    }
    return map.object
  }

  element(of: AvroType, depth: number): unknown {
    const before = this.at
    const value = this.read(of, depth + 1)
    this.#countEmpty(before)
    return value
  }

  #countEmpty(before: number): void {
    if (this.at === before && --this.#empty < 0)
      throw new Wrong('it claims too many values that take no byte')
  }

  /** Values of a block; where the number is negative its size in bytes follows. */
  count(): number {
    const count = Number(this.#long())
    if (count >= 0) return count
    this.#long()
    return -count
  }

  length(): number {
    const length = Number(this.#long())
    if (length < 0) throw new Wrong('a length is negative')
    return length
  }

  take(length: number): Buffer {
    const end = this.at + length
    if (end > this.bytes.length) throw new Wrong('it is cut off')
    const taken = this.bytes.subarray(this.at, end)
    this.at = end
    return taken
  }

  /** A zigzag varint of at most ten bytes. */
  #long(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new Wrong('it is cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw new Wrong('an integer has more than ten bytes')
  }

  /** Bytes as base64, or the decimal that they are where the schema says so. */
  #bytes(length: number, scale: number | undefined): unknown {
    const bytes = this.take(length)
    if (scale === undefined) return bytes.toString('base64')
    if (length > MAX_DECIMAL_BYTES) throw new Wrong('a decimal is too long')
    if (length === 0) return 0
    const mantissa = BigInt.asIntN(length * 8, BigInt(`0x${bytes.toString('hex')}`))
    return numberOf(scaled(mantissa, -scale), this.options.exact)
  }
}
