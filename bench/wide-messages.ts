/** Messages with many measurements each, and the settings that make a row of each of these. */
import type { Message } from '../core/record/message.ts'
import {
  KAFKA_MESSAGE,
  type KafkaMessage,
  PROVENANCE,
  Provenance,
  type Taken
} from '../core/record/record.ts'
import { PRESETS } from '../nodes/reshape/presets.ts'

/** Measurements in each message. */
export const METRICS = 20

/** What devices of one make send. */
export interface WideShape {
  readonly name: string
  readonly topic: (device: number) => string
  readonly payload: (device: number, metric: (index: number) => number) => object
  readonly settings: Readonly<Record<string, unknown>>
  /** The same for an object of Telegraf's json_v2, which knows of no topic here. */
  readonly telegraf: string
}

const indexes = [...Array(METRICS).keys()]
export const wideShapes: readonly WideShape[] = [
  {
    name: 'flat, device and time in the message',
    topic: device => `acme/hall/device-${device}`,
    payload: (device, metric) => ({
      device_id: `device-${device}`,
      ts: 1_750_000_000_000 + device,
      ...Object.fromEntries(indexes.map(index => [`metric_${index}`, metric(index)]))
    }),
    settings: {},
    telegraf: 'tags = ["device_id"]\ntimestamp_key = "ts"\ntimestamp_format = "unix_ms"'
  },
  {
    name: 'Tasmota: five sensors of four, device in the topic',
    topic: device => `tele/device-${device}/SENSOR`,
    payload: (_device, metric) => ({
      Time: '2026-02-23T14:53:20',
      ...Object.fromEntries(
        [0, 1, 2, 3, 4].map(sensor => [
          `SENSOR${sensor}`,
          {
            Temperature: metric(sensor * 4),
            Humidity: metric(sensor * 4 + 1),
            DewPoint: metric(sensor * 4 + 2),
            Pressure: metric(sensor * 4 + 3)
          }
        ])
      ),
      TempUnit: 'C'
    }),
    settings: PRESETS.tasmota.settings,
    telegraf: `excluded_keys = ["TempUnit"]
timestamp_key = "Time"
timestamp_format = "2006-01-02T15:04:05"`
  }
]

/** The payload of one of them. */
export const payloadOf = ({ payload }: WideShape, index: number): string =>
  JSON.stringify(payload(index, metric => Math.round((index * 7 + metric) * 113) / 10))

/** So many as a kafka consumer gives them. */
export function wideBatch(shape: WideShape, count: number): Message {
  const taken = Array.from({ length: count }, (_, index): Taken => {
    return {
      origin: {
        kind: 'kafka',
        topic: 'raw',
        partition: 0,
        offset: String(index),
        timestamp: '1750000000000'
      },
      key: Buffer.from(`device-${index}`),
      headers: { 'mqtt.topic': Buffer.from(shape.topic(index)) },
      raw: Buffer.from(payloadOf(shape, index))
    }
  })
  const batch = { at: (index: number) => taken[index]! }
  const messages = taken.map(
    ({ key, headers, raw }, index): KafkaMessage =>
      Object.assign(
        { [KAFKA_MESSAGE]: true as const, key, value: raw, headers },
        {
          [PROVENANCE]: new Provenance(batch, index)
        }
      )
  )
  return { payload: messages }
}
