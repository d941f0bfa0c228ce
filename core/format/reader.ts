import { cloneRecord } from '../record/clone-record.ts'
import type { JsonRules } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { parseRecord } from '../record/parse-record.ts'
import type { TelemetryRecord } from '../record/record.ts'
import {
  type ArrivedBytes,
  type AtOnce,
  type Decode,
  type DecoderOptions,
  type InPieces,
  type InSteps,
  LONG_BYTES,
  type LongValue,
  type Steps
} from './decoder.ts'
import { AT_HAND, LOADED } from './decoders.ts'
import { decompressed, isCompressed } from './decompress.ts'
import { isLongList, longListIn } from './long-list.ts'
import type { Format } from './names.ts'
import { inOnePiece, NOTHING_YET, PIECE_VALUES, type Piece } from './pieces.ts'
import { type FoundRecords, foundAt, type Item, type Placing, recordsAt } from './records-at.ts'
import type { KnownSchemas } from './schema-id.ts'

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
  /**
   * The record of a payload that holds one and takes no long to read: the short way, for most
   * payloads of JSON. Undefined where they are to be read in pieces, which also says why one is no
   * record: of several reasons the same as for a long payload.
   */
  readOne(bytes: Buffer): TelemetryRecord | undefined
  /** The same, some at a time, each piece read when it is asked for: to be gone through once. */
  pieces(bytes: Buffer, arrival: ArrivedBytes): Iterable<Piece<Item>>
  /** The same of a value that was decoded before, some at a time. */
  find(value: unknown): Iterable<readonly Item[]>
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

/**
 * Whether a payload of plain JSON takes long to read all the same: it may hold far more than it has
 * bytes, or has many.
 */
export const takesLong = (bytes: Buffer, decompresses: boolean): boolean =>
  bytes.length >= LONG_BYTES || (decompresses && isCompressed(bytes))

/**
 * The reader of what a schema registry has the schemas of; nothing is known of other formats, and
 * none is compressed as a whole.
 * @param schemas those that were read before a payload is
 */
export async function registeredReader(
  options: Omit<ReaderOptions, 'format'>,
  schemas: KnownSchemas
): Promise<Reader> {
  const { registered } = await import('./registered.ts')
  const trailingNuls = options.cutNuls ? 'cut' : 'reject'
  const decode = registered(schemas, { ...options, format: '', trailingNuls })
  // A node that can read other formats too says which, and means another choice.
  const { format: _, ...rest } = options as ReaderOptions
  return new BytesReader(decode, { ...rest, decompress: false })
}

/** The same settings for one record of JSON a payload. */
export const jsonRulesOf = ({
  cutNuls,
  nanAsNull,
  exact,
  maxFields
}: Omit<ReaderOptions, 'format'>): JsonRules => ({
  trailingNuls: cutNuls ? 'cut' : 'reject',
  nanAsNull,
  exact,
  maxFields
})

/** A reader whose library may still be loading. */
export interface LoadingReader {
  /** To be used once `ready` is there. */
  readonly reader: Pick<Reader, 'read' | 'pieces'>
  /** Undefined where nothing is loaded; refused with an OptionsError for a schema that is wrong. */
  readonly ready: Promise<void> | undefined
}

/** @throws OptionsError for settings that cannot be used */
export function loadingReader(options: ReaderOptions): LoadingReader {
  const made = readerOf(options)
  return made instanceof Promise ? onceLoaded(made) : { reader: made, ready: undefined }
}

/** A reader that is used once its library is there. */
export function onceLoaded(made: Promise<Reader>): LoadingReader {
  let loaded: Reader | undefined
  const ready = made.then(reader => {
    loaded = reader
  })
  // A node that does not start for another reason never waits for this, and a refusal that nobody
  // hears ends Node-RED.
  ready.catch(() => undefined)
  return {
    ready,
    reader: {
      read: (bytes, arrival) => loaded!.read(bytes, arrival),
      pieces: (bytes, arrival) => loaded!.pieces(bytes, arrival)
    }
  }
}

class BytesReader implements Reader {
  readonly #records: (value: unknown, place: string) => Item[]
  readonly #found: (value: unknown, place: string) => FoundRecords
  readonly #plain: JsonRules | undefined

  constructor(
    private readonly decode: Decode,
    private readonly options: Omit<ReaderOptions, 'format'> & { readonly format?: Format }
  ) {
    this.#records = recordsAt(options)
    this.#found = foundAt(options)
    const { format } = options
    if (format !== undefined && isPlainJson({ ...options, format }))
      this.#plain = jsonRulesOf(options)
  }

  readOne(bytes: Buffer): TelemetryRecord | undefined {
    const rules = this.#plain
    if (rules === undefined || takesLong(bytes, this.options.decompress)) return undefined
    const record = parseRecord(bytes, rules)
    return record instanceof ParseFailure ? undefined : record
  }

