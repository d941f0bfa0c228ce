import { placingProblems } from '../../core/format/check.ts'
import type { Piece } from '../../core/format/pieces.ts'
import {
  type Reader,
  type ReaderOptions,
  readerOf,
  registeredReader
} from '../../core/format/reader.ts'
import type { Item } from '../../core/format/records-at.ts'
import { type AskedSchemas, neededFor } from '../../core/format/schema-id.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { eachInSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import {
  isKafkaMessage,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type Reason,
  type Rejection,
  reject
} from '../../core/record/record.ts'
import { FlowBatch } from './flow-batch.ts'
import { spec } from './spec.ts'

const STAGE = 'decode'

export interface Decoded {
  readonly outputs: readonly [records: readonly unknown[], rejected: readonly Rejection[]]
  /** Payloads that hold no record, such as an empty list. */
  readonly filtered: number
}

export type Decoder = (message: Message) => Decoded | Promise<Decoded>

/**
 * Makes the function that makes records of what a message carries: bytes, texts, Kafka messages, or
 * values that were decoded before. A payload may hold many records; each bad one is rejected by
 * itself, with the bytes of the whole.
 * @param now the clock, in milliseconds since 1970
 * @param schemas of the registry, where the format is `registered`
 * @throws OptionsError for settings that cannot be used; of a format with a library, the promise is
 * refused with it
 */
export function decoder(
  options: Options<typeof spec>,
  now: () => number,
  schemas?: AskedSchemas
): Decoder | Promise<Decoder> {
  const problems = placingProblems(options)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  if (options.format === 'registered') return registeredDecoder(options, now, schemas!)
  const reader = readerOf(options as ReaderOptions)
  return reader instanceof Promise
    ? reader.then(loaded => decoding(loaded, options, now))
    : decoding(reader, options, now)
}

/** Payloads wait until the schemas are read whose ids stand before them. */
async function registeredDecoder(
  options: Options<typeof spec>,
  now: () => number,
  schemas: AskedSchemas
): Promise<Decoder> {
  const reader = await registeredReader(options as Omit<ReaderOptions, 'format'>, schemas)
  const decode = decoding(reader, options, now)
  return message => {
    const payloads = recordsOf(message.payload).map(payload =>
      bytesOf(isKafkaMessage(payload) ? payload.value : payload, false)
    )
    const needed = neededFor(payloads, schemas, options.whenUnknown, message)
    return needed === undefined ? decode(message) : needed.then(() => decode(message))
  }
}

interface How {
  readonly reader: Reader
  readonly isBare: boolean
  readonly now: () => number
}

function decoding(reader: Reader, { format }: Options<typeof spec>, now: () => number): Decoder {
  const how = { reader, isBare: format === 'bare', now }
  return message => {
    const outcome = new Outcome()
    const rest = eachInSlices(readEach(message, how, outcome), isDear => isDear)
    const end = (): Decoded => ({
      outputs: [outcome.records, outcome.rejected],
      filtered: outcome.filtered
    })
    return rest === undefined ? end() : rest.then(end)
  }
}

/** The clock is to be looked at where so much was read at once. */
const DEAR_BYTES = 16_384

/** Reads the payloads of a message, and tells after each piece of them whether it was dear. */
function* readEach(message: Message, how: How, outcome: Outcome): Generator<boolean> {
  const payloads = recordsOf(message.payload)
  const batch = new FlowBatch(payloads, message)
  for (let index = 0; index < payloads.length; index++) {
    const payload = payloads[index]
    const provenance = provenanceOf(payload) ?? new Provenance(batch, index)
    const value = isKafkaMessage(payload) ? payload.value : payload
    const bytes = bytesOf(value, how.isBare)
    const only = bytes && how.reader.readOne(bytes)
    if (only === undefined) yield* readPieces(payload, value, bytes, provenance, how, outcome)
    else {
      outcome.take(only, '', payload, provenance)
      yield bytes!.length > DEAR_BYTES
    }
  }
}

function* readPieces(
  payload: unknown,
  value: unknown,
  bytes: Buffer | undefined,
  provenance: Provenance,
  { reader, now }: How,
  outcome: Outcome
): Generator<boolean> {
  if (value === null && isKafkaMessage(payload)) {
    outcome.take(TOMBSTONE, '', payload, provenance)
    return
  }
  const pieces =
    bytes === undefined
      ? reader.find(value)
      : valuesOf(reader.pieces(bytes, { arrivedMs: arrivedMs(provenance, now) }))
  let found = 0
  for (const items of pieces) {
    for (const { record, place } of items) outcome.take(record, place, payload, provenance)
    found += items.length
    yield items.length !== 1 || (bytes !== undefined && bytes.length > DEAR_BYTES)
  }
  if (found === 0) outcome.filtered++
}

function* valuesOf(pieces: Iterable<Piece<Item>>): Generator<readonly Item[]> {
  for (const { values } of pieces) yield values
}

/** What is made of the payloads of a message. */
class Outcome {
  readonly records: unknown[] = []
  readonly rejected: Rejection[] = []
  filtered = 0

  take(record: Item['record'], place: string, payload: unknown, provenance: Provenance): void {
    if (record instanceof ParseFailure)
      this.rejected.push(rejection(record, place, payload, provenance))
    else this.records.push(carrying(record, place, payload, provenance))
  }
}

const TOMBSTONE = new ParseFailure(
  'TOMBSTONE',
  'The message has no value: it is a tombstone, which deletes its key.'
)

function bytesOf(value: unknown, isBare: boolean): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return isBare && (typeof value === 'number' || typeof value === 'boolean')
    ? Buffer.from(String(value))
    : undefined
}

/** Kafka's own time of the message stays the same however often it is read. */
function arrivedMs({ batch, index }: Provenance, now: () => number): number {
  if (batch instanceof FlowBatch) return now()
  const { origin } = batch.at(index)
  return origin.kind === 'kafka' ? Number(origin.timestamp) : now()
}

/** The record, knowing where it came from and where in that it stood. */
function carrying(record: object, place: string, payload: unknown, provenance: Provenance): object {
  // What came as an object and is one record stays as it is.
  if (record === payload) return record
  ;(record as { [PROVENANCE]?: Provenance })[PROVENANCE] = provenance.part(place)
  return record
}

/** There is no record to show, only bytes; an object that came as one is shown. */
function rejection(
  { code, message, path }: ParseFailure,
  place: string,
  payload: unknown,
  provenance: Provenance
): Rejection {
  const reason: Reason = { code, message, ...(path === undefined ? {} : { path }) }
  const isBytes = isKafkaMessage(payload) || bytesOf(payload, false) !== undefined
  const holder = { [PROVENANCE]: provenance.part(place) }
  return { ...reject(holder, STAGE, reason), record: isBytes ? null : payload }
}
