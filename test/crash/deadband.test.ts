import assert from 'node:assert/strict'
import { parseOptions } from '../../core/node/spec.ts'
import { deadband } from '../../nodes/deadband/logic.ts'
import { spec } from '../../nodes/deadband/spec.ts'
import { runMemory } from '../core/state/run-memory.ts'
import { rowsOf } from './remembering.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const T0 = Date.parse('2026-03-01T10:00:00Z')

/** Twenty devices whose values wander by small steps. */
function readings(count: number): { device_id: string; [field: string]: unknown }[] {
  let random = 7
  const next = () => {
    random = (random * 48_271) % 2_147_483_647
    return random / 2_147_483_647
  }
  const values = Array.from({ length: 20 }, () => 20)
  return Array.from({ length: count }, (_, index) => {
    const device = index % values.length
    values[device] = Math.round((values[device]! + next() - 0.5) * 100) / 100
    return {
      device_id: `d${device}`,
      metric: 'temperature_c',
      value: values[device],
      ts_utc: new Date(T0 + index * 100).toISOString()
    }
  })
}

const METHODS: Readonly<Record<string, Record<string, unknown>>> = {
  'report by exception': { width: 1, maxSilence: '30 s' },
  ...(IS_LONG ? { 'swinging door': { method: 'door', width: 1, maxSilence: '' } } : {})
}

describe('kill -9 of Node-RED, Kafka to deadband to Kafka', function () {
  this.timeout(180_000)
  const records = readings(6_000)

  for (const [name, options] of Object.entries(METHODS))
    for (const seed of SEEDS)
      it(`${name}: the rows of an undisturbed run, seed ${seed}`, async () => {
        const { memory, clock, bounds } = deadband(parseOptions(spec, options))
        const undisturbed = runMemory(memory, records, { clock, bounds })
        const node = { ...options, type: spec.type }
        const keyOf = (record: Readonly<Record<string, unknown>>) => String(record.device_id)
        const rows = await rowsOf({ node, records, keyOf, kills: IS_LONG ? 2 : 1, seed })
        const sorted = (list: readonly unknown[] = []) =>
          [...new Set(list.map(row => JSON.stringify(row)))].sort()
        assert.deepEqual(sorted(rows), sorted(undisturbed.outputs[0]))
        assert.ok(rows.length < records.length)
      })
})
