import { MAX_DEPTH } from '../record/parse-record.ts'
import { NoneOf, writtenOf } from './avro-logical-write.ts'
import { type AvroField, type AvroType, avroTypeOf } from './avro-schema.ts'
import type { ReferencedText } from './decoder.ts'
import { GrowingBytes } from './growing-bytes.ts'
import {
  type ExtraFields,
  isPlain,
  own,
  refuseExtra,
  SchemaMisfit,
  TooDear,
  Walk
} from './schema-misfit.ts'
import {
  bytesIn,
  decimalIn,
  doubleIn,
  fitsFloat,
  integerIn,
  isNumber,
  signedBytes,
  signedIn
} from './written-values.ts'

/** Writes a record by a schema. @throws SchemaMisfit for one that it does not fit */
export type WriteRecord = (record: unknown) => Buffer

/**
 * Writes records as Avro, Avro 1.12, "Binary Encoding": what `avro` reads again.
 * @param head stands before each
 * @throws OptionsError that says what is wrong with the schema
 */
export function avroWriter(
  schema: string,
  references: readonly ReferencedText[],
  head: Buffer,
  extra: ExtraFields
): WriteRecord {
  const type = avroTypeOf(schema, references)
  const writer = new AvroWriter(extra)
  return record => writer.whole(head, type, record)
}

const INT = { from: -0x8000_0000n, to: 0x7fff_ffffn, of: '32 bits' }
const LONG = { from: -(2n ** 63n), to: 2n ** 63n - 1n, of: '64 bits' }
const FLOAT_MOST = 3.402_823_567_797_336_6e38

class AvroWriter {
  readonly #to = new GrowingBytes()
  readonly #walk = new Walk()
  readonly #defaults = new Map<AvroField, Buffer>()
  /** What a schema says as a default is written in another way: bytes as characters. */
  #isDefault = false

  constructor(private readonly extra: ExtraFields) {}

  whole(head: Buffer, type: AvroType, record: unknown): Buffer {
    this.#to.at = 0
    this.#to.bytes(head)
    this.#walk.begin()
    this.#write(type, record)
    return this.#to.taken()
  }

