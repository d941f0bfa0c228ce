/**
 * Records, where they came from, and what became of them.
 *
 * Symbols carry what must survive Node-RED's cloning without being seen by JSON. The classes below
 * name themselves by `Symbol.toStringTag`: lodash.clonedeep, which Node-RED clones with, passes
 * objects of an unknown tag by reference, so a batch's bytes are never copied however many wires
 * leave a node.
 */

import type { AsRead } from './passed-on.ts'

/** A plain JSON object, e.g. `{ device_id, metric, value, ts }`. */
export type TelemetryRecord = Record<string, unknown>

export const PROVENANCE = Symbol.for('millrace.provenance')
export const REJECTION = Symbol.for('millrace.rejection')
export const KAFKA_MESSAGE = Symbol.for('millrace.kafka-message')

/** One value of a header; null where the header has none. */
export type HeaderValue = Buffer | string | null

/**
 * Headers as Kafka has them: a value that came once stands alone, one that came several times is an
 * array, in order.
 */
export type Headers = Record<string, HeaderValue | readonly HeaderValue[] | undefined>

/** Sets a header. An assignment to `__proto__` would change what the object is, not what it has. */
export function setHeader<Value>(headers: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true
    })
  else headers[name] = value
}

/**
 * Headers that a producer writes of where a record came from, besides the MQTT topic; a replay
 * keeps them.
 */
export const TIME_HEADER = 'millrace.time'
export const KEY_HEADER = 'millrace.key'

/**
 * The value that counts where a name stands several times: the last, as for Kafka's own
 * `lastHeader`.
 */
export function lastHeader(headers: Headers, name: string): Buffer | string | undefined {
  const found = headers[name]
  const value = found !== undefined && Object.hasOwn(headers, name) ? found : undefined
  return (
    (Array.isArray(value)
      ? (value.at(-1) as HeaderValue | undefined)
      : (value as HeaderValue | undefined)) ?? undefined
  )
}

/** What a source knows of one thing it took; all that a dead letter or a later step may ask for. */
export interface Taken {
  readonly origin: Origin
  readonly key: Buffer | string | null
  readonly headers: Headers
  /** The original bytes; null for a tombstone. */
  readonly raw: Buffer | null
  /** When Kafka got it, milliseconds since 1970, as `origin` tells it; absent if it never did. */
  readonly writtenMs?: string
}

export type Origin =
  | {
      readonly kind: 'kafka'
      readonly topic: string
      readonly partition: number
      readonly offset: string
      readonly timestamp: string
    }
  | {
      readonly kind: 'mqtt'
      readonly topic: string
      readonly qos: 0 | 1 | 2
      readonly retained: boolean
    }
  | { readonly kind: 'simulator'; readonly topic: string }
  /** Brought by other nodes, such as http in; the topic is `msg.topic`. */
  | { readonly kind: 'flow'; readonly topic: string }

/**
 * A batch as its source took it. Sources implement `at`, so that nothing is built for records
 * nobody asks about.
 */
export interface Batch {
  /** A node on the way made it, another one at each attempt of the delivery. */
  readonly isMade?: true
  at(index: number): Taken
}

/** Where a record came from: one small object a record, the facts are kept once a batch. */
export class Provenance {
  /** Of a long record: what it was when it was read from its bytes. */
  asRead: AsRead | undefined = undefined
  /**
   * @param place where in the taken thing the record stands, such as `values.3`; absent where it is
   * all of it
   */
  constructor(
    readonly batch: Batch,
    readonly index: number,
    readonly place?: string
  ) {}
  get [Symbol.toStringTag](): string {
    return 'MillraceProvenance'
  }
  get taken(): Taken {
    return this.batch.at(this.index)
  }
  /** Where a part of it stands, by its place in the whole. */
  part(place: string): Provenance {
    if (place === '') return this
    const whole = this.place === undefined ? place : `${this.place}.${place}`
    return new Provenance(this.batch, this.index, whole)
  }
  toJSON(): undefined {
    return undefined
  }
}

export function provenanceOf(record: unknown): Provenance | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const found = (record as { [PROVENANCE]?: unknown })[PROVENANCE]
  return found instanceof Provenance ? found : undefined
}

/** Puts the provenance of one record on another that is made from it. Returns the second. */
export function inherit<T extends object>(from: unknown, to: T): T {
  const provenance = provenanceOf(from)
  if (provenance !== undefined) (to as { [PROVENANCE]?: Provenance })[PROVENANCE] = provenance
  return to
}

/** The same for what is made of a part of it. */
export function inheritPart<T extends object>(from: unknown, to: T, place: string): T {
  const provenance = provenanceOf(from)
  if (provenance !== undefined)
    (to as { [PROVENANCE]?: Provenance })[PROVENANCE] = provenance.part(place)
  return to
}

/** Why a record was rejected: a stable code, a sentence, and the path of the field concerned. */
export interface Reason {
  readonly code: string
  readonly message: string
  readonly path?: string
}

/** What leaves a rejected output: the record, why, where, and the original bytes. */
export interface Rejection {
  readonly [REJECTION]: true
  readonly record: unknown
  readonly reason: Reason
  /** Every reason where there is more than one (validate finds all errors). */
  readonly reasons?: readonly Reason[]
  /** The node type that rejected, e.g. `validate`. */
  readonly stage: string
  readonly origin: Origin | null
  /** The bytes the device sent, where they are known. */
  readonly raw: Buffer | null
  readonly attempts?: number
}

/** A rejection of this record, with the provenance it carries. */
export function reject(
  record: unknown,
  stage: string,
  reason: Reason,
  more: { reasons?: readonly Reason[]; attempts?: number } = {}
): Rejection {
  const taken = provenanceOf(record)?.taken
  const rejection = {
    [REJECTION]: true as const,
    record,
    reason,
    ...more,
    stage,
    origin: taken?.origin ?? null,
    raw: taken?.raw ?? null
  }
  return inherit(record, rejection)
}

export function isRejection(value: unknown): value is Rejection {
  return (
    typeof value === 'object' && value !== null && (value as Partial<Rejection>)[REJECTION] === true
  )
}

/** A message whose bytes must pass untouched. */
export interface KafkaMessage {
  readonly [KAFKA_MESSAGE]: true
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers: Headers
  /** Milliseconds since 1970 as decimal text; the broker's time where absent. */
  readonly timestamp?: string
}

export function isKafkaMessage(value: unknown): value is KafkaMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<KafkaMessage>)[KAFKA_MESSAGE] === true
  )
}
