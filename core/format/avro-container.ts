import { inflateRawSync } from 'node:zlib'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { Datum, invalid, MAX_EMPTY, Wrong } from './avro-datum.ts'
import { type AvroType, avroTypeOf } from './avro-schema.ts'
import type { Decode, DecoderOptions } from './decoder.ts'
import { decompressed } from './decompress.ts'
import { inPieces, PIECE_CHARACTERS, PIECE_VALUES, type Step } from './pieces.ts'
import { TooMany, ValueCount } from './value-count.ts'

/** Avro 1.12, "Object Container Files". */
const MAGIC = Buffer.from('Obj\x01', 'latin1')
const SYNC_BYTES = 16
const MAX_BLOCK_BYTES = 16_777_216
/** Compressed more than so it is no block of readings, but made to fill memory. */
const MAX_RATIO = 200
const FREE_BYTES = 65_536

const METADATA: AvroType = { kind: 'map', of: { kind: 'bytes', scale: undefined } }

/** The values of an Avro file, which brings its own schema. */
export function avroContainer(options: DecoderOptions): Decode {
  const typeOf = rememberingLast()
  return bytes => {
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
      return invalid('it does not begin as an Avro file does')
    try {
      const head = datumOf(bytes, MAGIC.length, options)
      const metadata = head.read(METADATA, 1) as Readonly<Record<string, string>>
      const of = (name: string) => Buffer.from(metadata[name] ?? '', 'base64').toString()
      const undo = undoing(of('avro.codec'))
      const file = new File(bytes, head, typeOf(of('avro.schema')), undo, options)
      return { pieces: inPieces(file.start, place => file.from(place)) }
    } catch (error) {
      return invalid(reasonOf(error))
    }
  }
}

/** Each value is a record; one with too many fields is refused when it has been read. */
const datumOf = (bytes: Buffer, at: number, options: DecoderOptions) =>
  new Datum(bytes, at, options, new ValueCount(bytes, { ...options, at: 'list' }, false))

/** Files of one producer have one schema. */
function rememberingLast(): (schema: string) => AvroType {
  let known: { readonly schema: string; readonly type: AvroType } | undefined
  return schema => {
    if (known?.schema !== schema) known = { schema, type: avroTypeOf(schema) }
    return known.type
  }
}

type Undo = (block: Buffer) => Buffer

function undoing(codec: string): Undo {
  if (codec === '' || codec === 'null') return block => block
  if (codec === 'deflate')
    return block => inflateRawSync(block, { maxOutputLength: limitOf(block) })
  if (codec !== 'zstandard')
    throw new Wrong(`its codec is "${codec.slice(0, 40)}"; null, deflate and zstandard are read`)
  return block => {
    const undone = decompressed(block, MAX_BLOCK_BYTES)
    if (undone instanceof ParseFailure) throw new Wrong('a block cannot be decompressed')
    return undone
  }
}

const limitOf = ({ length }: Buffer) =>
  Math.min(MAX_BLOCK_BYTES, Math.max(FREE_BYTES, length * MAX_RATIO))

class File {
  readonly #sync: Buffer

  constructor(
    private readonly bytes: Buffer,
    private readonly head: Datum,
    private readonly type: AvroType,
    private readonly undo: Undo,
    private readonly options: DecoderOptions
  ) {
    this.#sync = head.take(SYNC_BYTES)
  }

  get start(): Place {
    return { at: this.head.place, spare: MAX_EMPTY, block: undefined }
  }

  /** Some values of a block; what follows a block that cannot be read is refused as a whole. */
  from(place: Place): Step<unknown, Place> {
    const values: unknown[] = []
    try {
      const block = place.block ?? this.#blockAt(place.at)
      if (block === undefined) return { values, next: undefined }
      const spare = place.spare - (place.block === undefined ? emptyIn(block) : 0)
      if (spare < 0) throw new Wrong('it claims too many values that take no byte')
      return { values, next: { ...this.#read(block, values), spare } }
    } catch (error) {
      if (
        !(
          error instanceof Wrong ||
          error instanceof TooMany ||
          error instanceof RangeError ||
          isOfZlib(error)
        )
      )
        throw error
      values.push(invalid(reasonOf(error)))
      return { values, next: undefined }
    }
  }

  #read({ bytes, at, left, end }: Block, values: unknown[]): Omit<Place, 'spare'> {
    const datum = datumOf(bytes, at, this.options)
    const most = Math.min(left, PIECE_VALUES)
    let count = 0
    for (; count < most && datum.place - at < PIECE_CHARACTERS; count++)
      values.push(datum.element(this.type, 0))
    if (count < left) return { at: end, block: { bytes, at: datum.place, left: left - count, end } }
    if (!datum.isAtEnd) throw new Wrong('something stands behind the values of a block')
    return { at: end, block: undefined }
  }

  #blockAt(at: number): Block | undefined {
    if (at === this.bytes.length) return undefined
    const file = datumOf(this.bytes, at, this.options)
    const left = file.count()
    const bytes = this.undo(file.take(file.length()))
    if (!file.take(SYNC_BYTES).equals(this.#sync)) throw new Wrong('a block has no end')
    return { bytes, at: 0, left, end: file.place }
  }
}

/** Values of a block that take no byte, at least. */
const emptyIn = ({ bytes, left }: Block) => Math.max(0, left - bytes.length)

/** Where in the file a block begins, or within one that is undone already. */
interface Place {
  readonly at: number
  /** So many values that take no byte may still come. */
  readonly spare: number
  readonly block: Block | undefined
}

interface Block {
  readonly bytes: Buffer
  readonly at: number
  /** Values that are left of it. */
  readonly left: number
  /** Where in the file the next one begins. */
  readonly end: number
}

const isOfZlib = (error: unknown) =>
  ['Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_BUFFER_TOO_LARGE'].includes(
    (error as { code?: string }).code ?? ''
  )
