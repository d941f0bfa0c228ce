import assert from 'node:assert/strict'
import { parseOptions } from '../../core/node/spec.ts'
import { Met } from '../../nodes/route/met.ts'
import { routerOverTime } from '../../nodes/route/over-time.ts'
import { spec } from '../../nodes/route/spec.ts'
import { runMemory } from '../core/state/run-memory.ts'
import { rowsOf } from './remembering.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const T0 = Date.parse('2026-03-01T10:00:00Z')
const DEVICES = 20

/** Values that wander about the limit, a reading of each device every two seconds. */
function readings(count: number): { device_id: string; [field: string]: unknown }[] {
  let random = 7
  const next = () => {
    random = (random * 48_271) % 2_147_483_647
    return random / 2_147_483_647
  }
  const values = Array.from({ length: DEVICES }, () => 80)
  return Array.from({ length: count }, (_, index) => {
    const device = index % DEVICES
    values[device] = Math.round((values[device]! + (next() - 0.5) * 4) * 100) / 100
    return {
      device_id: `d${device}`,
      metric: 'temperature_c',
      value: values[device],
      ts_utc: new Date(T0 + index * 100).toISOString()
    }
  })
}

const options = {
  otherwise: false,
  rules: [
    {
      match: 'all',
      conditions: [
        { field: 'value', operator: 'on_above', value: 81, value2: 79 },
        { field: 'value', operator: 'rises', value: 1, value2: '10 s' }
      ],
      time: { lasts: '2 s', pause: '20 s' }
    }
  ],
  // Partitions are read one after the other: a silence there is none of the device.
  idle: '1 d'
}

describe('kill -9 of Node-RED, Kafka to rules over time to Kafka', function () {
  this.timeout(180_000)
  const records = readings(6_000)

  for (const seed of SEEDS)
    it(`what an undisturbed run tells, seed ${seed}`, async () => {
      const { memory, clock, bounds } = routerOverTime(parseOptions(spec, options), new Met(1))!
      const undisturbed = runMemory(memory, records, { clock, bounds })
      const node = { ...options, type: spec.type }
      const keyOf = (record: Readonly<Record<string, unknown>>) => String(record.device_id)
      const rows = await rowsOf({ node, records, keyOf, kills: IS_LONG ? 2 : 1, seed })
      const sorted = (list: readonly unknown[] = []) =>
        [...new Set(list.map(row => JSON.stringify(row)))].sort()
      assert.deepEqual(sorted(rows), sorted(undisturbed.outputs[0]))
      assert.ok(rows.length > 50 && rows.length < records.length / 2)
    })
})
