import { isUtf8 } from 'node:buffer'
import { read, Writer, type Written } from '../../core/node/samples/written.ts'
import { type ParseFailure, unfitness } from '../../core/record/parse-record.ts'
import {
  type Batch,
  inherit,
  isKafkaMessage,
  isRejection,
  PROVENANCE,
  type Provenance,
  provenanceOf,
  REJECTION,
  type Reason,
  type Taken
} from '../../core/record/record.ts'

/** A record larger than this as JSON is refused: it has to be in memory several times. */
export const MAX_RECORD_BYTES = 64 << 20
/** Of a message beside its payload. */
const MAX_PROPERTIES_BYTES = 256 << 10

/** How the text of a record is read: JSON as it is, with marks (core/node/samples), a rejection. */
export type Kind = 0 | 1 | 2
const [PLAIN, MARKED, REJECTED] = [0, 1, 2] as const

/** A record as it is written. */
export interface KeptRecord {
  readonly text: string
  readonly kind: Kind
  /** What its source knew of it, as text; empty where it has come from no source. */
  readonly taken: string
  readonly place: string | undefined
}

/** Of one message: what many of its records have together is written once. */
export class RecordWriter {
  readonly #taken = new Map<Batch, Map<number, string>>()

  /** @returns a reason where it cannot be kept */
  write(record: unknown): KeptRecord | Reason {
    const isBytes = isKafkaMessage(record)
    const isLetter = isRejection(record)
    if (!isBytes && !isLetter) {
      const failure = unfitness(record)
      if (failure !== undefined) return reasonFor(failure)
    }
    const kind = isLetter ? REJECTED : !isBytes && isPlain(record as object) ? PLAIN : MARKED
    const text = kind === PLAIN ? JSON.stringify(record) : marked(record, MAX_RECORD_BYTES)
    if (text === undefined || text.length > MAX_RECORD_BYTES) return TOO_LARGE
    const provenance = provenanceOf(record)
    const taken = provenance === undefined ? '' : this.#takenOf(provenance)
    return { text, kind, taken, place: provenance?.place }
  }

  #takenOf({ batch, index }: Provenance): string {
    let ofBatch = this.#taken.get(batch)
    if (ofBatch === undefined) {
      ofBatch = new Map()
      this.#taken.set(batch, ofBatch)
    }
    let text = ofBatch.get(index)
    if (text === undefined) {
      text = takenText(batch.at(index))
      ofBatch.set(index, text)
    }
    return text
  }
}

const TOO_LARGE: Reason = {
  code: 'PAYLOAD_TOO_LARGE',
  message: `The record is larger than ${MAX_RECORD_BYTES >> 20} MB as JSON, more than is kept of one.`
}

const reasonFor = ({ code, message, path }: ParseFailure): Reason => ({
  code,
  message,
  ...(path === undefined ? {} : { path })
})

/** Whether JSON gives back the same: no bytes, dates, long numbers, and nothing that looks so. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return value.every(isPlainValue)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  let keys = 0
  for (const key in value) {
    keys++
    if (!isPlainValue((value as Record<string, unknown>)[key])) return false
    if (keys === 1 && key.startsWith('$') && Object.keys(value).length === 1) return false
  }
  return true
}

function isPlainValue(value: unknown): boolean {
  if (typeof value === 'object') return value === null || isPlain(value)
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'
}

/** Undefined where there is more of it than it may have. */
function marked(value: unknown, maxBytes: number): string | undefined {
  const writer = new Writer(maxBytes)
  const written = isRejection(value) ? writtenRejection(value, writer) : writer.write(value)
  return writer.cut ? undefined : JSON.stringify(written)
}

/** Its record may be a Kafka message or what is no record at all. */
const writtenRejection = (rejection: object, writer: Writer): Written =>
  writer.write({ ...rejection })

/** What a message has beside its payload, as text; undefined where that is too much to keep. */
export function propertiesText(message: Readonly<Record<string, unknown>>): string | undefined {
  const { payload: _payload, _msgid, req: _request, res: _response, ...rest } = message
  for (const name in rest) return marked(rest, MAX_PROPERTIES_BYTES + name.length)
  return ''
}

export const propertiesOf = (text: string): Record<string, unknown> =>
  text === '' ? {} : (read(JSON.parse(text)) as Record<string, unknown>)

interface TakenJson {
  readonly o: Taken['origin']
  readonly k: Written
  readonly h: Written
  /** The original bytes: as text where they are text, else in base64. */
  readonly t?: string
  readonly b?: string
  readonly w?: string
}

function takenText({ origin, key, headers, raw, writtenMs }: Taken): string {
  const writer = new Writer(MAX_RECORD_BYTES)
  const written: TakenJson = {
    o: origin,
    k: writer.write(key),
    h: writer.write(headers),
    ...(raw === null ? {} : isUtf8(raw) ? { t: raw.toString() } : { b: raw.toString('base64') }),
    ...(writtenMs === undefined ? {} : { w: writtenMs })
  }
  return JSON.stringify(written)
}

function takenOf({ o, k, h, t, b, w }: TakenJson): Taken {
  const raw = t === undefined ? (b === undefined ? null : Buffer.from(b, 'base64')) : Buffer.from(t)
  return {
    origin: o,
    key: read(k) as Taken['key'],
    headers: read(h) as Taken['headers'],
    raw,
    ...(w === undefined ? {} : { writtenMs: w })
  }
}

/** What sources knew, read back when it is asked for. */
export class KeptBatch implements Batch {
  readonly #taken: (Taken | undefined)[] = []

  constructor(private readonly written: readonly unknown[]) {}

  at(index: number): Taken {
    this.#taken[index] ??= takenOf(this.written[index] as TakenJson)
    return this.#taken[index]
  }
}

/** The record that was written. */
export function recordOf(written: unknown, kind: Kind, from: Provenance | undefined): object {
  const record = (kind === PLAIN ? written : read(written)) as object
  if (from !== undefined) (record as { [PROVENANCE]?: Provenance })[PROVENANCE] = from
  if (kind !== REJECTED) return record
  const letter = record as { [REJECTION]?: true; record?: unknown }
  letter[REJECTION] = true
  if (typeof letter.record === 'object' && letter.record !== null) inherit(letter, letter.record)
  return letter
}
