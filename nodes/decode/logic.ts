import { placingProblems } from '../../core/format/check.ts'
import { type Reader, type ReaderOptions, readerOf } from '../../core/format/reader.ts'
import type { Item } from '../../core/format/records-at.ts'
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
 * @throws OptionsError for settings that cannot be used; of a format with a library, the promise is
 * refused with it
 */
export function decoder(
  options: Options<typeof spec>,
  now: () => number
): Decoder | Promise<Decoder> {
  const problems = placingProblems(options)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  const reader = readerOf(options as ReaderOptions)
  return reader instanceof Promise
    ? reader.then(loaded => decoding(loaded, options, now))
    : decoding(reader, options, now)
}

function decoding(reader: Reader, { format }: Options<typeof spec>, now: () => number): Decoder {
  return message => {
    const payloads = recordsOf(message.payload)
    const batch = new FlowBatch(payloads, message)
    const records: unknown[] = []
    const rejected: Rejection[] = []
    let filtered = 0
    function* everything(): Generator<Found> {
      for (const [index, payload] of payloads.entries()) {
        const provenance = provenanceOf(payload) ?? new Provenance(batch, index)
        let found = 0
        for (const items of piecesOf(payload, provenance, reader, format === 'bare', now)) {
          yield { items, payload, provenance }
          found += items.length
        }
        if (found === 0) filtered++
      }
    }
    const rest = eachInSlices(everything(), ({ items, payload, provenance }) => {
      for (const { record, place } of items) {
        if (record instanceof ParseFailure)
          rejected.push(rejection(record, place, payload, provenance))
        else records.push(carrying(record, place, payload, provenance))
      }
      return items.length !== 1 || sizeOf(payload) > DEAR_BYTES
    })
    const outputs = [records, rejected] as const
    return rest === undefined ? { outputs, filtered } : rest.then(() => ({ outputs, filtered }))
  }
}

/** Some of what stands in one payload. */
interface Found {
  readonly items: readonly Item[]
  readonly payload: unknown
  readonly provenance: Provenance
}

/** The clock is to be looked at where so much was read at once. */
const DEAR_BYTES = 16_384

function sizeOf(payload: unknown): number {
  const value = isKafkaMessage(payload) ? payload.value : payload
  return typeof value === 'string' || ArrayBuffer.isView(value)
    ? ((value as Buffer).length ?? DEAR_BYTES)
    : 0
}

function* piecesOf(
  payload: unknown,
  provenance: Provenance,
  reader: Reader,
  isBare: boolean,
  now: () => number
): Generator<readonly Item[]> {
  const value = isKafkaMessage(payload) ? payload.value : payload
  const bytes = bytesOf(value, isBare)
  if (value === null && isKafkaMessage(payload)) yield [{ record: TOMBSTONE, place: '' }]
  else if (bytes === undefined) yield* reader.find(value)
  else
    for (const { values } of reader.pieces(bytes, { arrivedMs: arrivedMs(provenance, now) }))
      yield values
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
