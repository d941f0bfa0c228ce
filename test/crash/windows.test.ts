/**
 * Kafka → aggregate → table, while Node-RED is killed twice in the middle of windows: each window
 * is there once, with every reading in it once.
 */
import assert from 'node:assert/strict'
import { committedBy, forgetMembers } from '../kafka-groups.ts'
import { makeTopics } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import {
  BEGIN_MS,
  closing,
  fromKafka,
  MINUTE_MS,
  nodeIn,
  type Reading,
  rowsOf,
  WindowsTable,
  windowsFlow,
  writeReadings
} from './windows-in-table.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const SEEDS = IS_LONG ? [1, 2, 3] : [1]
const DEVICES = 40
const READINGS = 12_000
const MINUTES = 20
const END_MS = BEGIN_MS + MINUTES * MINUTE_MS
const STEP_MS = (MINUTES * MINUTE_MS) / READINGS

/** In an order of their own: each moved by less than the node waits for. */
function readings(seed: number): Reading[] {
  let random = seed
  const next = () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff
    return (random >>> 8) / 0x7fffff
  }
  return Array.from({ length: READINGS }, (_, index) => ({
    device: `d${index % DEVICES}`,
    value: Math.floor(next() * 1000) / 10,
    timeMs: BEGIN_MS + Math.floor(index * STEP_MS),
    at: index * STEP_MS + next() * 8_000
  })).sort((a, b) => a.at - b.at)
}

/** Device, start and metric → value, worked out plainly. */
function expectedOf(all: readonly Reading[]): Map<string, number> {
  const expected = new Map<string, number>()
  const byDevice = new Map<string, Reading[]>()
  for (const reading of [...all].sort((a, b) => a.timeMs - b.timeMs))
    byDevice.set(reading.device, [...(byDevice.get(reading.device) ?? []), reading])
  for (const [device, own] of byDevice)
    for (let startMs = BEGIN_MS; startMs < END_MS; startMs += MINUTE_MS) {
      const inside = own.filter(({ timeMs }) => timeMs >= startMs && timeMs < startMs + MINUTE_MS)
      const put = (metric: string, value: number) =>
        expected.set(`${device} ${startMs} level_${metric}`, value)
      put('count', inside.length)
      put(
        'sum',
        inside.reduce((sum, { value }) => sum + value, 0)
      )
      let area = 0
      let heldMs = 0
      for (const [index, { timeMs, value }] of own.entries()) {
        const from = Math.max(timeMs, startMs)
        const nextMs = own[index + 1]?.timeMs ?? startMs + MINUTE_MS
        const heldFor = Math.min(nextMs, startMs + MINUTE_MS) - from
        if (heldFor <= 0) continue
        area += value * heldFor
        heldMs += heldFor
      }
      put('time_avg', area / heldMs)
    }
  return expected
}

describe('crashes: each window is in the table once, with the right count', function () {
  this.timeout(180_000)

  for (const seed of SEEDS)
    it(`kill -9 of Node-RED twice in the middle of windows, seed ${seed}`, async () => {
      const { kafka, postgres } = await services('kafka', 'postgres')
      const name = `windows_${process.pid}_${seed}`
      await makeTopics(kafka.brokers, { [name]: 4 })
      const table = new WindowsTable(postgres.url, name)
      const nodeRed = new NodeRedProcess({
        flow: windowsFlow(name, fromKafka(name), { functions: rowsOf('count', 'sum', 'time_avg') }),
        environment: { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
      })
      try {
        const all = readings(seed)
        const expected = expectedOf(all)
        const counted = async () => (await nodeIn(nodeRed, 'windows'))?.counts.in ?? 0
        // Twice within one minute, and once more.
        const first = 0.31 + 0.05 * seed
        const shares = [first, first + 0.02, ...(IS_LONG ? [0.6 + 0.05 * seed] : []), 1]
        const parts = shares.map(share => Math.floor(READINGS * share))
        let before = 0
        await nodeRed.start()
        for (const [index, end] of parts.entries()) {
          const from = parts[index - 1] ?? 0
          const middle = Math.floor((from + end) / 2)
          await writeReadings(kafka.brokers, name, all.slice(from, middle))
          // A consumer that is killed again and again at the same offset goes on record by record.
          await until('an offset to be committed', async () => {
            const now = await committedBy(kafka.brokers, name)
            const isFurther = now > before
            if (isFurther) before = now
            return isFurther
          })
          await writeReadings(kafka.brokers, name, all.slice(middle, end))
          if (end === READINGS) break
          await until(
            'readings to be counted',
            async () => (await counted()) > (end - from) / 2,
            60_000,
            5
          )
          await nodeRed.end('SIGKILL')
          await forgetMembers(kafka.brokers, name)
          await nodeRed.start()
        }
        await writeReadings(kafka.brokers, name, closing(DEVICES, END_MS + MINUTE_MS))
        const found = await table.untilThere(expected.size, END_MS, nodeRed)
        const off = [...expected].filter(
          ([window, value]) => !(Math.abs((found.get(window) ?? Number.NaN) - value) < 1e-6)
        )
        assert.deepEqual(off, [])
        assert.equal(found.size, expected.size)
        assert.equal((await nodeIn(nodeRed, 'windows'))?.counts.rejected, 0)
      } finally {
        await nodeRed.remove()
        await table.remove()
      }
    })
})
