import { createHash } from 'node:crypto'
import { present } from '../kafka/headers.ts'
import type { ProduceHeaders } from '../kafka/produce/produce-record.ts'
import { type Origin, provenanceOf, type Rejection } from '../record/record.ts'

export interface DeadLetter {
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers: ProduceHeaders
}

/**
 * A rejected record as a Kafka message: the original bytes and key where they are known, the original headers, and why
 * and where it was rejected under `millrace.`.
 */
export function deadLetterOf(rejection: Rejection): DeadLetter {
  const taken = provenanceOf(rejection)?.taken
  const { reason, stage, attempts, raw } = rejection
  const headers: ProduceHeaders = {
    ...present(taken?.headers ?? {}),
    'millrace.reason.code': reason.code,
    'millrace.reason.message': reason.message,
    ...(reason.path === undefined ? {} : { 'millrace.reason.path': reason.path }),
    'millrace.stage': stage,
    ...(attempts === undefined ? {} : { 'millrace.attempts': String(attempts) }),
    ...originHeaders(rejection.origin)
  }
  return { key: taken?.key ?? null, value: raw === null && taken?.raw === undefined ? textOf(rejection.record) : raw, headers }
}

/** The same cut to this many bytes, since the topic takes no more; headers say how long it was, and the digest of all of it. */
export function shortened({ key, value, headers }: DeadLetter, maxBytes: number): DeadLetter {
  const bytes = typeof value === 'string' ? Buffer.from(value) : (value ?? Buffer.alloc(0))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const told = { ...headers, 'millrace.truncated': String(bytes.length), 'millrace.truncated.sha256': sha256 }
  return { key, value: bytes.subarray(0, Math.max(0, maxBytes)), headers: told }
}

function originHeaders(origin: Origin | null): ProduceHeaders {
  if (origin === null) return {}
  const headers: ProduceHeaders = { 'millrace.origin.kind': origin.kind, 'millrace.origin.topic': origin.topic }
  if (origin.kind === 'kafka') {
    headers['millrace.origin.partition'] = String(origin.partition)
    headers['millrace.origin.offset'] = origin.offset
  }
  return headers
}

/** The record as JSON, whatever it holds: a dead letter is never lost for its form. */
function textOf(record: unknown): string | null {
  if (record === null || record === undefined) return null
  const above: unknown[] = []
  const text = JSON.stringify(record, function (this: unknown, _key, value: unknown) {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    while (above.length > 0 && above.at(-1) !== this) above.pop()
    if (above.includes(value)) return '[circular]'
    above.push(value)
    return value
  })
  return text ?? String(record)
}
