import type { ProduceHeaders } from '../../core/kafka/produce/produce-record.ts'
import { KEY_HEADER, lastHeader, type Taken, TIME_HEADER } from '../../core/record/record.ts'
import { MQTT_TOPIC_HEADER } from '../../core/record/topic-of.ts'
import { traceOf } from '../../core/record/trace.ts'
import { fittingWay, VIA, wayOfMessage } from '../../core/record/ways.ts'

/**
 * Adds where a record came from, some 80 bytes: the MQTT topic, the mqtt ingest nodes that look out
 * for their own, the trace it is part of, when Kafka first got it, and its first key where it has
 * another now. What an
 * earlier producer wrote of these goes on as it is, over however many topics.
 */
export function withProvenance(
  headers: ProduceHeaders,
  taken: Taken,
  key: RecordKey
): ProduceHeaders {
  const known = taken.headers
  const topic = lastHeader(known, MQTT_TOPIC_HEADER)
  if (topic !== undefined) headers[MQTT_TOPIC_HEADER] = topic
  const way = fittingWay(lastHeader(known, VIA)?.toString())
  if (way !== undefined) headers[VIA] = way
  const trace = traceOf(known)
  if (trace !== undefined) Object.assign(headers, trace)
  const time = lastHeader(known, TIME_HEADER) ?? taken.writtenMs ?? writtenMs(taken)
  if (time !== undefined) headers[TIME_HEADER] = time
  const first = lastHeader(known, KEY_HEADER) ?? taken.key
  if (first !== null && !isSame(first, key)) headers[KEY_HEADER] = first
  return headers
}

/** The same of a record that was made anew, as far as its message says it. */
export function withWayOf(message: object): ProduceHeaders | undefined {
  const way = wayOfMessage(message)
  return way === undefined ? undefined : { [VIA]: way }
}

const writtenMs = ({ origin }: Taken) => (origin.kind === 'kafka' ? origin.timestamp : undefined)

/** The key of a record for Kafka. */
export type RecordKey = Buffer | string | null

/**
 * Keys are short: comparing bytes with the characters of ASCII is faster than making a text of
 * them.
 */
function isSame(one: Buffer | string, other: RecordKey): boolean {
  if (typeof one === 'string' || typeof other !== 'string')
    return other !== null && String(one) === String(other)
  for (let index = 0; index < one.length; index++) {
    const byte = one[index]!
    if (byte >= 128) return one.toString() === other
    if (byte !== other.charCodeAt(index)) return false
  }
  return one.length === other.length
}
