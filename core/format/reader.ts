import type { JsonRules } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import type { ArrivedBytes, Decode, DecoderOptions } from './decoder.ts'
import { AT_HAND, LOADED } from './decoders.ts'
import { decompressed } from './decompress.ts'
import type { Format } from './names.ts'
import { type Item, type Placing, recordsAt } from './records-at.ts'

/** All that a node says of how bytes become records. */
export interface ReaderOptions extends Omit<DecoderOptions, 'trailingNuls'>, Placing {
  readonly format: Format
  readonly cutNuls: boolean
  /** Whether compression is recognised and undone. */
  readonly decompress: boolean
  /** So many bytes a payload may have when its compression is undone. */
  readonly maxBytes: number
}

/** Makes records of payloads; throws nothing, whatever they hold. */
export interface Reader {
  /**
   * The records in the bytes of one payload, each bad one with its reason. Empty only where a list
   * has no elements.
   */
  read(bytes: Buffer, arrival: ArrivedBytes): Item[]
  /** The same, each read when it is asked for: they are to be gone through once. */
  items(bytes: Buffer, arrival: ArrivedBytes): Iterable<Item>
  /** The same of a value that was decoded before. */
  find(value: unknown): Item[]
}

/**
 * The reader for these settings; a promise of it for a format whose library is loaded first.
 * @throws OptionsError for settings that cannot be used (the promise is refused with it likewise)
 */
export function readerOf(options: ReaderOptions): Reader | Promise<Reader> {
  const settings: DecoderOptions = { ...options, trailingNuls: options.cutNuls ? 'cut' : 'reject' }
  const { format } = options
  if (isAtHand(format)) return new BytesReader(AT_HAND[format](settings), options)
  return LOADED[format]().then(make => new BytesReader(make(settings), options))
}

const isAtHand = (format: Format): format is keyof typeof AT_HAND => Object.hasOwn(AT_HAND, format)

/**
 * Whether a payload may hold several records, or takes long to read: then it is not read with many
 * others in one turn of the event loop.
 */
export const isPlainJson = ({ format, at }: Pick<ReaderOptions, 'format' | 'at'>): boolean =>
  format === 'json' && at === 'message'

/** The same settings for one record of JSON a payload. */
export const jsonRulesOf = ({ cutNuls, nanAsNull, exact }: ReaderOptions): JsonRules => ({
  trailingNuls: cutNuls ? 'cut' : 'reject',
  nanAsNull,
  exact
})

/** A reader whose library may still be loading. */
export interface LoadingReader {
  /** To be used once `ready` is there. */
  readonly reader: Pick<Reader, 'read'>
  /** Undefined where nothing is loaded; refused with an OptionsError for a schema that is wrong. */
  readonly ready: Promise<void> | undefined
}

/** @throws OptionsError for settings that cannot be used */
export function loadingReader(options: ReaderOptions): LoadingReader {
  const made = readerOf(options)
  if (!(made instanceof Promise)) return { reader: made, ready: undefined }
  let loaded: Reader | undefined
  const ready = made.then(reader => {
    loaded = reader
  })
  return { ready, reader: { read: (bytes, arrival) => loaded!.read(bytes, arrival) } }
}

class BytesReader implements Reader {
  readonly #records: (value: unknown, place: string) => Item[]

  constructor(
    private readonly decode: Decode,
    private readonly options: ReaderOptions
  ) {
    this.#records = recordsAt(options)
  }

  read(bytes: Buffer, arrival: ArrivedBytes): Item[] {
    const items = this.items(bytes, arrival)
    return Array.isArray(items) ? items : [...items]
  }

  items(bytes: Buffer, arrival: ArrivedBytes): Iterable<Item> {
    const { decompress, maxBytes } = this.options
    const undone = decompress ? decompressed(bytes, maxBytes) : bytes
    const content = undone instanceof ParseFailure ? undone : this.decode(undone, arrival)
    if (content instanceof ParseFailure) return [{ record: content, place: '' }]
    const { values, isList } = content
    if (isList) return this.#each(values)
    const [value] = values
    return this.#records(value, '')
  }

  *#each(values: Iterable<unknown>): Generator<Item> {
    let index = 0
    for (const value of values) yield* this.#records(value, String(index++))
  }

  find(value: unknown): Item[] {
    return this.#records(value, '')
  }
}
