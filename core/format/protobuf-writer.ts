import protobuf from 'protobufjs'
import { MAX_DEPTH } from '../record/parse-record.ts'
import type { WriteRecord } from './avro-writer.ts'
import type { ReferencedText } from './decoder.ts'
import { textsOf } from './protobuf.ts'
import { type FieldPlan, type MessagePlan, placedPlan } from './protobuf-plan.ts'
import { ANY_JSON, NoMessage, PROTOBUF_WRITTEN } from './protobuf-written.ts'
import { type ExtraFields, isPlain, own, refuseExtra, Walk } from './schema-misfit.ts'
import { bytesIn, doubleIn, fitsFloat, integerIn, isNumber } from './written-values.ts'

/**
 * Writes records as Protobuf, behind the place of their type in the schema: what `protobufByPlace`
 * reads again.
 * @param head stands before each
 * @throws OptionsError that says what is wrong with the schema, or that it has no such type
 */
export function protobufWriter(
  schema: string,
  references: readonly ReferencedText[],
  head: Buffer,
  { messageType, extra }: { readonly messageType: string; readonly extra: ExtraFields }
): WriteRecord {
  const texts = textsOf(schema, references)
  const { plan, place } = placedPlan(texts.schema, texts.references, messageType)
  const begins = Buffer.concat([head, placeBytes(place)])
  const writer = new MessageWriter(extra)
  return record => Buffer.concat([begins, writer.whole(plan, record)])
}

/** The first type is written as the one byte 0. */
function placeBytes(place: readonly number[]): Uint8Array {
  if (place.length === 1 && place[0] === 0) return Buffer.of(0)
  const writer = protobuf.Writer.create().sint32(place.length)
  for (const index of place) writer.sint32(index)
  return writer.finish()
}

class MessageWriter {
  readonly #walk = new Walk()
  #to = protobuf.Writer.create()

  constructor(private readonly extra: ExtraFields) {}

  whole(plan: MessagePlan, record: unknown): Uint8Array {
    this.#walk.begin()
    this.#to = protobuf.Writer.create()
    this.#fields(plan, record)
    return this.#to.finish()
  }

  #fields(plan: MessagePlan, given: unknown): void {
    const meant = PROTOBUF_WRITTEN[plan.name]?.(given, plan) ?? given
    if (meant instanceof NoMessage) throw this.#walk.wrong(meant.wanted, given, 'FIELD_VALUE')
    if (!isPlain(meant)) throw this.#walk.wrong('an object', given)
    let known = 0
    for (const field of plan.fields.values()) {
      const value = own(meant, field.name)
      if (value !== undefined) known++
      this.#walk.enter(field.name)
      if (this.#walk.depth > MAX_DEPTH)
        throw this.#walk.says('PAYLOAD_TOO_DEEP', `is nested more than ${MAX_DEPTH} levels deep`)
      if (isThere(value, field)) this.#field(field, value, meant)
      else if (field.isRequired) throw this.#walk.wrong('', undefined)
      this.#walk.leave()
    }
    if (this.extra === 'leave-out' || known === Object.keys(meant).length) return
    const names = new Set([...plan.fields.values()].map(({ name }) => name))
    refuseExtra(meant, name => names.has(name), this.#walk)
  }

  #field(field: FieldPlan, value: unknown, record: object): void {
    const rival = field.rivals.find(name => isSet(own(record, name)))
    if (rival !== undefined)
      throw this.#walk.says('FIELD_UNEXPECTED', `cannot be there beside ${rival}: only one may be`)
    if (field.keyType !== undefined) this.#map(field, field.keyType, value)
    else if (field.isRepeated) this.#list(field, value)
    else this.#one(field, field.id, value)
  }

