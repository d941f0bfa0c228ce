import protobuf from 'protobufjs'
import { reasonOf } from '../errors.ts'
import { OptionsError } from '../options-error.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { tooWide } from '../record/width.ts'
import {
  type Content,
  type Decode,
  type DecoderOptions,
  LONG_BYTES,
  one,
  type ReadContent,
  type ReferencedText,
  type Steps
} from './decoder.ts'
import { Entries } from './entries.ts'
import { entriesOf } from './members.ts'
import { type FieldPlan, type MessagePlan, planOf, plansByPlace } from './protobuf-plan.ts'
import { DESCRIPTOR, isSerialized, textOfSerialized } from './protobuf-serialized.ts'
import { PROTOBUF_VALUES } from './protobuf-values.ts'
import { TakesLong, TooWide, ValueCount } from './value-count.ts'

/**
 * Protobuf by a schema in text. The library reads the schema and the wire; what a message means is
 * read off the schema here, since the library's own decoder is code that it makes from text.
 */
export function protobufDecoder(options: DecoderOptions): Decode {
  if (options.framing === 'single' || options.framing === 'container')
    throw new OptionsError('Header', ['is one of Avro, and the format is Protobuf'])
  const plan = planOf(options.schema, options.messageType)
  return bytes => {
    const start = options.framing === 'registry' ? afterRegistryHeader(bytes) : 0
    return start < 0
      ? invalid('it does not begin with the five bytes of a schema registry')
      : contentOf(bytes, start, plan, options)
  }
}

/**
 * The same of what a registry has the schema of, behind the id: the place of the message type in
 * the schema stands before each message.
 */
export function protobufByPlace(options: DecoderOptions): Decode {
  const texts = textsOf(options.schema, options.references ?? [])
  const planAt = plansByPlace(texts.schema, texts.references)
  return bytes => {
    try {
      const found = placeIn(bytes)
      const plan = found && planAt(found.place)
      return plan === undefined
        ? invalid('what stands before it names no message of its schema')
        : contentOf(bytes, found!.end, plan, options)
    } catch (error) {
      // A type of the schema that is not read, such as a group.
      return failureOf(error, options)
    }
  }
}

/** A schema and those it needs as texts, whichever of them are compiled. */
export function textsOf(
  schema: string,
  references: readonly ReferencedText[]
): { readonly schema: string; readonly references: readonly ReferencedText[] } {
  const textOf = (given: string) =>
    isSerialized(given) ? textOfSerialized(given, compiledFile()) : given
  return {
    schema: textOf(schema),
    references: references.map(({ name, text }) => ({ name, text: textOf(text) }))
  }
}

const compiledFile = (): Decode =>
  protobufDecoder({
    format: 'protobuf',
    schema: DESCRIPTOR,
    messageType: 'File',
    framing: 'none',
    maxFields: 1_000_000,
    at: 'message',
    path: '',
    exact: false,
    nanAsNull: false,
    trailingNuls: 'reject',
    onWords: '',
    offWords: '',
    valueField: '',
    delimiter: '',
    columns: ''
  })

function contentOf(
  bytes: Buffer,
  start: number,
  plan: MessagePlan,
  options: DecoderOptions
): Content | ParseFailure {
  const end = bytes.length - start
  const messageIn = (isAtOnce: boolean) =>
    new Message(
      protobuf.Reader.create(bytes.subarray(start)),
      options,
      // Each value takes a byte at least.
      bytes.length + 1,
      new ValueCount(bytes, options, isAtOnce)
    )
  const inSteps = () => stepsOf(messageIn(false).long(plan, end, 1), options)
  if (bytes.length >= LONG_BYTES) return { steps: inSteps() }
  try {
    return one(messageIn(true).read(plan, end, 1))
  } catch (error) {
    return error instanceof TakesLong ? { steps: inSteps() } : failureOf(error, options)
  }
}

function* stepsOf(
  value: Steps<unknown>,
  options: DecoderOptions
): Steps<ReadContent | ParseFailure> {
  try {
    return one(yield* value)
  } catch (error) {
    return failureOf(error, options)
  }
}