  #write(type: AvroType, value: unknown): void {
    switch (type.kind) {
      case 'null':
        if (value !== null && value !== undefined) throw this.#walk.wrong('null', value)
        break
      case 'boolean':
        if (typeof value !== 'boolean') throw this.#walk.wrong('true or false', value)
        this.#to.byte(value ? 1 : 0)
        break
      case 'int':
        this.#integer(value, INT)
        break
      case 'long':
        this.#integer(value, LONG)
        break
      case 'float':
        this.#to.float(this.#float(value))
        break
      case 'double':
        this.#to.double(this.#real(value))
        break
      case 'string':
        this.#text(value)
        break
      case 'enum':
        this.#symbol(type.symbols, value)
        break
      case 'bytes':
        this.#bytes(type, value)
        break
      case 'fixed':
        this.#to.bytes(this.#fixed(type, value))
        break
      case 'logical':
        this.#logical(type, value)
        break
      case 'array':
        this.#array(type.of, value)
        break
      case 'map':
        this.#map(type.of, value)
        break
      case 'union':
        this.#union(type.branches, value)
        break
      default:
        this.#record(type, value)
        break
    }
  }

  #integer(value: unknown, { from, to, of }: typeof INT): void {
    const integer = integerIn(value)
    if (integer === undefined) throw this.#walk.wrong('a whole number', value)
    if (integer < from || integer > to)
      throw this.#walk.wrong(`a whole number of ${of}`, value, 'FIELD_VALUE')
    this.#to.zigzag(integer)
  }

  #real(value: unknown): number {
    const real = doubleIn(value)
    if (real !== undefined) return real
    if (!isNumber(value)) throw this.#walk.wrong('a number', value)
    throw this.#walk.wrong('a number that a double holds', value, 'NUMBER_INEXACT')
  }

  #float(value: unknown): number {
    const real = this.#real(value)
    if (Number.isFinite(real) && Math.abs(real) > FLOAT_MOST)
      throw this.#walk.wrong('a number that 32 bits hold', value, 'FIELD_VALUE')
    if (!fitsFloat(real))
      throw this.#walk.wrong('a whole number that 32 bits hold', value, 'NUMBER_INEXACT')
    return real
  }

  #text(value: unknown): void {
    if (typeof value !== 'string') throw this.#walk.wrong('text', value)
    if (!value.isWellFormed())
      throw this.#walk.says('FIELD_VALUE', 'has half of a character, which UTF-8 cannot hold')
    const bytes = Buffer.byteLength(value)
    this.#to.zigzag(bytes)
    this.#to.text(value, bytes)
  }

  #symbol(symbols: readonly string[], value: unknown): void {
    const index = symbols.indexOf(value as string)
    if (index < 0)
      throw this.#walk.wrong(`one of ${symbols.slice(0, 20).join(', ')}`, value, 'FIELD_VALUE')
    this.#to.zigzag(index)
  }

  #bytes(type: AvroType & { kind: 'bytes' }, value: unknown): void {
    const bytes =
      type.scale === undefined || this.#isDefault
        ? this.#plainBytes(value)
        : signedBytes(this.#decimal(type.scale, type.precision, value))
    this.#to.zigzag(bytes.length)
    this.#to.bytes(bytes)
  }

  #fixed({ size, scale, precision }: AvroType & { kind: 'fixed' }, value: unknown): Buffer {
    if (scale === undefined || this.#isDefault) {
      const bytes = this.#plainBytes(value)
      if (bytes.length !== size) throw this.#walk.wrong(`${size} bytes`, value, 'FIELD_VALUE')
      return bytes
    }
    const decimal = this.#decimal(scale, precision, value)
    if (BigInt.asIntN(size * 8, decimal) !== decimal)
      throw this.#walk.wrong(`a decimal that ${size} bytes hold`, value, 'FIELD_VALUE')
    return signedIn(decimal, size)
  }

  #plainBytes(value: unknown): Buffer {
    if (this.#isDefault && typeof value === 'string') return Buffer.from(value, 'latin1')
    const bytes = bytesIn(value)
    if (bytes === undefined) throw this.#walk.wrong('bytes, or their base64', value)
    return bytes
  }

  #decimal(scale: number, precision: number | undefined, value: unknown): bigint {
    const decimal = decimalIn(value, scale)
    if (decimal === undefined) throw this.#walk.wrong('a decimal number', value)
    if (decimal === 'inexact')
      throw this.#walk.wrong(`a number of ${scale} decimals at most`, value, 'FIELD_VALUE')
    const digits = String(decimal).replace('-', '').length
    if (precision !== undefined && digits > precision)
      throw this.#walk.wrong(`a number of ${precision} digits at most`, value, 'FIELD_VALUE')
    return decimal
  }

  #logical({ logical, of }: AvroType & { kind: 'logical' }, value: unknown): void {
    if (value === undefined) throw this.#walk.wrong('', value)
    const written = this.#isDefault ? value : writtenOf(logical, value)
    if (written instanceof NoneOf) throw this.#walk.wrong(written.wanted, value, 'FIELD_VALUE')
    this.#write(of, written)
  }

  #array(of: AvroType, value: unknown): void {
    if (!Array.isArray(value)) throw this.#walk.wrong('a list', value)
    if (value.length > 0) this.#to.zigzag(value.length)
    for (let index = 0; index < value.length; index++) this.#inner(index, of, value[index])
    this.#to.byte(0)
  }

  #map(of: AvroType, value: unknown): void {
    if (!isPlain(value)) throw this.#walk.wrong('an object', value)
    const entries = Object.entries(value).filter(([, each]) => each !== undefined)
    if (entries.length > 0) this.#to.zigzag(entries.length)
    for (const [key, each] of entries) {
      this.#text(key)
      this.#inner(key, of, each)
    }
    this.#to.byte(0)
  }

  #inner(step: string | number, type: AvroType, value: unknown): void {
    this.#walk.enter(step)
    if (this.#walk.depth > MAX_DEPTH)
      throw this.#walk.says('PAYLOAD_TOO_DEEP', `is nested more than ${MAX_DEPTH} levels deep`)
    this.#write(type, value)
    this.#walk.leave()
  }

  #record(type: AvroType & { kind: 'record' }, value: unknown): void {
    if (!isPlain(value)) throw this.#walk.wrong('an object', value)
    const { fields } = type
    let known = 0
    for (const field of fields) {
      const { name } = field
      const given = own(value, name)
      if (given !== undefined) known++
      if (given === undefined && field.hasDefault) this.#to.bytes(this.#defaultOf(field))
      else this.#inner(name, field.type, given)
    }
    if (this.extra === 'reject' && known < Object.keys(value).length) {
      const names = new Set(fields.map(({ name }) => name))
      refuseExtra(value, name => names.has(name), this.#walk)
    }
  }

  #defaultOf(field: AvroField): Buffer {
    const known = this.#defaults.get(field)
    if (known !== undefined) return known
    const writer = new AvroWriter('leave-out')
    writer.#isDefault = true
    let bytes: Buffer
    try {
      bytes = writer.whole(NOTHING, field.type, field.default)
    } catch (error) {
      if (!(error instanceof SchemaMisfit)) throw error
      this.#walk.enter(field.name)
      throw this.#walk.says('FIELD_MISSING', `is missing, and its default ${error.says}`)
    }
    this.#defaults.set(field, bytes)
    return bytes
  }

  /** The first type that the value is of as it stands; else the first that it can be written as. */
  #union(branches: readonly AvroType[], value: unknown): void {
    let first: SchemaMisfit | undefined
    for (const isNatural of [true, false]) {
      for (const [index, branch] of branches.entries()) {
        if (isOf(branch, value) !== isNatural) continue
        const failure = this.#attempt(index, branch, value)
        if (failure === undefined) return
        if (isNatural || (branch.kind !== 'null' && branches.length <= 2)) first ??= failure
      }
    }
    if (value === undefined) throw this.#walk.wrong('', undefined)
    throw first ?? this.#walk.wrong('of one of the types of its union', value)
  }

  #attempt(index: number, branch: AvroType, value: unknown): SchemaMisfit | undefined {
    const { at } = this.#to
    const { depth } = this.#walk
    try {
      this.#to.zigzag(index)
      this.#write(branch, value)
      return undefined
    } catch (error) {
      if (!(error instanceof SchemaMisfit) || error instanceof TooDear) throw error
      this.#to.at = at
      this.#walk.back(depth)
      return error
    }
  }
}

const NOTHING = Buffer.alloc(0)

/** Whether a value is of a type as it stands, by its kind: a text is a text before it is bytes. */
function isOf(type: AvroType, value: unknown): boolean {
  switch (type.kind) {
    case 'null':
      return value === null || value === undefined
    case 'boolean':
      return typeof value === 'boolean'
    case 'int':
    case 'long':
      return typeof value !== 'string' && integerIn(value) !== undefined
    case 'float':
      return typeof value === 'number' && Math.fround(value) === value
    case 'double':
      return doubleIn(value) !== undefined
    case 'string':
      return typeof value === 'string'
    case 'enum':
      return type.symbols.includes(value as string)
    case 'bytes':
    case 'fixed':
      return type.scale === undefined ? value instanceof Uint8Array : isNumber(value)
    case 'logical':
      return typeof value === 'string' || isPlain(value)
    case 'array':
      return Array.isArray(value)
    case 'union':
      return false
    default:
      return isPlain(value)
  }
}
