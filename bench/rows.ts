/**
 * Lane B2: one message with 20 measurements → 20 rows, by decode and reshape with the defaults of
 * their dialogs.
 *
 *     node --import tsx bench/rows.ts [--write-docs]
 *
 * Batches of 500 messages as a kafka consumer gives them; what is counted is the time of the
 * processor for both nodes together, without Kafka and without the hop between two nodes, which is
 * 10 us a batch.
 */
import { parseArgs } from 'node:util'
import { parseOptions } from '../core/node/spec.ts'
import type { Message } from '../core/record/message.ts'
import {
  KAFKA_MESSAGE,
  type KafkaMessage,
  PROVENANCE,
  Provenance,
  type Taken
} from '../core/record/record.ts'
import { decoder } from '../nodes/decode/logic.ts'
import { spec as decodeSpec } from '../nodes/decode/spec.ts'
import { reshaper } from '../nodes/reshape/logic.ts'
import { PRESETS } from '../nodes/reshape/presets.ts'
import { spec as reshapeSpec } from '../nodes/reshape/spec.ts'
import { writeBetween } from './docs.ts'
import { machine } from './machine.ts'

const MESSAGES = 500
const METRICS = 20
const ROUND_MS = 1_000
const ROUNDS = 7

interface Shape {
  readonly name: string
  readonly topic: (device: number) => string
  readonly payload: (device: number, metric: (index: number) => number) => object
  readonly settings: Readonly<Record<string, unknown>>
}

const indexes = [...Array(METRICS).keys()]
const shapes: readonly Shape[] = [
  {
    name: 'flat, device and time in the message',
    topic: device => `acme/hall/device-${device}`,
    payload: (device, metric) => ({
      device_id: `device-${device}`,
      ts: 1_750_000_000_000 + device,
      ...Object.fromEntries(indexes.map(index => [`metric_${index}`, metric(index)]))
    }),
    settings: {}
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
    settings: PRESETS.tasmota.settings
  }
]

/** A batch as a kafka consumer gives it. */
function batchOf({ topic, payload }: Shape): Message {
  const taken = Array.from({ length: MESSAGES }, (_, index): Taken => {
    const value = payload(index, metric => Math.round((index * 7 + metric) * 113) / 10)
    return {
      origin: {
        kind: 'kafka',
        topic: 'raw',
        partition: 0,
        offset: String(index),
        timestamp: '1750000000000'
      },
      key: Buffer.from(`device-${index}`),
      headers: { 'mqtt.topic': Buffer.from(topic(index)) },
      raw: Buffer.from(JSON.stringify(value))
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

/** Microseconds of the processor for a row, the best of some rounds. */
async function microsOf(shape: Shape): Promise<number> {
  const decode = await decoder(parseOptions(decodeSpec, {}), Date.now)
  const reshape = reshaper(parseOptions(reshapeSpec, shape.settings), Date.now, () => {
    throw new Error('Nothing is calculated.')
  })
  const message = batchOf(shape)
  const once = async () => {
    const { outputs } = await decode(message)
    return (await reshape({ payload: outputs[0] })).outputs[0].length
  }
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.cpuUsage()
    const endMs = performance.now() + ROUND_MS
    let rows = 0
    while (performance.now() < endMs) rows += await once()
    const { user, system } = process.cpuUsage(began)
    if (rows % (MESSAGES * METRICS) !== 0) throw new Error(`There are ${rows} rows.`)
    best = Math.min(best, (user + system) / rows)
  }
  return best
}

const { values } = parseArgs({ options: { 'write-docs': { type: 'boolean', default: false } } })
const results: string[] = []
for (const shape of shapes) {
  const micros = await microsOf(shape)
  results.push(`| ${shape.name} | ${micros.toFixed(2)} |`)
  console.log(`${shape.name}: ${micros.toFixed(2)} us a row`)
}
if (values['write-docs']) {
  const { cpu, node } = machine(process.execPath)
  const head = `\n${cpu}, Node ${node}.\n\n| one message with 20 measurements → 20 rows | CPU us/row |\n|---|---:|`
  writeBetween('rows', `${head}\n${results.join('\n')}\n`)
}
