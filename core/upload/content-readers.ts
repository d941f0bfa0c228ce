import { formatDefaults } from '../format/fields.ts'
import type { Format } from '../format/names.ts'
import { type LoadingReader, loadingReader, type ReaderOptions } from '../format/reader.ts'

/** The formats that a content type names, RFC 6838; what is not here is refused. */
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

/** Those that a sender is told who has named another. */
export const CONTENT_TYPES: readonly string[] = Object.keys(TYPES).filter(each =>
  /json|csv|msgpack|cbor/.test(each)
)

/** Undefined where it is not taken; one that is not given counts as JSON. */
export function formatOfType(contentType: string | undefined): Format | undefined {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  return Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
}

/** The readers of bodies that say themselves of which format they are. */
export class ContentReaders {
  readonly #readers = new Map<string, LoadingReader>()

  constructor(
    private readonly rules: Pick<ReaderOptions, 'nanAsNull' | 'exact' | 'cutNuls' | 'maxFields'>
  ) {}

  /** The library of the format may have to be loaded first: see `ready` of the reader. */
  readerOf(format: Format, body: Buffer): LoadingReader {
    const at = isList(format, body) ? 'list' : 'message'
    const key = `${format} ${at}`
    let reader = this.#readers.get(key)
    if (reader === undefined) {
      const { nanAsNull, exact, cutNuls, maxFields } = this.rules
      const own = { format, at, decompress: false } as const
      reader = loadingReader(formatDefaults({ nanAsNull, exact, cutNuls, maxFields, ...own }))
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
