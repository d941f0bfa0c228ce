import { inflateRawSync } from 'node:zlib'
import { reasonOf } from '../errors.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { Datum, invalid, Wrong } from './avro-datum.ts'
import { type AvroType, avroTypeOf } from './avro-schema.ts'
import type { Decode, DecoderOptions } from './decoder.ts'
import { decompressed } from './decompress.ts'

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
      const head = new Datum(bytes, MAGIC.length, options)
      const metadata = head.read(METADATA, 1) as Readonly<Record<string, string>>
      const of = (name: string) => Buffer.from(metadata[name] ?? '', 'base64').toString()
      const undo = undoing(of('avro.codec'))
      const file = new File(head, typeOf(of('avro.schema')), undo, options)
      return { values: file.values(), isList: true }
    } catch (error) {
      return invalid(reasonOf(error))
    }
  }
}

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
    private readonly head: Datum,
    private readonly type: AvroType,
    private readonly undo: Undo,
    private readonly options: DecoderOptions
  ) {
    this.#sync = head.take(SYNC_BYTES)
  }

  /** Block by block; what follows a block that cannot be read is refused as a whole. */
  *values(): Generator {
    while (!this.head.isAtEnd) {
      try {
        yield* this.#block()
      } catch (error) {
        if (!(error instanceof Wrong || error instanceof RangeError || isOfZlib(error))) throw error
        yield invalid(reasonOf(error))
        return
      }
    }
  }

  *#block(): Generator {
    const count = this.head.count()
    const block = this.undo(this.head.take(this.head.length()))
    if (!this.head.take(SYNC_BYTES).equals(this.#sync)) throw new Wrong('a block has no end')
    const values = new Datum(block, 0, this.options)
    for (let index = 0; index < count; index++) yield values.element(this.type, 0)
    if (!values.isAtEnd) throw new Wrong('something stands behind the values of a block')
  }
}

const isOfZlib = (error: unknown) =>
  ['Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR_BUFFER_TOO_LARGE'].includes(
    (error as { code?: string }).code ?? ''
  )