  #list(field: FieldPlan, value: unknown): void {
    if (!Array.isArray(value)) throw this.#walk.wrong('a list', value)
    const isPacked = field.isPacked && field.canPack
    if (value.length === 0) return
    if (isPacked) this.#to.uint32(tagOf(field.id, 2)).fork()
    for (let index = 0; index < value.length; index++) {
      this.#walk.enter(index)
      if (isPacked) this.#value(field.type, value[index])
      else this.#one(field, field.id, value[index])
      this.#walk.leave()
    }
    if (isPacked) this.#to.ldelim()
  }

  #map(field: FieldPlan, keyType: string, value: unknown): void {
    if (!isPlain(value)) throw this.#walk.wrong('an object', value)
    for (const [key, each] of Object.entries(value)) {
      if (each === undefined) continue
      this.#walk.enter(key)
      this.#to.uint32(tagOf(field.id, 2)).fork()
      this.#to.uint32(tagOf(1, field.key!.wire))
      this.#value(keyType, keyType === 'bool' ? truthOf(key) : key)
      this.#one(field, 2, each)
      this.#to.ldelim()
      this.#walk.leave()
    }
  }

  #one(field: FieldPlan, id: number, value: unknown): void {
    this.#to.uint32(tagOf(id, field.wire))
    if (field.message === undefined) this.#value(field.type, value)
    else {
      this.#to.fork()
      this.#fields(field.message(), value)
      this.#to.ldelim()
    }
  }

  #value(type: FieldPlan['type'], value: unknown): void {
    if (typeof type !== 'string') this.#enum(type, value)
    else if (type === 'bool') {
      if (typeof value !== 'boolean') throw this.#walk.wrong('true or false', value)
      this.#to.bool(value)
    } else if (type === 'string') this.#text(value)
    else if (type === 'bytes') {
      const bytes = bytesIn(value)
      if (bytes === undefined) throw this.#walk.wrong('bytes, or their base64', value)
      this.#to.bytes(bytes)
    } else if (type === 'double' || type === 'float') this.#real(type, value)
    else this.#integer(type as Integer, value)
  }

  #text(value: unknown): void {
    if (typeof value !== 'string') throw this.#walk.wrong('text', value)
    if (!value.isWellFormed())
      throw this.#walk.says('FIELD_VALUE', 'has half of a character, which UTF-8 cannot hold')
    this.#to.string(value)
  }

  /** By its name; a value that the schema does not name is read as its number. */
  #enum(values: Readonly<Record<string, number>>, value: unknown): void {
    const isNamed = typeof value === 'string' && Object.hasOwn(values, value)
    const number = isNamed ? values[value] : typeof value === 'number' ? value : undefined
    if (number === undefined || !Number.isInteger(number) || (number | 0) !== number) {
      const names = Object.keys(values).slice(0, 20).join(', ')
      throw this.#walk.wrong(`one of ${names}`, value, 'FIELD_VALUE')
    }
    this.#to.int32(number)
  }

  #real(type: 'double' | 'float', value: unknown): void {
    const real = doubleIn(value)
    if (real === undefined) {
      if (!isNumber(value)) throw this.#walk.wrong('a number', value)
      throw this.#walk.wrong('a number that a double holds', value, 'NUMBER_INEXACT')
    }
    if (type === 'float' && Number.isFinite(real) && !Number.isFinite(Math.fround(real)))
      throw this.#walk.wrong('a number that 32 bits hold', value, 'FIELD_VALUE')
    if (type === 'float' && !fitsFloat(real))
      throw this.#walk.wrong('a whole number that 32 bits hold', value, 'NUMBER_INEXACT')
    this.#to[type](real)
  }

  #integer(type: Integer, value: unknown): void {
    const integer = integerIn(value)
    const { from, to, isWide } = INTEGERS[type]
    if (integer === undefined) throw this.#walk.wrong('a whole number', value)
    if (integer < from || integer > to)
      throw this.#walk.wrong(`a whole number from ${from} to ${to}`, value, 'FIELD_VALUE')
    if (isWide) this.#to[type](halves(BigInt(integer), from === 0n))
    else this.#to[type](Number(integer))
  }
}

const isSet = (value: unknown) => value !== undefined && value !== null

/** Null is the want of a value, but where it is one. */
const isThere = (value: unknown, { message }: FieldPlan): boolean =>
  isSet(value) || (value === null && message?.().name === ANY_JSON)

const tagOf = (id: number, wire: number) => ((id << 3) | wire) >>> 0

const truthOf = (key: string) => (key === 'true' ? true : key === 'false' ? false : key)

const range = (bits: bigint, isSigned: boolean) => ({
  from: isSigned ? -(2n ** (bits - 1n)) : 0n,
  to: 2n ** (isSigned ? bits - 1n : bits) - 1n,
  isWide: bits === 64n
})

const INTEGERS = {
  int32: range(32n, true),
  sint32: range(32n, true),
  sfixed32: range(32n, true),
  uint32: range(32n, false),
  fixed32: range(32n, false),
  int64: range(64n, true),
  sint64: range(64n, true),
  sfixed64: range(64n, true),
  uint64: range(64n, false),
  fixed64: range(64n, false)
} as const
type Integer = keyof typeof INTEGERS

/** As the library takes 64 bits. */
const halves = (value: bigint, unsigned: boolean) =>
  ({
    low: Number(BigInt.asIntN(32, value)),
    high: Number(BigInt.asIntN(32, value >> 32n)),
    unsigned
  }) as unknown as number
