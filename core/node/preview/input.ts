import { type ReaderOptions, readerOf } from '../../format/reader.ts'
import { READ_ALL } from '../../learn/formats.ts'
import { type JsonRules, parseJson } from '../../record/json-text.ts'
import type { Message } from '../../record/message.ts'
import { ParseFailure } from '../../record/parse-failure.ts'
import {
  type Headers,
  KAFKA_MESSAGE,
  type KafkaMessage,
  type Origin,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type Taken
} from '../../record/record.ts'
import { read } from '../samples/written.ts'
import type { PreviewKind } from './kinds.ts'
import type { Given } from './request.ts'

/** So many records are looked at; a person reads fewer. */
export const MOST_RECORDS = 100

/**
 * The message of a preview, made anew for each use, since a node may change what it gets. Each
 * record carries where it came from, by which what leaves is found to be made of it.
 */
export class Input {
  readonly #taken: readonly unknown[]
  readonly #batch = { at: (index: number) => this.#takenAt(index) }

  /** @param takes whether the node reads bytes itself, or gets what was decoded before it */
  constructor(
    private readonly given: Given,
    private readonly takes: PreviewKind['takes'] = 'records'
  ) {
    const taken = read(given.taken)
    this.#taken = Array.isArray(taken) ? taken : []
  }

  message(): Message {
    const payload = this.#payload()
    if (!Array.isArray(payload))
      return { topic: this.given.topic, payload: this.#placed(payload, 0) }
    return {
      topic: this.given.topic,
      payload: payload.slice(0, MOST_RECORDS).map((record, index) => this.#placed(record, index))
    }
  }

  /** The place of the record that this one was made of; undefined where that is not known. */
  indexOf(record: unknown): number | undefined {
    const provenance = provenanceOf(record)
    return provenance?.batch === this.#batch ? provenance.index : undefined
  }

  #payload(): unknown {
    const { text, bytes, payload } = this.given
    if (bytes === undefined && text === undefined) return read(payload)
    const raw = bytes === undefined ? Buffer.from(text!) : Buffer.from(bytes, 'base64')
    if (this.takes === 'kafka') return this.#kafkaMessage(raw)
    return this.takes === 'bytes' ? raw : decoded(raw)
  }

  #kafkaMessage(value: Buffer): KafkaMessage {
    const { key, headers, origin } = this.#takenAt(0)
    const timestamp = origin.kind === 'kafka' ? origin.timestamp : String(Date.now())
    return { [KAFKA_MESSAGE]: true, key, value, headers, timestamp }
  }

  #placed(record: unknown, index: number): unknown {
    const isObject =
      typeof record === 'object' &&
      record !== null &&
      !Array.isArray(record) &&
      !Buffer.isBuffer(record)
    return isObject
      ? Object.assign(record, { [PROVENANCE]: new Provenance(this.#batch, index) })
      : record
  }

  #takenAt(index: number): Taken {
    const { origin, key, headers } = (this.#taken[index] ?? this.#taken[0] ?? {}) as Partial<Taken>
    const typed: Origin = { kind: 'mqtt', topic: this.given.topic, qos: 1, retained: false }
    return {
      origin: isOrigin(origin)
        ? { ...origin, ...(origin.kind === 'kafka' ? {} : { topic: this.given.topic }) }
        : typed,
      key: typeof key === 'string' || Buffer.isBuffer(key) ? key : null,
      headers: isHeaders(headers) ? headers : {},
      raw: null
    }
  }
}

/** What comes back from an editor may be anything. */
const isOrigin = (origin: unknown): origin is Origin =>
  typeof origin === 'object' &&
  origin !== null &&
  ['kafka', 'mqtt', 'simulator'].includes((origin as Origin).kind) &&
  Object.values(origin).every(value => typeof value !== 'object')

const isHeaders = (headers: unknown): headers is Headers =>
  typeof headers === 'object' &&
  headers !== null &&
  Object.values(headers)
    .flat()
    .every(value => value === null || typeof value === 'string' || Buffer.isBuffer(value))

/** A file may hold a record a line. */
const SEQUENCE: ReaderOptions = {
  ...READ_ALL,
  format: 'json-sequence'
}

/** With all the digits that were typed: what a node makes of them is its own business. */
const RULES: JsonRules = { trailingNuls: 'cut', nanAsNull: false, exact: true }

/** What a text means for a node that gets records: JSON, one value or several, or text. */
function decoded(bytes: Buffer): unknown {
  const text = bytes.toString().replace(/^\uFEFF/, '')
  const value = parseJson(text, RULES)
  if (!(value instanceof ParseFailure)) return value
  const values = /^\s*\{/.test(text) ? sequenceIn(bytes) : []
  return values.length > 1 ? values : text
}

function sequenceIn(bytes: Buffer): unknown[] {
  const reader = readerOf(SEQUENCE)
  if (reader instanceof Promise) return []
  const found = reader.read(bytes, { arrivedMs: 0 }).map(({ record }) => record)
  return found.some(record => record instanceof ParseFailure) ? [] : found
}
