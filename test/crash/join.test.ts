import assert from 'node:assert/strict'
import { parseOptions } from '../../core/node/spec.ts'
import { join } from '../../nodes/join/logic.ts'
import { spec } from '../../nodes/join/spec.ts'
import { runMemory } from '../core/state/run-memory.ts'
import { rowsOf } from './remembering.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const T0 = Date.parse('2026-03-01T10:00:00Z')
const DEVICES = 20

/** Of each device temperature and humidity, a little apart; every seventh has no partner. */
function readings(count: number): { device_id: string; [field: string]: unknown }[] {
  return Array.from({ length: count }, (_, index) => {
    const round = Math.floor(index / DEVICES)
    const isWarm = round % 2 === 0
    const apartMs = ((index * 37) % 9) * 100
    const lostMs = index % 7 === 0 && !isWarm ? 5_000 : 0
    return {
      device_id: `d${index % DEVICES}`,
      metric: isWarm ? 'temperature_c' : 'humidity_pct',
      value: index,
      ts_utc: new Date(T0 + Math.floor(round / 2) * 20_000 + apartMs + lostMs).toISOString()
    }
  })
}

const METHODS: Readonly<Record<string, Record<string, unknown>>> = {
  'one to one': { within: '2 s' },
  ...(IS_LONG
    ? {
        'every pair': { method: 'every', within: '2 s' },
        'the last value': { method: 'last', notOlder: '30 s' }
      }
    : {})
}

describe('kill -9 of Node-RED, Kafka to join to Kafka', function () {
  this.timeout(180_000)
  const records = readings(6_000)

  for (const [name, options] of Object.entries(METHODS))
    for (const seed of SEEDS)
      it(`${name}: the joined records of an undisturbed run, seed ${seed}`, async () => {
        const settings = { ...options, lateness: '2 s', alone: 'unmatched', idle: '10 min' }
        const { memory, clock, bounds } = join(parseOptions(spec, settings))
        const undisturbed = runMemory(memory, records, { clock, bounds })
        const node = { ...settings, type: spec.type }
        const keyOf = (record: Readonly<Record<string, unknown>>) => String(record.device_id)
        const rows = await rowsOf({ node, records, keyOf, kills: IS_LONG ? 2 : 1, seed })
        const sorted = (list: readonly unknown[] = []) =>
          [...new Set(list.map(row => JSON.stringify(row)))].sort()
        assert.ok(undisturbed.outputs[0]!.length > records.length / 3)
        assert.deepEqual(sorted(rows), sorted(undisturbed.outputs[0]))
      })
})
