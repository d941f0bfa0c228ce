import { identityOf } from '../../core/dead-letter/identity.ts'
import type { WrittenHeaders } from '../../core/kafka/headers.ts'
import { type Headers, KEY_HEADER, lastHeader, setHeader, TIME_HEADER } from '../../core/record/record.ts'

/** A message of the dead-letter topic, as far as a replay looks at it. */
export interface DeadLetter {
  readonly partition: number
  readonly offset: string
  /** Milliseconds since 1970, as decimal text: when it was rejected. */
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

export interface Filter {
  /** Empty: every code. */
  readonly codes: ReadonlySet<string>
  readonly sinceMs: number
  readonly untilMs: number
}

/** Codes are separated by commas; times are ISO 8601, empty for no bound. Gives the filter, or what is wrong in words. */
export function filterOf({ codes, since, until }: { codes: string; since: string; until: string }): Filter | { problems: string[] } {
  const sinceMs = since === '' ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const untilMs = until === '' ? Number.POSITIVE_INFINITY : Date.parse(until)
  const problems: string[] = []
  if (Number.isNaN(sinceMs)) problems.push(`Since: "${since}" is not a time such as 2026-01-31T00:00:00Z`)
  if (Number.isNaN(untilMs)) problems.push(`Until: "${until}" is not a time such as 2026-01-31T00:00:00Z`)
  if (sinceMs >= untilMs) problems.push('Since must be before until')
  if (problems.length > 0) return { problems }
  return { codes: new Set(codes.split(',').flatMap(code => code.trim() || [])), sinceMs, untilMs }
}

const textOf = (headers: Headers, name: string): string => lastHeader(headers, name)?.toString() ?? ''

export function matches(letter: DeadLetter, { codes, sinceMs, untilMs }: Filter): boolean {
  const rejectedMs = Number(letter.timestamp)
  if (rejectedMs < sinceMs || rejectedMs >= untilMs) return false
  return codes.size === 0 || codes.has(textOf(letter.headers, HEADER.code))
}

/** Headers of a dead letter that this node reads. */
const HEADER = {
  code: 'millrace.reason.code',
  originKind: 'millrace.origin.kind',
  originTopic: 'millrace.origin.topic',
  originPartition: 'millrace.origin.partition',
  originOffset: 'millrace.origin.offset',
  truncated: 'millrace.truncated',
  replays: 'millrace.replays'
} as const

/** Its value was too large for the dead-letter topic, and is only the beginning of what was rejected. */
export const isTruncated = ({ headers }: DeadLetter): boolean => headers[HEADER.truncated] !== undefined

/** What says where the record came from, not why it was rejected. */
const KEPT: ReadonlySet<string> = new Set([TIME_HEADER, KEY_HEADER])

export interface Original {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: WrittenHeaders
}

/**
 * The message as it was before it was rejected, and the topic it goes back to. What Millrace noted about the rejection is
 * taken off; how often it was replayed is counted, so that a record which always fails can be told from a new one.
 */
export function originalOf(letter: DeadLetter, ingestTopic: string): Original {
  const cameFromKafka = textOf(letter.headers, HEADER.originKind) === 'kafka'
  const topic = cameFromKafka ? textOf(letter.headers, HEADER.originTopic) : ingestTopic
  const headers: WrittenHeaders = {}
  for (const [name, value] of Object.entries(letter.headers)) {
    if (value !== undefined && (!name.startsWith('millrace.') || KEPT.has(name))) setHeader(headers, name, value)
  }
  headers[HEADER.replays] = String((Number(textOf(letter.headers, HEADER.replays)) || 0) + 1)
  return { topic: topic || ingestTopic, key: letter.key, value: letter.value, headers }
}

/**
 * The record that was rejected, by its place in Kafka; undefined for what came otherwise. One record can be rejected several
 * times: in several branches of a flow, and before and after a crash. Its content is part of it, as offsets come again in a topic that is made anew.
 */
export function recordOf({ key, value, headers }: DeadLetter): string | undefined {
  const offset = lastHeader(headers, HEADER.originOffset)
  if (offset === undefined) return undefined
  const place = [HEADER.originTopic, HEADER.originPartition].map(name => textOf(headers, name)).join('/')
  return `${place}/${offset}/${identityOf(key, value, headers)}`
}

/** Which dead letters of a topic were replayed already. */
export class Ledger {
  readonly #done = new Set<string>()

  constructor(private readonly topic: string) {}

  /** Key of the ledger entry of a dead letter. The time is part of it: a topic that is made anew has the old offsets again. */
  key({ partition, offset, timestamp }: Pick<DeadLetter, 'partition' | 'offset' | 'timestamp'>): string {
    return `${this.topic}:${partition}:${offset}:${timestamp}`
  }
  /** Takes in an entry by its key and the record it names; those of other topics are nobody's concern here. */
  read(key: string, record: string): void {
    if (!key.startsWith(`${this.topic}:`)) return
    this.#done.add(key)
    if (record !== '') this.#done.add(record)
  }
  note(letter: DeadLetter): void {
    this.read(this.key(letter), recordOf(letter) ?? '')
  }
  /** It was replayed, or another dead letter of the same record was. */
  has(letter: DeadLetter): boolean {
    return this.#done.has(this.key(letter)) || this.#done.has(recordOf(letter) ?? '')
  }
}

/** Spreads records evenly over time. */
export class Pace {
  #dueMs: number
  constructor(
    private readonly perSecond: number,
    startMs: number
  ) {
    this.#dueMs = startMs
  }
  /** How many records a transaction may carry: a quarter of a second's worth, at most 500. */
  get batchSize(): number {
    return Math.max(1, Math.min(500, Math.floor(this.perSecond / 4)))
  }
  /** Milliseconds to wait before this many records may go; a pause is not caught up on. */
  waitMs(records: number, nowMs: number): number {
    const waitMs = Math.max(0, this.#dueMs - nowMs)
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (records * 1000) / this.perSecond
    return waitMs
  }
}

export interface Progress {
  replayed: number
  /** Match the filter, but they or their record were replayed before. */
  alreadyReplayed: number
  /** Do not match the filter. */
  others: number
  /** Match the filter, but their value was cut: there is no original to send. */
  truncated: number
  /** Of the dead letters there were at the start, not looked at yet. */
  remaining: number
}
