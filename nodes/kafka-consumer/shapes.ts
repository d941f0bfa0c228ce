import { readableLetter } from '../../core/dead-letter/decode.ts'
import { placingProblems } from '../../core/format/check.ts'
import { formatDefaults } from '../../core/format/fields.ts'
import { carrying, placedPieces, refusal } from '../../core/format/placed.ts'
import {
  isPlainJson,
  jsonRulesOf,
  loadingReader,
  onceLoaded,
  type Reader,
  type ReaderOptions,
  registeredReader,
  takesLong
} from '../../core/format/reader.ts'
import type { Placing } from '../../core/format/records-at.ts'
import { type AskedSchemas, neededFor } from '../../core/format/schema-id.ts'
import { headersOf } from '../../core/kafka/headers.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import type { JsonRules } from '../../core/record/json-text.ts'
import { ParseFailure, parseRecord } from '../../core/record/parse-record.ts'
import { asRead } from '../../core/record/passed-on.ts'
import {
  KAFKA_MESSAGE,
  type KafkaMessage,
  Provenance,
  type Reason,
  type Rejection
} from '../../core/record/record.ts'
import type { Split, SplitPiece } from '../../core/source/types.ts'
import type { BatchSlice, KafkaBatch } from './batch.ts'
import { spec } from './spec.ts'

const STAGE = 'kafka-consumer'

export type Shape = (batch: KafkaBatch, from: number, to: number) => Split

/** The messages as Kafka messages, bytes untouched. */
export const asMessages: Shape = (batch, from, to) => {
  const accepted: object[] = []
  for (let index = from; index < to; index++) {
    const { key, value, timestamp, headers } = batch.messages[index]!
    const message: KafkaMessage = {
      [KAFKA_MESSAGE]: true,
      key,
      value,
      timestamp,
      headers: headersOf(headers)
    }
    accepted.push(carrying(message, new Provenance(batch, index)))
  }
  return { accepted, rejected: [] }
}

/** The messages of a dead-letter topic as a person reads them. */
export const asLetters: Shape = (batch, from, to) => {
  const accepted: object[] = []
  for (let index = from; index < to; index++) {
    const { key, value, timestamp, headers } = batch.messages[index]!
    const letter = readableLetter({ key, value, timestamp, headers: headersOf(headers) })
    accepted.push(carrying(letter, new Provenance(batch, index)))
  }
  return { accepted, rejected: [] }
}

/** The messages as records, one JSON object each; what is none is rejected with its bytes. */
export const recordsBy =
  (rules: JsonRules): Shape =>
  (batch, from, to) => {
    const accepted: object[] = []
    const rejected: Rejection[] = []
    for (let index = from; index < to; index++) {
      const { value } = batch.messages[index]!
      const provenance = new Provenance(batch, index)
      const parsed = value === null ? TOMBSTONE : parseRecord(value, rules)
      if (parsed === TOMBSTONE || parsed instanceof ParseFailure)
        rejected.push(refusal(parsed as Reason, provenance, STAGE))
      else {
        // What was NaN in the bytes is null in the record.
        if (!rules.nanAsNull) provenance.asRead = asRead(value!, parsed)
        accepted.push(carrying(parsed, provenance))
      }
    }
    return { accepted, rejected }
  }

type Read = Pick<Reader, 'pieces'>

/** The same of any format, each of which may hold any number of records. */
const readBy =
  (reader: Read): Shape =>
  (batch, from, to) => {
    const all = { accepted: [] as object[], rejected: [] as Rejection[] }
    for (let index = from; index < to; index++) {
      for (const { split } of piecesOf(reader, batch, index)) {
        for (const record of split.accepted) all.accepted.push(record)
        for (const rejection of split.rejected) all.rejected.push(rejection)
      }
    }
    return all
  }

function piecesOf(reader: Read, batch: KafkaBatch, index: number): Iterable<SplitPiece> {
  const { value, timestamp } = batch.messages[index]!
  const provenance = new Provenance(batch, index)
  if (value === null) {
    const none = () => ({ accepted: [], rejected: [refusal(TOMBSTONE, provenance, STAGE)] })
    return [{ split: none(), again: none }]
  }
  // Kafka's own time of the message stays the same however often it is read.
  return placedPieces(reader.pieces(value, { arrivedMs: Number(timestamp) }), provenance, STAGE)
}

