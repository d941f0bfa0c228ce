import { isUtf8 } from 'node:buffer'
import type protobuf from 'protobufjs'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import type {
  Carrier,
  DataSet,
  Integer,
  Metric,
  Parameter,
  Payload,
  Property,
  PropertySet,
  Template,
  ValueField
} from './types.ts'
import { wire } from './wire.ts'

/** Rows, cells, properties and metrics within metrics that one payload may have in all. */
const MAX_PARTS = 1_000_000

/**
 * The payload in these bytes. Fields are known by their numbers in the schema (Sparkplug 3.0,
 * 6.2.2); those that are not known, or are of another kind, are passed over.
 * @param maxMetrics a payload with more is refused
 */
export function decodePayload(bytes: Buffer, maxMetrics: number): Payload | ParseFailure {
  const steps = payloadInSteps(bytes, maxMetrics, Number.POSITIVE_INFINITY)
  return steps.next().value as Payload | ParseFailure
}

/** The same, so many metrics a step: others can have their turn in between. */
export function* payloadInSteps(
  bytes: Buffer,
  maxMetrics: number,
  each: number
): Generator<undefined, Payload | ParseFailure> {
  if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
  try {
    const reader = new PayloadReader(bytes, maxMetrics)
    while (!reader.read(each)) yield
    return reader.payload
  } catch (error) {
    if (error instanceof TooMany) return new ParseFailure('MEASUREMENTS_TOO_MANY', error.message)
    const why = reasonOf(error)
    const told = /index out of range/.test(why) ? 'it is cut off' : why
    return new ParseFailure('FORMAT_INVALID', `The payload is no Sparkplug B: ${told}.`)
  }
}

class TooMany extends Error {}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
type Take = (field: number, wire: number) => boolean

const never = () => false

const VARINT = 0
const EIGHT_BYTES = 1
const WITH_LENGTH = 2
const FOUR_BYTES = 5

class PayloadReader {
  readonly #reader: protobuf.Reader
  readonly #metrics: Metric[] = []
  readonly payload: Mutable<Payload> = {
    timestamp: undefined,
    seq: undefined,
    metrics: this.#metrics
  }
  #parts = 0

  constructor(
    bytes: Buffer,
    private readonly maxMetrics: number
  ) {
    this.#reader = wire().Reader.create(bytes)
  }

  /** Reads so many more metrics, or to the end; true when it is reached. */
  read(metrics: number): boolean {
    const all = this.#metrics
    const enough = all.length + metrics
    const reader = this.#reader
    const { payload } = this
    this.#fields(
      reader.len,
      (field, wire) => {
        if (field === 2 && wire === WITH_LENGTH) {
          if (all.length >= this.maxMetrics)
            throw new TooMany(`The message has more than ${this.maxMetrics} metrics.`)
          all.push(this.#metric(1))
        } else if (field === 1 && wire === VARINT) payload.timestamp = this.#long()
        else if (field === 3 && wire === VARINT) payload.seq = this.#long()
        else return false
        return true
      },
      () => all.length >= enough
    )
    return reader.pos >= reader.len
  }