function failureOf(error: unknown, { maxFields }: DecoderOptions): ParseFailure {
  if (error instanceof TooWide) return tooWide(maxFields)
  const isCutOff = /index out of range/.test(reasonOf(error))
  if (error instanceof RangeError && !isCutOff) return invalid('it is nested too deep')
  return invalid(isCutOff ? 'it is cut off' : reasonOf(error))
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is no such Protobuf message: ${why}.`)

/** A zero and the id of the schema, then the place of the message type in it. */
function afterRegistryHeader(bytes: Buffer): number {
  if (bytes.length < 6 || bytes[0] !== 0) return -1
  const found = placeIn(bytes.subarray(5))
  return found === undefined ? -1 : 5 + found.end
}

/** Messages in messages, deeper than anybody writes them. */
const MAX_PLACE = 64

/**
 * The place of a message type in its schema: a list of zigzag numbers, mostly the one byte 0, which
 * means the first.
 */
function placeIn(bytes: Buffer): { place: readonly number[]; end: number } | undefined {
  const reader = protobuf.Reader.create(bytes)
  try {
    const count = reader.sint32()
    if (count < 0 || count > MAX_PLACE) return undefined
    const place = count === 0 ? [0] : Array.from({ length: count }, () => reader.sint32())
    return { place, end: reader.pos }
  } catch {
    return undefined
  }
}

/** So many bytes are read before others have their turn, about. */
const STRETCH_BYTES = 32_768

/** A shorter one may have many fields all the same, by its schema. */
const LONG_MESSAGE = 4_096

class Message {
  constructor(
    private readonly reader: protobuf.Reader,
    private readonly options: DecoderOptions,
    /** Each value takes a byte at least, but for those that an absent field has. */
    private left: number,
    private readonly count: ValueCount
  ) {}

  read(plan: MessagePlan, end: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw tooDeep()
    const { reader } = this
    const found = new Map<string, unknown>()
    while (reader.pos < end) {
      const tag = reader.uint32()
      const field = plan.fields.get(tag >>> 3)
      if (field === undefined || !this.#accepts(field, tag & 7)) reader.skipType(tag & 7)
      else this.#take(found, field, tag & 7, depth)
    }
    if (reader.pos > end) throw longerThanSaid()
    return this.#finish(plan, found)
  }

  /** The same, where others are to have their turn in between. */
  *long(plan: MessagePlan, end: number, depth: number): Steps<unknown> {
    if (depth > MAX_DEPTH) throw tooDeep()
    const { reader } = this
    const found = new Map<string, unknown>()
    for (let from = reader.pos; reader.pos < end; ) {
      const tag = reader.uint32()
      const field = plan.fields.get(tag >>> 3)
      if (field === undefined || !this.#accepts(field, tag & 7)) reader.skipType(tag & 7)
      else if (!this.#isLong(field, tag & 7)) this.#take(found, field, tag & 7, depth)
      else {
        yield
        this.#count(found, field)
        if (field.message === undefined) yield* this.#longList(listIn(found, field), field)
        else keep(found, field, yield* this.long(field.message(), this.#end(), depth + 1))
      }
      if (reader.pos - from < STRETCH_BYTES && !this.count.isTurn()) continue
      yield
      from = reader.pos
    }
    if (reader.pos > end) throw longerThanSaid()
    return this.#finish(plan, found)
  }

  /** Whether a long message, or a long list of numbers, begins here. */
  #isLong(field: FieldPlan, wire: number): boolean {
    if (wire !== 2 || field.key || !(field.message || (field.isRepeated && field.canPack)))
      return false
    const { reader } = this
    const at = reader.pos
    const length = reader.uint32()
    reader.pos = at
    return length > LONG_MESSAGE
  }

  *#longList(list: unknown[], field: FieldPlan): Steps<void> {
    const end = this.#end()
    for (let from = this.reader.pos; this.reader.pos < end; ) {
      this.count.element()
      list.push(field.read(this.reader, this.options))
      if (this.reader.pos - from < STRETCH_BYTES) continue
      yield
      from = this.reader.pos
    }
  }

  #accepts(field: FieldPlan, wire: number): boolean {
    if (field.key) return wire === 2
    return wire === field.wire || (field.isRepeated && field.canPack && wire === 2)
  }

  #take(found: Map<string, unknown>, field: FieldPlan, wire: number, depth: number): void {
    this.#count(found, field)
    if (field.key) this.#takeEntry(found, field, depth)
    else if (!field.isRepeated || wire !== 2 || !field.canPack)
      keep(found, field, this.#value(field, depth))
    else {
      const list = listIn(found, field)
      const end = this.#end()
      while (this.reader.pos < end) {
        this.count.element()
        list.push(this.#value(field, depth))
      }
    }
  }

  #count(found: Map<string, unknown>, { rivals, isRepeated, key }: FieldPlan): void {
    if (--this.left < 0) throw new Error('it has more values than bytes')
    if (isRepeated) this.count.element()
    if (key) this.count.fields(1)
    for (const other of rivals) found.delete(other)
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
    let key: unknown = field.key!.absent
    let value: unknown = field.absent ?? null
    while (reader.pos < end) {
      const tag = reader.uint32()
      if (tag >>> 3 === 1 && (tag & 7) === field.key!.wire)
        key = field.key!.read(reader, this.options)
      else if (tag >>> 3 === 2 && (tag & 7) === field.wire) value = this.#value(field, depth)
      else reader.skipType(tag & 7)
    }
    this.#addEntry(found, field.name, String(key), value)
  }

  /** Of entries with the same key the last counts, where they are no more than a record has. */
  #addEntry(found: Map<string, unknown>, name: string, key: string, value: unknown): void {
    const { maxFields } = this.options
    const map = found.get(name) ?? new Map<string, unknown>()
    if (map instanceof Entries) {
      if (!map.add(key, value)) throw new Error('a key stands twice in a map')
      return
    }
    const few = map as Map<string, unknown>
    few.set(key, value)
    found.set(name, few.size > maxFields ? entriesOf(few, maxFields) : few)
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
    this.count.fields(record.length)
    const made = Object.fromEntries(record)
    const jsonOf = PROTOBUF_VALUES[plan.name]
    return jsonOf === undefined ? made : jsonOf(made)
  }
}

const tooDeep = () => new Error(`it is nested more than ${MAX_DEPTH} levels deep`)
const longerThanSaid = () => new Error('a message is longer than it says')

function listIn(found: Map<string, unknown>, { name }: FieldPlan): unknown[] {
  const list = (found.get(name) as unknown[] | undefined) ?? []
  found.set(name, list)
  return list
}

function keep(found: Map<string, unknown>, field: FieldPlan, value: unknown): void {
  if (field.isRepeated) listIn(found, field).push(value)
  else found.set(field.name, value)
}