  read(bytes: Buffer, arrival: ArrivedBytes): Item[] {
    const [first, ...others] = this.pieces(bytes, arrival)
    const items = [...(first?.values ?? [])]
    for (const { values } of others) for (const item of values) items.push(item)
    return items
  }

  pieces(bytes: Buffer, arrival: ArrivedBytes): Iterable<Piece<Item>> {
    const { decompress, maxBytes } = this.options
    const undone = decompress ? decompressed(bytes, maxBytes) : bytes
    if (undone instanceof ParseFailure) return failed(undone)
    const { format } = this.options
    if (format !== undefined && isLongList(undone, { ...this.options, format })) {
      const pieces = longListIn(undone, { ...this.options, format })
      if (pieces !== undefined) return pieces
    }
    const content = this.decode(undone, arrival)
    if (content instanceof ParseFailure) return failed(content)
    if ('steps' in content) return this.#inSteps(content, () => this.#readAtOnce(undone, arrival))
    if ('pieces' in content) return this.#each(content.pieces)
    const found = this.#foundIn(content)
    return found.length <= PIECE_VALUES
      ? inOnePiece(found, () => this.#foundAgain(undone, arrival))
      : inCopies(found)
  }

  /** Read as a whole, some of it at each step, before any of its records leaves. */
  *#inSteps({ steps }: InSteps, readAnew: () => FoundRecords): Generator<Piece<Item>> {
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) yield NOTHING_YET
    const content = step.value
    if (content instanceof ParseFailure) yield* failed(content)
    else if ('pieces' in content) yield* this.#each(content.pieces)
    else {
      const found = this.#foundIn(content)
      yield* found.length === 1 ? inOnePiece(found, readAnew) : inCopies(found)
    }
  }

  /** The same of a payload that was read before, without a turn for others. */
  #readAtOnce(bytes: Buffer, arrival: ArrivedBytes): FoundRecords {
    const { steps } = this.decode(bytes, arrival) as InSteps
    return this.#foundIn(lastOf(steps) as AtOnce)
  }

  #foundIn({ values, isList }: AtOnce): FoundRecords {
    if (!isList) return this.#found(values[0], '')
    if (this.options.at === 'message')
      return {
        length: values.length,
        items: (from, to) =>
          values
            .slice(from, to)
            .flatMap((value, index) => this.#records(value, String(from + index)))
      }
    const items = values.flatMap((value, index) => this.#records(value, String(index)))
    return { length: items.length, items: (from, to) => items.slice(from, to) }
  }

  #foundAgain(bytes: Buffer, arrival: ArrivedBytes): FoundRecords {
    return this.#foundIn(this.decode(bytes, arrival) as AtOnce)
  }

  *#each(pieces: InPieces['pieces']): Generator<Piece<Item>> {
    let count = 0
    for (const piece of pieces) {
      const first = count
      if ('steps' in piece) {
        yield* this.#longOne(piece, String(first))
        count++
        continue
      }
      const { values, again } = piece
      const itemsOf = (each: readonly unknown[]) =>
        each.flatMap((value, index) => this.#records(value, String(first + index)))
      yield { values: itemsOf(values), again: () => itemsOf(again()) }
      count += values.length
    }
  }

  /** The records of one of several values, which is long itself. */
  *#longOne(value: LongValue, place: string): Generator<Piece<Item>> {
    const steps = value.steps()
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) yield NOTHING_YET
    const found = this.#found(step.value, place)
    const readAnew = () => this.#found(lastOf(value.steps()), place)
    yield* found.length === 1 ? inOnePiece(found, readAnew) : inCopies(found)
  }

  *find(value: unknown): Generator<Item[]> {
    const found = this.#found(value, '')
    for (let from = 0; from === 0 || from < found.length; from += PIECE_VALUES)
      yield found.items(from, Math.min(found.length, from + PIECE_VALUES))
  }
}

/** What the steps lead to, without a turn for others. */
function lastOf<T>(steps: Steps<T>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/**
 * The records of a value that stays as it is: each is given as a copy, since nodes change what they
 * get and reading all of it anew would take long.
 */
function* inCopies(found: FoundRecords): Generator<Piece<Item>> {
  for (let from = 0; from === 0 || from < found.length; from += PIECE_VALUES) {
    const to = Math.min(found.length, from + PIECE_VALUES)
    const again = () => found.items(from, to).map(copyOf)
    yield { values: again(), again }
  }
}

const copyOf = ({ record, place }: Item): Item => ({
  record: record instanceof ParseFailure ? record : cloneRecord(record),
  place
})

function failed(failure: ParseFailure): Piece<Item>[] {
  const values = [{ record: failure, place: '' }]
  return [{ values, again: () => values }]
}
