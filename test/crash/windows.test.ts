/**
 * Kafka → aggregate → table, while Node-RED is killed twice in the middle of windows: each window
 * is there once, with every reading in it once.
 */
import assert from 'node:assert/strict'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { forgetMembers } from '../kafka-groups.ts'
import { kafkaOf, makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const SEEDS = process.env.MILLRACE_CRASH === 'long' ? [1, 2, 3] : [1]
const DEVICES = 40
const READINGS = 12_000
const MINUTE_MS = 60_000
const BEGIN_MS = Date.UTC(2026, 0, 31)
/** Twenty minutes in all. */
const STEP_MS = (20 * MINUTE_MS) / READINGS

const flowOf = (name: string, topic: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'windows' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    z: 'tab',
    cluster: 'cluster',
    topics: topic,
    groupId: name,
    wires: [['windows'], []]
  },
  {
    id: 'windows',
    type: 'millrace-aggregate',
    z: 'tab',
    functions: ['count', 'sum', 'time_avg'].map(each => ({
      function: each,
      field: '',
      parameter: '',
      as: ''
    })),
    wires: [['store'], ['late'], ['rejected']]
  },
  {
    id: 'store',
    type: 'millrace-timescale-sink',
    z: 'tab',
    database: 'database',
    table: name,
    wires: [[], []]
  },
  { id: 'late', type: 'debug', z: 'tab', wires: [] },
  { id: 'rejected', type: 'debug', z: 'tab', wires: [] }
]

interface Reading {
  readonly device: string
  readonly value: number
  readonly timeMs: number
}

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
    for (let startMs = BEGIN_MS; startMs < BEGIN_MS + 20 * MINUTE_MS; startMs += MINUTE_MS) {
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

async function write(brokers: string, topic: string, some: readonly Reading[]): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  for (let from = 0; from < some.length; from += 500)
    await producer.send({
      topic,
      messages: some.slice(from, from + 500).map(({ device, value, timeMs }) => ({
        key: device,
        value: JSON.stringify({
          device_id: device,
          metric: 'level',
          value,
          ts_utc: new Date(timeMs).toISOString()
        })
      }))
    })
  await producer.disconnect()
}

/** What the group has committed, over all partitions. */
async function committed(brokers: string, group: string): Promise<number> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  try {
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [group] })
    return found!.partitions.reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0)
  } finally {
    await admin.disconnect()
  }
}

describe('crashes: each window is in the table once, with the right count', function () {
  this.timeout(180_000)

  for (const seed of SEEDS)
    it(`kill -9 of Node-RED twice in the middle of windows, seed ${seed}`, async () => {
      const { kafka, postgres } = await services('kafka', 'postgres')
      const name = `windows_${process.pid}_${seed}`
      await makeTopics(kafka.brokers, { [name]: 4 })
      const database = databaseAt(postgres.url)
      const nodeRed = new NodeRedProcess({
        flow: flowOf(name, name),
        environment: { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
      })
      try {
        const all = readings(seed)
        // What closes the last windows; its own stays open.
        const last = Array.from({ length: DEVICES }, (_, device) => ({
          device: `d${device}`,
          value: 0,
          timeMs: BEGIN_MS + 21 * MINUTE_MS
        }))
        const expected = expectedOf(all)
        const counted = async () =>
          (await nodeRed.metrics()).nodes.find(({ id }) => id === 'windows')?.counts.in ?? 0
        const parts = [0.3 + 0.04 * seed, 0.6 + 0.05 * seed, 1].map(share =>
          Math.floor(READINGS * share)
        )
        let before = 0
        await nodeRed.start()
        for (const [index, end] of parts.entries()) {
          const from = parts[index - 1] ?? 0
          const middle = Math.floor((from + end) / 2)
          await write(kafka.brokers, name, all.slice(from, middle))
          // A consumer that is killed again and again at the same offset goes on record by record.
          await until('an offset to be committed', async () => {
            const now = await committed(kafka.brokers, name)
            const isFurther = now > before
            if (isFurther) before = now
            return isFurther
          })
          await write(kafka.brokers, name, all.slice(middle, end))
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
        await write(kafka.brokers, name, last)
        const rows = async () => {
          const { rows: found } = await database.query(
            `SELECT device_id, extract(epoch FROM time) * 1000 AS start, metric, value FROM ${name} WHERE time < to_timestamp($1)`,
            [BEGIN_MS / 1000 + 20 * 60]
          )
          return found
        }
        await until(
          'all windows to be stored',
          async () => (await rows().catch(() => [])).length >= expected.size,
          90_000
        ).catch(async error => {
          const { nodes } = await nodeRed.metrics()
          const counts = nodes.map(({ id, counts: each, status }) => ({ id, each, status }))
          throw new Error(
            `${error.message}: ${(await rows()).length} of ${expected.size}, ${JSON.stringify(counts)} ${nodeRed.output.slice(-1500)}`
          )
        })
        const found = new Map(
          (await rows()).map(row => [
            `${row.device_id} ${Number(row.start)} ${row.metric}`,
            Number(row.value)
          ])
        )
        const off = [...expected].filter(
          ([window, value]) => !(Math.abs((found.get(window) ?? Number.NaN) - value) < 1e-6)
        )
        assert.deepEqual(off, [])
        assert.equal(found.size, expected.size)
        const { nodes } = await nodeRed.metrics()
        const { rejected } = nodes.find(({ id }) => id === 'windows')!.counts
        assert.equal(rejected, 0)
      } finally {
        await nodeRed.remove()
        await database.query(`DROP TABLE IF EXISTS ${name}`, [])
        await database.close()
      }
    })
})