/** What the choices of the dialog make of messages. */
export interface Shaping {
  readonly shape: Shape
  /**
   * Whether these may hold any number of records, or take long to read: then they leave in
   * portions.
   */
  isMany(batch: KafkaBatch, slice: BatchSlice): boolean
  /** The records of one message of these, some at a time. */
  piecesOf(batch: KafkaBatch, index: number): Iterable<SplitPiece>
  /** The library of the format is there; undefined where it needs none. */
  readonly ready: Promise<void> | undefined
  /** What has to be there before these are read; undefined where nothing is waited for. */
  needed?(batch: KafkaBatch, slice: BatchSlice): Promise<unknown> | undefined
}

/** Each message is one record. */
const byItself = (shape: Shape): Shaping => ({
  shape,
  isMany: never,
  piecesOf: () => [],
  ready: undefined
})

const never = () => false
const always = () => true

/**
 * @param registry what the schema registry of the options has; asked for where they name one
 * @throws OptionsError for settings that cannot be used; `ready` is refused with it likewise
 */
export function shapingOf(options: Options<typeof spec>, registry: () => AskedSchemas): Shaping {
  const { output, nanAsNull, exact, maxFields } = options
  if (output === 'registered') return registeredBy(options, registry())
  if (output === 'messages') return byItself(asMessages)
  if (output === 'letters') return byItself(asLetters)
  if (output === 'decoded') return recordsOf(options as ReaderOptions)
  return recordsOf(formatDefaults({ nanAsNull, exact, maxFields }))
}

function registeredBy(options: Options<typeof spec>, schemas: AskedSchemas): Shaping {
  checkPlacing(options)
  const { reader, ready } = onceLoaded(registeredReader(options as ReaderOptions, schemas))
  return {
    shape: readBy(reader),
    isMany: always,
    piecesOf: (batch, index) => piecesOf(reader, batch, index),
    ready,
    needed: (batch, slice) => neededFor(valuesOf(batch, slice), schemas, options.whenUnknown, batch)
  }
}

function* valuesOf({ messages }: KafkaBatch, { from, to }: BatchSlice): Generator<Buffer | null> {
  for (let index = from; index < to; index++) yield messages[index]!.value
}

function checkPlacing(placing: Placing): void {
  const problems = placingProblems(placing)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
}

function recordsOf(reading: ReaderOptions): Shaping {
  checkPlacing(reading)
  const { reader, ready } = loadingReader(reading)
  const read = readBy(reader)
  const pieces = (batch: KafkaBatch, index: number) => piecesOf(reader, batch, index)
  if (!isPlainJson(reading)) return { shape: read, isMany: always, piecesOf: pieces, ready }
  const parse = recordsBy(jsonRulesOf(reading))
  const isMany = (batch: KafkaBatch, slice: BatchSlice) => hasLong(batch, slice, reading.decompress)
  return {
    shape: (batch, from, to) => (isMany(batch, { from, to }) ? read : parse)(batch, from, to),
    isMany,
    piecesOf: pieces,
    ready
  }
}

function hasLong(
  { messages }: KafkaBatch,
  { from, to }: BatchSlice,
  decompresses: boolean
): boolean {
  for (let index = from; index < to; index++) {
    const { value } = messages[index]!
    if (value !== null && takesLong(value, decompresses)) return true
  }
  return false
}

/** None of the messages, each a dead letter for this reason. */
export const allRejected =
  (reason: Reason): Shape =>
  (batch, from, to) => ({
    accepted: [],
    rejected: Array.from({ length: to - from }, (_, index) =>
      refusal(reason, new Provenance(batch, from + index), STAGE)
    )
  })

const TOMBSTONE = new ParseFailure(
  'TOMBSTONE',
  'The message has no value: it is a tombstone, which deletes its key.'
)