  #metric(depth: number): Metric {
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
    const metric: Mutable<Metric> = {
      name: undefined,
      alias: undefined,
      timestamp: undefined,
      datatype: undefined,
      isHistorical: false,
      isTransient: false,
      isNull: false,
      properties: undefined,
      field: undefined,
      raw: undefined
    }
    this.#fields(this.#end(), (field, wire) => {
      if (field === 1 && wire === WITH_LENGTH) metric.name = this.#text()
      else if (wire === VARINT && field <= 7) this.#factOf(metric, field)
      else if (field === 9 && wire === WITH_LENGTH) metric.properties = this.#properties(depth)
      else return this.#value(metric, METRIC_VALUES[field - 10], wire, depth)
      return true
    })
    return metric
  }

  #factOf(metric: Mutable<Metric>, field: number): void {
    const reader = this.#reader
    if (field === 2) metric.alias = this.#long()
    else if (field === 3) metric.timestamp = this.#long()
    else if (field === 4) metric.datatype = reader.uint32()
    else if (field === 5) metric.isHistorical = reader.bool()
    else if (field === 6) metric.isTransient = reader.bool()
    else if (field === 7) metric.isNull = reader.bool()
    else reader.skipType(VARINT)
  }

  /** Reads the value, if the wire holds it as the schema says. */
  #value(
    into: Mutable<Carrier>,
    field: ValueField | undefined,
    wire: number,
    depth: number
  ): boolean {
    if (field === undefined || wire !== WIRES[field]) return false
    into.field = field
    into.raw = this.#raw(field, depth)
    return true
  }

  #raw(field: ValueField, depth: number): unknown {
    const reader = this.#reader
    switch (field) {
      case 'int':
        return reader.uint32()
      case 'long':
        return this.#long()
      case 'float':
        return reader.float()
      case 'double':
        return reader.double()
      case 'boolean':
        return reader.bool()
      case 'string':
        return this.#text()
      case 'bytes':
        return Buffer.from(reader.bytes())
      case 'dataset':
        return this.#dataSet()
      case 'template':
        return this.#template(depth + 1)
      case 'properties':
        return this.#properties(depth + 1)
      case 'property-sets':
        return this.#propertySets(depth + 1)
    }
  }

  #properties(depth: number): PropertySet {
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
    const keys: string[] = []
    const values: Property[] = []
    this.#fields(this.#end(), (field, wire) => {
      if (wire !== WITH_LENGTH || field > 2) return false
      this.#count()
      if (field === 1) keys.push(this.#text())
      else values.push(this.#property(depth))
      return true
    })
    if (keys.length !== values.length)
      throw new Error(`it has ${keys.length} names of properties and ${values.length} values`)
    return new Map(keys.map((key, index) => [key, values[index]!]))
  }

  #property(depth: number): Property {
    const property: Mutable<Property> = {
      datatype: undefined,
      isNull: false,
      field: undefined,
      raw: undefined
    }
    this.#fields(this.#end(), (field, wire) => {
      if (field === 1 && wire === VARINT) property.datatype = this.#reader.uint32()
      else if (field === 2 && wire === VARINT) property.isNull = this.#reader.bool()
      else return this.#value(property, PROPERTY_VALUES[field - 3], wire, depth)
      return true
    })
    return property
  }

  #propertySets(depth: number): PropertySet[] {
    const sets: PropertySet[] = []
    this.#fields(this.#end(), (field, wire) => {
      if (field !== 1 || wire !== WITH_LENGTH) return false
      this.#count()
      sets.push(this.#properties(depth))
      return true
    })
    return sets
  }

  #dataSet(): DataSet {
    const columns: string[] = []
    const types: number[] = []
    const rows: Carrier[][] = []
    this.#fields(this.#end(), (field, wire) => {
      if (field === 3 && wire === VARINT) types.push(this.#reader.uint32())
      else if (wire !== WITH_LENGTH) return false
      else if (field === 2) columns.push(this.#text())
      else if (field === 3) this.#packed(types)
      else if (field === 4) rows.push(this.#row())
      else return false
      this.#count()
      return true
    })
    return { columns, types, rows }
  }

  #packed(types: number[]): void {
    const end = this.#end()
    while (this.#reader.pos < end) {
      this.#count()
      types.push(this.#reader.uint32())
    }
  }

  #row(): Carrier[] {
    const cells: Carrier[] = []
    this.#fields(this.#end(), (field, wire) => {
      if (field !== 1 || wire !== WITH_LENGTH) return false
      this.#count()
      const cell: Mutable<Carrier> = { field: undefined, raw: undefined }
      this.#fields(this.#end(), (inner, kind) => this.#value(cell, CELL_VALUES[inner - 1], kind, 1))
      cells.push(cell)
      return true
    })
    return cells
  }

  #template(depth: number): Template {
    const metrics: Metric[] = []
    const parameters: Parameter[] = []
    const template: Mutable<Template> = {
      version: undefined,
      reference: undefined,
      isDefinition: false,
      metrics,
      parameters
    }
    this.#fields(this.#end(), (field, wire) => {
      if (field === 5 && wire === VARINT) template.isDefinition = this.#reader.bool()
      else if (wire !== WITH_LENGTH) return false
      else if (field === 1) template.version = this.#text()
      else if (field === 2) metrics.push(this.#metric(depth))
      else if (field === 3) parameters.push(this.#parameter())
      else if (field === 4) template.reference = this.#text()
      else return false
      this.#count()
      return true
    })
    return template
  }

  #parameter(): Parameter {
    const parameter: Mutable<Parameter> = {
      name: undefined,
      datatype: undefined,
      field: undefined,
      raw: undefined
    }
    this.#fields(this.#end(), (field, wire) => {
      if (field === 1 && wire === WITH_LENGTH) parameter.name = this.#text()
      else if (field === 2 && wire === VARINT) parameter.datatype = this.#reader.uint32()
      else return this.#value(parameter, PARAMETER_VALUES[field - 3], wire, 1)
      return true
    })
    return parameter
  }

  /** Offers each field up to `end`, or to where it is enough; one not taken is passed over. */
  #fields(end: number, take: Take, isEnough = never): void {
    const reader = this.#reader
    while (reader.pos < end && !isEnough()) {
      const tag = reader.uint32()
      if (!take(tag >>> 3, tag & 7)) reader.skipType(tag & 7)
    }
    if (reader.pos > end) throw new Error('a part is longer than it says')
  }

  #end(): number {
    const length = this.#reader.uint32()
    const end = this.#reader.pos + length
    if (end > this.#reader.len) throw new Error('it is cut off')
    return end
  }

  #count(): void {
    if (++this.#parts > MAX_PARTS) throw new TooMany(`It has more than ${MAX_PARTS} parts.`)
  }

  #text(): string {
    const bytes = Buffer.from(this.#reader.bytes())
    const text = bytes.toString()
    if (text.includes('\uFFFD') && !isUtf8(bytes)) throw new Error('a text is not valid UTF-8')
    return text
  }

  /** Of 64 bits without a sign; the library gives two halves of 32. */
  #long(): Integer {
    const { high, low } = this.#reader.uint64() as unknown as { high: number; low: number }
    if (high >>> 0 < 0x20_0000) return (high >>> 0) * 0x1_0000_0000 + (low >>> 0)
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  }
}

const NUMBERS = ['int', 'long', 'float', 'double', 'boolean', 'string'] as const
/** From field 10 on. */
const METRIC_VALUES: readonly ValueField[] = [...NUMBERS, 'bytes', 'dataset', 'template']
/** From field 3 on. */
const PROPERTY_VALUES: readonly ValueField[] = [...NUMBERS, 'properties', 'property-sets']
/** From field 3 on. */
const PARAMETER_VALUES: readonly ValueField[] = NUMBERS
/** From field 1 on. */
const CELL_VALUES: readonly ValueField[] = NUMBERS

const WIRES: Readonly<Record<ValueField, number>> = {
  int: VARINT,
  long: VARINT,
  float: FOUR_BYTES,
  double: EIGHT_BYTES,
  boolean: VARINT,
  string: WITH_LENGTH,
  bytes: WITH_LENGTH,
  dataset: WITH_LENGTH,
  template: WITH_LENGTH,
  properties: WITH_LENGTH,
  'property-sets': WITH_LENGTH
}
