import util from '@node-red/util'
import type { Node, NodeAPI } from 'node-red'
import { parseOptions } from '../../../core/node/spec.ts'
import { PROVENANCE, Provenance, type Rejection, type Taken } from '../../../core/record/record.ts'
import { reshaper } from '../../../nodes/reshape/logic.ts'
import { isPreset, PRESETS } from '../../../nodes/reshape/presets.ts'
import { jsonata } from '../../../nodes/reshape/runtime.ts'
import { spec } from '../../../nodes/reshape/spec.ts'

/** Node-RED's own, beside no flow. */
export const prepare = jsonata({ util: util.util } as unknown as NodeAPI, {} as Node)

export const ARRIVAL_MS = 1_800_000_000_000

export interface Reshaped {
  readonly rows: Record<string, unknown>[]
  readonly rejected: Rejection[]
  readonly filtered: number
}

export type Setting = Readonly<Record<string, unknown>>

/** Options as a dialog makes them: the preset's, and what was changed afterwards. */
export function optionsOf(settings: Setting) {
  const preset: Setting = isPreset(settings.preset) ? PRESETS[settings.preset].settings : {}
  return parseOptions(spec, { ...preset, ...settings })
}

/** What becomes of a payload. */
export async function reshaped(
  settings: Setting,
  payload: unknown,
  topic?: string
): Promise<Reshaped> {
  const { outputs, filtered } = await reshaper(
    optionsOf(settings),
    () => ARRIVAL_MS,
    prepare
  )({ payload, ...(topic === undefined ? {} : { topic }) })
  const [rows, rejected] = outputs as [Record<string, unknown>[], Rejection[]]
  return { rows, rejected, filtered }
}

/** The rows as (time, device, metric, value), and the codes of what was rejected. */
export async function rowsOf(
  settings: Setting,
  payload: unknown,
  topic?: string
): Promise<unknown[]> {
  const { rows, rejected } = await reshaped(settings, payload, topic)
  const short = rows.map(({ ts, device_id, metric, value }) => [ts, device_id, metric, value])
  return [...short, ...rejected.map(({ reason }) => reason.code)]
}

export const KAFKA_MS = 1_708_700_000_123

/** A record as it comes out of Kafka. */
export function throughKafka<T extends object>(
  record: T,
  more: Partial<Taken> & { readonly topic?: string } = {}
): T {
  const { topic, ...rest } = more
  const taken: Taken = {
    origin: {
      kind: 'kafka',
      topic: 'iot-telemetry-raw',
      partition: 0,
      offset: '7',
      timestamp: String(KAFKA_MS)
    },
    key: Buffer.from('the-key'),
    headers: topic === undefined ? {} : { 'mqtt.topic': Buffer.from(topic) },
    raw: Buffer.from(JSON.stringify(record)),
    ...rest
  }
  return Object.assign(record, { [PROVENANCE]: new Provenance({ at: () => taken }, 0) })
}
