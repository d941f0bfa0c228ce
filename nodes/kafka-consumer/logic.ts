import { readableLetter } from '../../core/dead-letter/decode.ts'
import { headersOf } from '../../core/kafka/headers.ts'
import { isTopicName, parseNames } from '../../core/kafka/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { JSON_RULES, type JsonRules } from '../../core/record/json-text.ts'
import { ParseFailure, parseRecord } from '../../core/record/parse-record.ts'
import {
  type Batch,
  type HeaderValue,
  KAFKA_MESSAGE,
  type KafkaMessage,
  PROVENANCE,
  Provenance,
  type Reason,
  type Rejection,
  reject,
  type Taken
} from '../../core/record/record.ts'
import type { Split } from '../../core/source/types.ts'
import { spec } from './spec.ts'

/** @throws OptionsError that names what is no topic */
export function topicsOf(text: string): string[] {
  const topics = parseNames(text)
  const { label } = spec.fields.topics
  const wrong = topics
    .filter(topic => !isTopicName(topic))
    .map(topic => `${label}: "${topic}" is no name of a topic`)
  if (wrong.length > 0) throw new OptionsError(spec.label, wrong)
  return topics
}

/** A message as kafkajs gives it. */
export interface RawMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Milliseconds since 1970 as decimal text. */
  readonly timestamp: string
  readonly offset: string
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
}

/** Messages of one partition, in order. What nobody asks for is not built. */
export class KafkaBatch implements Batch {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly messages: readonly RawMessage[]
  ) {}

  at(index: number): Taken {
    const { key, value, offset, timestamp, headers } = this.messages[index]!
    return {
      origin: { kind: 'kafka', topic: this.topic, partition: this.partition, offset, timestamp },
      key,
      headers: headersOf(headers),
      raw: value
    }
  }
}

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

/** The messages as records; what is none is rejected with its bytes. */
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
        rejected.push(malformed(provenance, parsed as Reason))
      else accepted.push(carrying(parsed, provenance))
    }
    return { accepted, rejected }
  }

export const asRecords = recordsBy(JSON_RULES)

/** What the choices of the dialog make of messages. */
export function shapeOf({
  output,
  nanAsNull,
  exact
}: Pick<Options<typeof spec>, 'output' | 'nanAsNull' | 'exact'>): Shape {
  if (output === 'messages') return asMessages
  return output === 'letters' ? asLetters : recordsBy({ ...JSON_RULES, nanAsNull, exact })
}

/** None of the messages, each a dead letter for this reason. */
export const allRejected =
  (reason: Reason): Shape =>
  (batch, from, to) => ({
    accepted: [],
    rejected: Array.from({ length: to - from }, (_, index) =>
      malformed(new Provenance(batch, from + index), reason)
    )
  })

const TOMBSTONE = new ParseFailure(
  'TOMBSTONE',
  'The message has no value: it is a tombstone, which deletes its key.'
)

function carrying<T extends object>(to: T, provenance: Provenance): T {
  ;(to as { [PROVENANCE]?: Provenance })[PROVENANCE] = provenance
  return to
}

/** There is no record to show, only bytes. */
function malformed(provenance: Provenance, { code, message, path }: Reason): Rejection {
  const reason = { code, message, ...(path === undefined ? {} : { path }) }
  return { ...reject(carrying({}, provenance), 'kafka-consumer', reason), record: null }
}

/** Some of the messages of a batch, by their index. */
export interface BatchSlice {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/**
 * Cuts messages into batches of at most so many records, and so many bytes unless one alone has
 * more.
 */
export function slicesOf(
  messages: readonly RawMessage[],
  maxRecords: number,
  maxBytes: number
): BatchSlice[] {
  const slices: BatchSlice[] = []
  let from = 0
  let bytes = 0
  for (let index = 0; index < messages.length; index++) {
    const { length } = messages[index]!.value ?? EMPTY
    if (index > from && (index - from >= maxRecords || bytes + length > maxBytes)) {
      slices.push({ from, to: index })
      from = index
      bytes = 0
    }
    bytes += length
  }
  if (messages.length > from) slices.push({ from, to: messages.length })
  return slices
}

/** A slice that leaves by one output. */
export interface UniformSlice extends BatchSlice {
  readonly isRejected: boolean
}

/**
 * Divides a slice so that each part leaves by one output: with a transaction a batch is one
 * message.
 */
export function uniformSlicesOf(
  shape: Shape,
  batch: KafkaBatch,
  { from, to }: BatchSlice
): UniformSlice[] {
  const { accepted, rejected } = shape(batch, from, to)
  if (accepted.length === 0 || rejected.length === 0)
    return [{ from, to, isRejected: accepted.length === 0 }]
  const uniform: { from: number; to: number; isRejected: boolean }[] = []
  for (let index = from; index < to; index++) {
    const isRejected = shape(batch, index, index + 1).rejected.length > 0
    const last = uniform.at(-1)
    if (last?.isRejected === isRejected) last.to = index + 1
    else uniform.push({ from: index, to: index + 1, isRejected })
  }
  return uniform
}

const EMPTY = { length: 0 }
