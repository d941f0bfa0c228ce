import { encodeRejection, shortenLetter } from '../../core/dead-letter/encode.ts'
import { type Code, reasonOf } from '../../core/errors.ts'
import { present } from '../../core/kafka/headers.ts'
import { hashOf } from '../../core/kafka/produce/murmur2.ts'
import {
  NO_KEY,
  type ProduceCallback,
  type ProduceHeaders,
  ProduceRecord
} from '../../core/kafka/produce/produce-record.ts'
import type { Options } from '../../core/node/spec.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import type { Message } from '../../core/record/message.ts'
import { passedOn } from '../../core/record/passed-on.ts'
import {
  type HeaderValue,
  isKafkaMessage,
  isRejection,
  type KafkaMessage,
  provenanceOf,
  type Reason,
  type Rejection,
  setHeader
} from '../../core/record/record.ts'
import { type RecordKey, withProvenance, withWayOf } from './provenance.ts'
import type { spec } from './spec.ts'

/** How a record is written where it is not JSON. */
export type RegisteredValue = (record: unknown) => Buffer | Reason

export type ProducerNodeOptions = Pick<
  Options<typeof spec>,
  'content' | 'keyField' | 'requireKey' | 'tombstones' | 'headers' | 'keepHeaders' | 'provenance'
>

/** Why a record cannot be written. */
export class Unwritable implements Reason {
  constructor(
    readonly code: Code,
    readonly message: string
  ) {}
}

/** The same of one of its fields. */
class UnwritableField extends Unwritable {
  constructor(
    code: Code,
    message: string,
    readonly path: string
  ) {
    super(code, message)
  }
}

type HeadersOf = (record: unknown, message: Message, key: RecordKey) => ProduceHeaders | undefined

/**
 * Turns what a message carries into records for Kafka: one JSON.stringify a record, and nothing
 * else that costs.
 */
export class Encoder {
  readonly #keyOf: (record: unknown) => unknown
  readonly #headersOf: HeadersOf

  constructor(
    private readonly options: ProducerNodeOptions,
    private readonly registered?: RegisteredValue
  ) {
    this.#keyOf = options.keyField === '' ? () => undefined : getter(options.keyField)
    this.#headersOf = compileHeaders(options)
  }

  /** The record for Kafka of one item of a payload, or why there is none. */
  encode(
    item: unknown,
    message: Message,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord | Unwritable {
    try {
      return this.#encode(item, message, callback, index)
    } catch (error) {
      return new Unwritable(
        'NOT_SERIALISABLE',
        `The record cannot be written: ${reasonOf(error).split('\n')[0]}.`
      )
    }
  }

  #encode(
    item: unknown,
    message: Message,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord | Unwritable {
    const { content } = this.options
    if (content === 'auto' || content === 'messages') {
      if (isKafkaMessage(item)) return this.#message(item, callback, index)
      if (isRejection(item)) {
        const { key, value, headers } = encodeRejection(item)
        return this.#made(key, value, headers, undefined, callback, index)
      }
      if (content === 'messages') return this.#fromObject(item, callback, index)
    }
    if (item === null || item === undefined) return this.#tombstone(message, callback, index)
    if (content === 'auto' && (typeof item === 'string' || Buffer.isBuffer(item))) {
      const key = keyOf(message.key)
      return this.#keyed(key, item, this.#headersOf(item, message, key), callback, index)
    }
    return this.#record(item, message, callback, index)
  }

  /** A dead letter with at most so many bytes of its value. */
  shortened(
    letter: Rejection,
    maxBytes: number,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord {
    const { key, value, headers } = shortenLetter(encodeRejection(letter), maxBytes)
    return this.#made(key, value, headers, undefined, callback, index)
  }

  #record(
    item: unknown,
    message: Message,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord | Unwritable {
    const value = this.registered === undefined ? jsonOf(item) : asValue(this.registered(item))
    if (value instanceof Unwritable) return value
    const key =
      keyOf(this.#keyOf(item)) ?? keyOf(provenanceOf(item)?.taken.key) ?? keyOf(message.key)
    return this.#keyed(key, value, this.#headersOf(item, message, key), callback, index)
  }

  #tombstone(
    message: Message,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord | Unwritable {
    if (!this.options.tombstones)
      return new Unwritable(
        'NOT_A_RECORD',
        'The record is null. To delete its key from the topic, turn on tombstones.'
      )
    const key = keyOf(message.key)
    if (key === null)
      return new Unwritable('KEY_MISSING', 'A tombstone needs the key that it deletes, in msg.key.')
    return this.#made(key, null, this.#headersOf(null, message, key), undefined, callback, index)
  }

  #keyed(
    key: Buffer | string | null,
    value: Buffer | string,
    headers: ProduceHeaders | undefined,
    callback: ProduceCallback,
    index: number
  ) {
    if (key === null && this.options.requireKey) {
      return new Unwritable(
        'KEY_MISSING',
        `The record has no key: the field "${this.options.keyField}" is missing or empty.`
      )
    }
    return this.#made(key, value, headers, undefined, callback, index)
  }

  #message(
    { key = null, value = null, headers, timestamp }: KafkaMessage,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord {
    return this.#made(key, value, present(headers), timestamp, callback, index)
  }

  /** A message as a Function node may have made it. */
  #fromObject(item: unknown, callback: ProduceCallback, index: number): ProduceRecord | Unwritable {
    const {
      key = null,
      value,
      headers = {},
      timestamp
    } = (item ?? {}) as { [field: string]: unknown }
    const wrong = (why: string) =>
      new Unwritable(
        'NOT_A_KAFKA_MESSAGE',
        `A Kafka message is an object with key, value and headers, but ${why}.`
      )
    if (value !== null && !isBytes(value))
      return wrong('value is neither text, nor a Buffer, nor null')
    if (key !== null && !isBytes(key)) return wrong('key is neither text, nor a Buffer, nor null')
    if (timestamp !== undefined && !isTimestamp(timestamp))
      return wrong('timestamp is not a number of milliseconds')
    const own = headersFrom(headers)
    if (own === undefined)
      return wrong('headers is not an object of texts, Buffers or arrays of these')
    return this.#made(
      key,
      value,
      own,
      timestamp === undefined ? undefined : String(timestamp),
      callback,
      index
    )
  }

