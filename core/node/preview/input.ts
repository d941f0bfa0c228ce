import type { Message } from '../../record/message.ts'
import {
  type Headers,
  type Origin,
  PROVENANCE,
  Provenance,
  provenanceOf,
  type Taken
} from '../../record/record.ts'
import { read } from '../samples/written.ts'
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

  constructor(private readonly given: Given) {
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
    const { text, asBytes, payload } = this.given
    if (text === undefined) return read(payload)
    if (asBytes) return Buffer.from(text)
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
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
