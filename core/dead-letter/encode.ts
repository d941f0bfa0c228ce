import { createHash, randomUUID } from 'node:crypto'
import { anyText } from '../errors.ts'
import { present } from '../kafka/headers.ts'
import type { ProduceHeaders } from '../kafka/produce/produce-record.ts'
import { jsonText } from '../record/json-write.ts'
import {
  type Batch,
  type Origin,
  type Provenance,
  provenanceOf,
  type Rejection
} from '../record/record.ts'
import { HEADER } from './headers.ts'

/** A dead letter as it is written. */
export interface EncodedLetter {
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers: ProduceHeaders
}

/**
 * A rejected record as a Kafka message: the original bytes and key where they are known, the
 * original headers, and why and where it was rejected under `millrace.`.
 */
export function encodeRejection(rejection: Rejection): EncodedLetter {
  const provenance = provenanceOf(rejection)
  const taken = provenance?.taken
  const { reason, stage, attempts, raw } = rejection
  const headers: ProduceHeaders = {
    ...present(taken?.headers ?? {}),
    [HEADER.code]: reason.code,
    [HEADER.message]: reason.message,
    ...(reason.path === undefined ? {} : { [HEADER.path]: reason.path }),
    [HEADER.stage]: stage,
    ...(attempts === undefined ? {} : { [HEADER.attempts]: String(attempts) }),
    ...originHeaders(rejection.origin),
    ...partHeaders(provenance)
  }
  const key = taken?.key ?? null
  if (raw === null && taken?.raw === undefined)
    return { key, value: textOf(rejection.record), headers }
  const digest = provenance === undefined || raw === null ? undefined : sharedOf(provenance, raw)
  if (raw === null || digest === undefined) return { key, value: raw, headers }
  const told = {
    [HEADER.truncated]: String(raw.length),
    [HEADER.truncatedDigest]: digest
  }
  return { key, value: raw.subarray(0, BEGINNING_BYTES), headers: { ...headers, ...told } }
}

/**
 * The same cut to this many bytes, since the topic takes no more; headers say how long it was, and
 * the digest of all of it.
 */
export function shortenLetter(
  { key, value, headers }: EncodedLetter,
  maxBytes: number
): EncodedLetter {
  const bytes = typeof value === 'string' ? Buffer.from(value) : (value ?? Buffer.alloc(0))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const told = {
    ...headers,
    [HEADER.truncated]: String(bytes.length),
    [HEADER.truncatedDigest]: sha256
  }
  return { key, value: bytes.subarray(0, Math.max(0, maxBytes)), headers: told }
}

function originHeaders(origin: Origin | null): ProduceHeaders {
  if (origin === null) return {}
  const headers: ProduceHeaders = {
    [HEADER.originKind]: origin.kind,
    [HEADER.originTopic]: origin.topic
  }
  if (origin.kind === 'kafka') {
    headers[HEADER.originPartition] = String(origin.partition)
    headers[HEADER.originOffset] = origin.offset
  }
  return headers
}

/**
 * A letter has the bytes of the whole message: which part was rejected, and which letters are of
 * one message.
 */
function partHeaders(provenance: Provenance | undefined): ProduceHeaders {
  const place = provenance?.place ?? ''
  if (provenance === undefined || place === '') return {}
  // In Kafka the offset tells messages apart.
  const isNumbered = provenance.taken.origin.kind === 'kafka'
  return {
    [HEADER.place]: place,
    ...(isNumbered ? {} : { [HEADER.messageId]: messageIdOf(provenance) })
  }
}

const ids = new WeakMap<Batch, string>()

/** The same for all parts of a message, another for each message. */
function messageIdOf({ batch, index }: Provenance): string {
  const id = ids.get(batch) ?? randomUUID()
  ids.set(batch, id)
  return `${id}/${index}`
}

/**
 * Letters of the parts of one message have all of its bytes, up to so much together: a list of
 * 100,000 bad elements must not fill the topic with 100,000 copies of itself. One is enough to send
 * the message again.
 */
const MOST_SHARED_BYTES = 16 << 20
/** What the other letters have of it. */
const BEGINNING_BYTES = 1024

interface SharedBytes {
  /** The parts whose letters have all of them, however often a letter is written. */
  readonly places: Set<string>
  readonly digest: string
}

const shared = new WeakMap<Batch, Map<number, SharedBytes>>()

/** The digest of the message where the letter of this part has only the beginning of its bytes. */
function sharedOf({ batch, index, place }: Provenance, raw: Buffer): string | undefined {
  // Below this no message has so many parts that their letters could grow beyond measure.
  if (place === undefined || raw.length <= BEGINNING_BYTES) return undefined
  const messages = shared.get(batch) ?? new Map<number, SharedBytes>()
  shared.set(batch, messages)
  const message = messages.get(index) ?? {
    places: new Set(),
    digest: createHash('sha256').update(raw).digest('hex')
  }
  messages.set(index, message)
  const { places, digest } = message
  if (places.has(place)) return undefined
  if (places.size > 0 && (places.size + 1) * raw.length > MOST_SHARED_BYTES) return digest
  places.add(place)
  return undefined
}

/** The record as JSON, whatever it holds: a dead letter is never lost for its form. */
function textOf(record: unknown): string | null {
  if (record === null || record === undefined) return null
  try {
    return jsonText(record) ?? anyText(record)
  } catch {
    return withoutCircles(record)
  }
}

function withoutCircles(record: unknown): string {
  const above: unknown[] = []
  const write = function (this: unknown, _key: string, value: unknown) {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    while (above.length > 0 && above.at(-1) !== this) above.pop()
    if (above.includes(value)) return '[circular]'
    above.push(value)
    return value
  }
  try {
    return JSON.stringify(record, write) ?? anyText(record)
  } catch {
    // Nested too deep, or a Function node made what cannot be written.
    return anyText(record)
  }
}
