/** The way of a payload through the nodes, by the functions that the nodes themselves call. */
import type { DeferredAcks, Received } from '../../core/mqtt/deferred-ack.ts'
import { parseOptions } from '../../core/node/spec.ts'
import { type ColumnType, ENCODERS, Out } from '../../core/postgres/binary.ts'
import { jsonText } from '../../core/record/json-write.ts'
import type { Rejection } from '../../core/record/record.ts'
import { MqttBatch } from '../../nodes/mqtt-ingest/batch.ts'
import { shaperOf } from '../../nodes/mqtt-ingest/logic.ts'
import { spec as ingestSpec } from '../../nodes/mqtt-ingest/spec.ts'
import { normalizer } from '../../nodes/normalize/logic.ts'
import { spec as normalizeSpec } from '../../nodes/normalize/spec.ts'
import { validator } from '../../nodes/validate/logic.ts'
import { spec as validateSpec } from '../../nodes/validate/spec.ts'

type Settings = Readonly<Record<string, unknown>>
type Fields = Readonly<Record<string, unknown>>

/** The record of a message, or the code of why there is none. */
export function ingested(payload: string | Buffer, settings: Settings = {}): Fields | string {
  const shaper = shaperOf(
    parseOptions(ingestSpec, { broker: 'b', topic: '#', keyField: '', ...settings })
  )
  const owner = { isSingle: false, keyOf: shaper.keyOf, finished() {}, survived() {} }
  const batch = new MqttBatch(Object.create(null) as DeferredAcks, owner)
  const packet = {
    cmd: 'publish',
    topic: 'a/b',
    payload: Buffer.from(payload),
    qos: 1,
    retain: false
  }
  batch.add(packet as unknown as Received)
  const { accepted, rejected } = shaper.shape(batch)
  return outcome(accepted, rejected)
}

export function normalized(record: Fields, settings: Settings = {}): Fields | string {
  const options = parseOptions(normalizeSpec, { pastDays: 0, futureS: 0, ...settings })
  return outcome(...normalizer(options, () => 0)({ payload: record }))
}

/** What becomes of a record that has this schema for its fields. */
export function validated(properties: object, record: Fields, settings: Settings = {}) {
  const { required, ...more } = settings
  const schema = JSON.stringify({ type: 'object', properties, ...(required ? { required } : {}) })
  return outcome(...validator(parseOptions(validateSpec, { schema, ...more }))({ payload: record }))
}

/** Without where it came from. */
function outcome(taken: readonly unknown[], rejected: readonly Rejection[]): Fields | string {
  return rejected[0]?.reason.code ?? Object.fromEntries(Object.entries(taken[0] as Fields))
}

/** The bytes that a column gets, or the code of why it gets none. */
export function column(type: ColumnType, value: unknown): string {
  const out = new Out()
  return ENCODERS[type](value, out)?.code ?? out.buffer.subarray(0, out.at).toString('hex')
}

/** What the next topic gets. */
export const written = (outcome: unknown): string | undefined =>
  typeof outcome === 'string' ? outcome : jsonText(outcome)
