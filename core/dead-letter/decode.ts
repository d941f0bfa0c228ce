import type { WrittenHeaders } from '../kafka/headers.ts'
import { type Headers, KEY_HEADER, lastHeader, setHeader, TIME_HEADER } from '../record/record.ts'
import { HEADER, NOTE } from './headers.ts'
import { identityOf } from './identity.ts'

/** A message of the dead-letter topic. */
export interface DeadLetter {
  readonly partition: number
  readonly offset: string
  /** Milliseconds since 1970, as decimal text: when it was rejected. */
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** The text of a header; empty where there is none. */
export const noteOf = (headers: Headers, name: string): string =>
  lastHeader(headers, name)?.toString() ?? ''

/**
 * Its value was too large for the dead-letter topic, and is only the beginning of what was
 * rejected.
 */
export const isTruncated = ({ headers }: Pick<DeadLetter, 'headers'>): boolean =>
  headers[HEADER.truncated] !== undefined

/** What says where the record came from, not why it was rejected. */
const KEPT: ReadonlySet<string> = new Set([TIME_HEADER, KEY_HEADER])

export interface Original {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: WrittenHeaders
}

/**
 * The message as it was before it was rejected, and the topic it goes back to. What Millrace noted
 * about the rejection is taken off; how often it was replayed is counted, so that a record which
 * always fails can be told from a new one.
 */
export function originalOf(letter: DeadLetter, ingestTopic: string): Original {
  const cameFromKafka = noteOf(letter.headers, HEADER.originKind) === 'kafka'
  const topic = cameFromKafka ? noteOf(letter.headers, HEADER.originTopic) : ingestTopic
  const headers = originalHeaders(letter.headers)
  headers[HEADER.replays] = String((Number(noteOf(letter.headers, HEADER.replays)) || 0) + 1)
  return { topic: topic || ingestTopic, key: letter.key, value: letter.value, headers }
}

function originalHeaders(headers: Headers): WrittenHeaders {
  const original: WrittenHeaders = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && (!name.startsWith(NOTE) || KEPT.has(name)))
      setHeader(original, name, value)
  }
  return original
}

/**
 * The record that was rejected, by its place in Kafka, or by the message that it was a part of;
 * undefined for what came otherwise. One record
 * can be rejected several times: in several branches of a flow, and before and after a crash. Its
 * content is part of it, as offsets come again in a topic that is made anew.
 */
export function recordOf({ key, value, headers }: DeadLetter): string | undefined {
  const offset = lastHeader(headers, HEADER.originOffset)
  if (offset === undefined) {
    const id = noteOf(headers, HEADER.messageId)
    return id === '' ? undefined : `message/${id}`
  }
  const place = [HEADER.originTopic, HEADER.originPartition]
    .map(name => noteOf(headers, name))
    .join('/')
  return `${place}/${offset}/${identityOf(key, value, headers)}`
}

/** A dead letter as a person reads it: why, where and whose first, bytes last. */
export interface ReadableLetter {
  /** The sentence of the rejection. */
  readonly reason: string
  readonly code: string
  readonly stage: string
  readonly device: string
  /** The payload as text, its beginning where it is long. */
  readonly text: string
  /** When it was rejected, ISO 8601. */
  readonly at: string
  readonly path?: string
  readonly attempts?: number
  readonly replays?: number
  /** How many bytes the payload had, where the letter holds only its beginning. */
  readonly truncated?: number
  /** `mqtt acme/site-01/…`, `kafka iot-telemetry-raw/3 at 1204` */
  readonly from: string
  readonly key: string
  /** The headers of the original message, as text. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly bytes: Buffer | null
}

/** Longer payloads are read in the bytes. */
const MAX_TEXT = 2_000

/** Makes a message of the dead-letter topic readable. */
export function readableLetter(
  letter: Pick<DeadLetter, 'timestamp' | 'key' | 'value' | 'headers'>
): ReadableLetter {
  const { key, value, headers, timestamp } = letter
  const number = (name: string, label: string) => {
    const text = noteOf(headers, name)
    return text === '' ? {} : { [label]: Number(text) }
  }
  const path = noteOf(headers, HEADER.path)
  const text = value === null ? '' : value.toString('utf8', 0, MAX_TEXT * 4)
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return {
    reason: noteOf(headers, HEADER.message),
    code: noteOf(headers, HEADER.code),
    stage: noteOf(headers, HEADER.stage),
    device: deviceOf(value, key),
    text: shown,
    at: isoOf(timestamp),
    ...(path === '' ? {} : { path }),
    ...number(HEADER.attempts, 'attempts'),
    ...number(HEADER.replays, 'replays'),
    ...number(HEADER.truncated, 'truncated'),
    from: fromOf(headers),
    key: key?.toString() ?? '',
    headers: textsOf(originalHeaders(headers)),
    bytes: value
  }
}

/** More than a record of telemetry has; a device is not looked for in larger ones. */
const MAX_LOOKED_AT = 65_536

/**
 * What the record says of itself, else the key, which is the device's id in the pipeline that is
 * shipped.
 */
function deviceOf(value: Buffer | null, key: Buffer | null): string {
  if (value !== null && value.length <= MAX_LOOKED_AT) {
    const id = deviceIdIn(value.toString())
    if (id !== undefined) return id
  }
  return key?.toString() ?? ''
}

function deviceIdIn(text: string): string | undefined {
  try {
    const record = JSON.parse(text) as { device_id?: unknown } | null
    const id = record?.device_id
    return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
  } catch {
    return undefined
  }
}

function isoOf(timestamp: string): string {
  const date = new Date(Number(timestamp))
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

function fromOf(headers: Headers): string {
  const [kind, topic, partition, offset] = [
    HEADER.originKind,
    HEADER.originTopic,
    HEADER.originPartition,
    HEADER.originOffset
  ].map(name => noteOf(headers, name))
  return kind === 'kafka' ? `kafka ${topic}/${partition} at ${offset}` : `${kind} ${topic}`.trim()
}

function textsOf(headers: WrittenHeaders): Record<string, string | readonly string[]> {
  const texts: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value)
      ? value.map(part => part?.toString() ?? '')
      : value?.toString()
    setHeader(texts, name, text ?? '')
  }
  return texts
}