  #made(
    key: RecordKey,
    value: Buffer | string | null,
    headers: ProduceHeaders | undefined,
    timestamp: string | undefined,
    callback: ProduceCallback,
    index: number
  ): ProduceRecord {
    return new ProduceRecord(
      key,
      value,
      headers,
      timestamp,
      key === null ? NO_KEY : hashOf(key),
      callback,
      index
    )
  }
}

const jsonOf = (item: unknown): Buffer | string | Unwritable =>
  bytesOf(item) ??
  jsonText(item) ??
  new Unwritable('NOT_SERIALISABLE', `A ${typeof item} cannot be written as JSON.`)

function asValue(value: Buffer | Reason): Buffer | Unwritable {
  if (Buffer.isBuffer(value)) return value
  const { code, message, path } = value
  return path === undefined
    ? new Unwritable(code as Code, message)
    : new UnwritableField(code as Code, message, path)
}

/** What a long record was read from, where that still says all that it holds. */
function bytesOf(item: unknown): Buffer | undefined {
  const provenance = provenanceOf(item)
  const asRead = provenance?.asRead
  const raw = asRead && provenance!.taken.raw
  return raw ? passedOn(raw, asRead, item as object) : undefined
}

const isTimestamp = (value: unknown): value is string | number | bigint =>
  ['string', 'number', 'bigint'].includes(typeof value) && /^\d{1,15}$/.test(String(value))

const isBytes = (value: unknown): value is Buffer | string =>
  typeof value === 'string' || Buffer.isBuffer(value)

function keyOf(value: unknown): Buffer | string | null {
  if (typeof value === 'string') return value === '' ? null : value
  if (typeof value === 'number' || typeof value === 'boolean' || isExactNumber(value))
    return String(value)
  return Buffer.isBuffer(value) ? value : null
}

function headersFrom(headers: unknown): ProduceHeaders | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined
  const known: ProduceHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    if (!(Array.isArray(value) ? value.every(isHeaderValue) : isHeaderValue(value)))
      return undefined
    setHeader(known, name, value)
  }
  return known
}

const isHeaderValue = (value: unknown): value is HeaderValue => value === null || isBytes(value)

/** The function that makes the headers of a record; the cheapest is none. */
function compileHeaders({ headers, keepHeaders, provenance }: ProducerNodeOptions): HeadersOf {
  const cameWith: HeadersOf =
    provenance || keepHeaders
      ? (record, message, key) =>
          headersItCameWith({ record, message }, key, keepHeaders, provenance)
      : () => undefined
  if (headers.length === 0) return cameWith
  const rows = headers.map(({ name, from, value }) => ({ name, of: sourceOf(from, value) }))
  return (record, message, key) => {
    const made: ProduceHeaders = cameWith(record, message, key) ?? {}
    for (const { name, of } of rows) {
      const value = of(record, message)
      if (value === undefined || value === null) continue
      made[name] = isBytes(value)
        ? value
        : typeof value === 'object'
          ? jsonText(value)!
          : String(value)
    }
    return made
  }
}

function headersItCameWith(
  { record, message }: { readonly record: unknown; readonly message: Message },
  key: RecordKey,
  all: boolean,
  provenance: boolean
): ProduceHeaders | undefined {
  const taken = provenanceOf(record)?.taken
  if (taken === undefined) return provenance ? withWayOf(message) : undefined
  const made = all ? present(taken.headers) : {}
  return provenance ? withProvenance(made, taken, key) : made
}

function sourceOf(
  from: ProducerNodeOptions['headers'][number]['from'],
  value: string
): (record: unknown, message: Message) => unknown {
  if (from === 'text') return () => value
  const get = getter(value)
  return from === 'field' ? record => get(record) : (_record, message) => get(message)
}
