import { decompressed } from '../../core/format/decompress.ts'
import { formatDefaults } from '../../core/format/fields.ts'
import type { Format } from '../../core/format/names.ts'
import { type LoadingReader, loadingReader, type ReaderOptions } from '../../core/format/reader.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { HttpRefusal } from './refusal.ts'

/** The formats that a Content-Type names, RFC 6838; what is not here is refused. */
const TYPES: Readonly<Record<string, Format>> = {
  '': 'json',
  'text/plain': 'json',
  'application/octet-stream': 'json',
  // What curl sends with --data where it is told nothing else.
  'application/x-www-form-urlencoded': 'json',
  'application/json': 'json',
  'text/json': 'json',
  'application/x-ndjson': 'json-lines',
  'application/ndjson': 'json-lines',
  'application/jsonl': 'json-lines',
  'application/x-jsonlines': 'json-lines',
  'text/csv': 'csv',
  'application/msgpack': 'msgpack',
  'application/x-msgpack': 'msgpack',
  'application/vnd.msgpack': 'msgpack',
  'application/cbor': 'cbor',
  'application/senml+json': 'senml-json',
  'application/senml+cbor': 'senml-cbor'
}

const ENCODINGS = ['identity', 'gzip', 'x-gzip', 'deflate', 'zstd']

/** Finds the reader of a body by what its headers and first bytes say. */
export class ContentReaders {
  readonly #readers = new Map<string, LoadingReader>()

  constructor(private readonly rules: Pick<ReaderOptions, 'nanAsNull' | 'exact' | 'cutNuls'>) {}

  /** The library of the format may have to be loaded first: see `ready` of the reader. */
  readerOf(contentType: string | undefined, body: Buffer): LoadingReader | HttpRefusal {
    const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
    const format = Object.hasOwn(TYPES, type) ? TYPES[type]! : undefined
    if (format === undefined) {
      const known = Object.keys(TYPES).filter(each => /json|csv|msgpack|cbor/.test(each))
      return new HttpRefusal(
        415,
        `Content-Type ${type.slice(0, 100)} is not taken. Taken are: ${known.join(', ')}.`
      )
    }
    const at = isList(format, body) ? 'list' : 'message'
    const key = `${format} ${at}`
    let reader = this.#readers.get(key)
    if (reader === undefined) {
      reader = loadingReader(formatDefaults({ ...this.rules, format, at, decompress: false }))
      this.#readers.set(key, reader)
    }
    return reader
  }
}

/** Whether a body of a format that has lists is one. */
function isList(format: Format, body: Buffer): boolean {
  const first = body[0] ?? 0
  switch (format) {
    case 'json':
      return /^[\s\uFEFF]*\[/.test(body.toString('utf8', 0, 64))
    case 'msgpack':
      return (first >= 0x90 && first <= 0x9f) || first === 0xdc || first === 0xdd
    case 'cbor':
      return first >= 0x80 && first <= 0x9f
    default:
      return false
  }
}

/** The body as it was before its sender compressed it. */
export function undone(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number
): Buffer | HttpRefusal {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (!ENCODINGS.includes(name))
    return new HttpRefusal(415, `Content-Encoding ${name.slice(0, 100)} is not taken.`, {
      'Accept-Encoding': 'gzip, deflate, zstd'
    })
  const found = decompressed(body, maxBytes)
  if (!(found instanceof ParseFailure)) return found
  return found.code === 'COMPRESSION_LIMIT'
    ? new HttpRefusal(413, found.message)
    : new HttpRefusal(400, found.message)
}
