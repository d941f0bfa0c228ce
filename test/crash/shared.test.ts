/**
 * Kafka → aggregate → table in two Node-REDs that share the consumer group, of which one is killed
 * in the middle of windows: each window is in the table once, with every reading in it once.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { kafkaOf, makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const SEEDS = process.env.MILLRACE_CRASH === 'long' ? [1, 2, 3] : [1]
const DEVICES = 40
const READINGS = 8_000
const MINUTES = 20
const MINUTE_MS = 60_000
const BEGIN_MS = Date.UTC(2026, 0, 31)
const PARTITIONS = 4

const flowOf = (name: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'shared' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    z: 'tab',
    cluster: 'cluster',
    topics: name,
    groupId: name,
    batchSize: 50,
    perPartition: 4,
    wires: [['windows'], []]
  },
  {
    id: 'windows',
    type: 'millrace-aggregate',
    z: 'tab',
    keepIn: 'kafka',
    cluster: 'cluster',
    stateTopic: `${name}-state`,
    functions: ['count', 'sum'].map(each => ({ function: each, field: '', parameter: '', as: '' })),
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

const readings = Array.from({ length: READINGS }, (_, index) => ({
  device: `d${index % DEVICES}`,
  value: index % 97,
  timeMs: BEGIN_MS + Math.floor((index * MINUTES * MINUTE_MS) / READINGS)
}))
type Reading = (typeof readings)[number]

function expected(): Map<string, number> {
  const found = new Map<string, number>()
  const add = (name: string, more: number) => found.set(name, (found.get(name) ?? 0) + more)
  for (const { device, value, timeMs } of readings) {
    const start = timeMs - (timeMs % MINUTE_MS)
    add(`${device} ${start} level_count`, 1)
    add(`${device} ${start} level_sum`, value)
  }
  return found
}

async function write(brokers: string, topic: string, some: readonly Reading[]): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  const messages = some.map(({ device, value, timeMs }) => ({
    key: device,
    value: JSON.stringify({
      device_id: device,
      metric: 'level',
      value,
      ts_utc: new Date(timeMs).toISOString()
    })
  }))
  for (let from = 0; from < messages.length; from += 500)
    await producer.send({ topic, messages: messages.slice(from, from + 500) })
  await producer.disconnect()
}

const countedBy = async (nodeRed: NodeRedProcess) =>
  (await nodeRed.metrics()).nodes.find(({ id }) => id === 'windows')?.counts.in ?? 0

describe('two Node-REDs that share a consumer group and what they remember', function () {
  this.timeout(240_000)

  for (const seed of SEEDS)
    it(`kill -9 of one of them in the middle of windows, seed ${seed}`, async () => {
      const { kafka, postgres } = await services('kafka', 'postgres')
      const name = `shared_${process.pid}_${seed}`
      await makeTopics(kafka.brokers, { [name]: PARTITIONS })
      const database = databaseAt(postgres.url)
      const environment = { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
      const both = [1, 2].map(() => new NodeRedProcess({ flow: flowOf(name), environment }))
      const [one, other] = both as [NodeRedProcess, NodeRedProcess]
      const stored = async () => {
        const text = `SELECT device_id, extract(epoch FROM time) * 1000 AS start, metric, value FROM ${name} WHERE time < to_timestamp($1)`
        const { rows } = await database.query(text, [BEGIN_MS / 1000 + MINUTES * 60])
        return rows
      }
      try {
        // The first has all partitions; the second takes some of them over.
        await one.start()
        await write(kafka.brokers, name, readings.slice(0, 2_000))
        await until('it to count', async () => (await countedBy(one)) > 500, 60_000)
        await other.start()
        await other.healthy('millrace-kafka-consumer')
        await write(kafka.brokers, name, readings.slice(2_000, 5_000))
        await until('both to count', async () => (await countedBy(other)) > 200, 60_000)
        await wait((seed * 137) % 400)
        await one.end('SIGKILL')
        await write(kafka.brokers, name, readings.slice(5_000))
        const closing = Array.from({ length: DEVICES }, (_, device) => ({
          device: `d${device}`,
          value: 0,
          timeMs: BEGIN_MS + (MINUTES + 1) * MINUTE_MS
        }))
        await write(kafka.brokers, name, closing)
        const wanted = expected()
        await until(
          'all windows to be stored',
          async () => (await stored().catch(() => [])).length >= wanted.size,
          120_000
        ).catch(async error => {
          const { nodes } = await other.metrics()
          const counts = nodes.map(({ id, counts: each, status }) => ({ id, each, status }))
          throw new Error(
            `${error.message}: ${(await stored()).length} of ${wanted.size}, ${JSON.stringify(counts)} ${other.output.slice(-3000)}`
          )
        })
        const found = new Map(
          (await stored()).map(row => [
            `${row.device_id} ${Number(row.start)} ${row.metric}`,
            Number(row.value)
          ])
        )
        assert.deepEqual([...found].sort(), [...wanted].sort())
      } finally {
        for (const each of both) await each.remove()
        await database.query(`DROP TABLE IF EXISTS ${name}`, [])
        await database.close()
      }
    })
})
