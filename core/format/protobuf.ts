import protobuf from 'protobufjs'
import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { type Decode, type DecoderOptions, one } from './decoder.ts'
import { type FieldPlan, type MessagePlan, planOf } from './protobuf-plan.ts'
import { PROTOBUF_TIMES } from './protobuf-times.ts'

/**
 * Protobuf by a schema in text. The library reads the schema and the wire; what a message means is
 * read off the schema here, since the library's own decoder is code that it makes from text.
 */
export function protobufDecoder(options: DecoderOptions): Decode {
  if (options.framing === 'single' || options.framing === 'container')
    throw new OptionsError('Header', ['is one of Avro, and the format is Protobuf'])
  const plan = planOf(options.schema, options.messageType)
  const budget = (bytes: Buffer) => bytes.length + 1
  return bytes => {
    const start = options.framing === 'registry' ? afterRegistryHeader(bytes) : 0
    if (start < 0) return invalid('it does not begin with the five bytes of a schema registry')
    try {
      const reader = new Message(
        protobuf.Reader.create(bytes.subarray(start)),
        options,
        budget(bytes)
      )
      return one(reader.read(plan, bytes.length - start, 1))
    } catch (error) {
      if (error instanceof OptionsError) throw error
      return error instanceof RangeError && !/index out of range/.test(error.message)
        ? invalid('it is nested too deep')
        : invalid(/index out of range/.test(reasonOf(error)) ? 'it is cut off' : reasonOf(error))
    }
  }
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is no such Protobuf message: ${why}.`)

/**
 * A zero, the id of the schema, and the place of the message type in it: a list of zigzag numbers,
 * mostly the one byte 0.
 */
function afterRegistryHeader(bytes: Buffer): number {
  if (bytes.length < 6 || bytes[0] !== 0) return -1
  const reader = protobuf.Reader.create(bytes.subarray(5))
  try {
    const count = reader.sint32()
    if (count < 0 || count > 64) return -1
    for (let index = 0; index < count; index++) reader.sint32()
    return 5 + reader.pos
  } catch {
    return -1
  }
}

class Message {
  constructor(
    private readonly reader: protobuf.Reader,
    private readonly options: DecoderOptions,
    /** Each value takes a byte at least, but for those that an absent field has. */
    private left: number
  ) {}

  read(plan: MessagePlan, end: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
    const { reader } = this
    const found = new Map<string, unknown>()
    while (reader.pos < end) {
      const tag = reader.uint32()
      const field = plan.fields.get(tag >>> 3)
      if (field === undefined || !this.#accepts(field, tag & 7)) reader.skipType(tag & 7)
      else this.#take(found, field, tag & 7, depth)
    }
    if (reader.pos > end) throw new Error('a message is longer than it says')
    return this.#finish(plan, found)
  }

  #accepts(field: FieldPlan, wire: number): boolean {
    if (field.key) return wire === 2
    return wire === field.wire || (field.isRepeated && field.canPack && wire === 2)
  }

  #take(found: Map<string, unknown>, field: FieldPlan, wire: number, depth: number): void {
    if (--this.left < 0) throw new Error('it has more values than bytes')
    for (const other of field.rivals) found.delete(other)
    if (field.key) this.#takeEntry(found, field, depth)
    else if (!field.isRepeated) found.set(field.name, this.#value(field, depth))
    else {
      const list = (found.get(field.name) as unknown[] | undefined) ?? []
      found.set(field.name, list)
      if (wire !== 2 || !field.canPack) list.push(this.#value(field, depth))
      else {
        const end = this.#end()
        while (this.reader.pos < end) list.push(this.#value(field, depth))
      }
    }
  }

  #end(): number {
    const length = this.reader.uint32()
    const end = this.reader.pos + length
    if (end > this.reader.len) throw new Error('it is cut off')
    return end
  }

  /** A map is a repeated message of key and value. */
  #takeEntry(found: Map<string, unknown>, field: FieldPlan, depth: number): void {
    const { reader } = this
    const end = this.#end()
    const map =
      (found.get(field.name) as Map<string, unknown> | undefined) ?? new Map<string, unknown>()
    found.set(field.name, map)
    let key: unknown = field.key!.absent
    let value: unknown = field.absent ?? null
    while (reader.pos < end) {
      const tag = reader.uint32()
      if (tag >>> 3 === 1 && (tag & 7) === field.key!.wire)
        key = field.key!.read(reader, this.options)
      else if (tag >>> 3 === 2 && (tag & 7) === field.wire) value = this.#value(field, depth)
      else reader.skipType(tag & 7)
    }
    map.set(String(key), value)
  }

  #value(field: FieldPlan, depth: number): unknown {
    const { message } = field
    if (message === undefined) return field.read(this.reader, this.options)
    return this.read(message(), this.#end(), depth + 1)
  }

  #finish(plan: MessagePlan, found: Map<string, unknown>): unknown {
    const record: [string, unknown][] = []
    for (const field of plan.fields.values()) {
      const value = found.get(field.name)
      if (value instanceof Map) record.push([field.name, Object.fromEntries(value)])
      else if (value !== undefined) record.push([field.name, value])
      else if (field.isRequired)
        throw new Error(`the field ${field.name} is missing, which the schema requires`)
      else if (field.absent !== undefined && !field.isRepeated && !field.key)
        record.push([field.name, field.absent])
    }
    const made = Object.fromEntries(record)
    return PROTOBUF_TIMES[plan.name]?.(made) ?? made
  }
}
