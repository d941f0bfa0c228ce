// Mostly waits.
/**
 * Kafka → time-series server, while Node-RED and the server are killed: each point is there once,
 * and what the server refuses is rejected once.
 */
import assert from 'node:assert/strict'
import { kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { DATABASE, type TimeSeriesServer, timeSeriesServers } from '../servers/time-series.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const isLong = process.env.MILLRACE_CRASH !== undefined
const RECORDS = isLong ? 200_000 : 10_000
const LIST = 2_000
/** One in so many is of a type that the measurement does not have. */
const BAD_EVERY = 997
const START_MS = Date.UTC(2026, 1, 23)

const flowOf = (server: TimeSeriesServer, url: string, topic: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'points' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  { id: 'server', type: 'millrace-influx-server', service: server.service, api: 'v1', url },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    z: 'tab',
    cluster: 'cluster',
    topics: topic,
    groupId: topic,
    fromBeginning: true,
    wires: [['write'], []]
  },
  {
    id: 'write',
    type: 'millrace-influx-sink',
    z: 'tab',
    server: 'server',
    database: DATABASE,
    measurement: 'crash',
    create: 'create',
    // So many requests that some are under way whenever something is killed.
    maxLines: 250,
    rows: [
      { name: 'device_id', from: 'device_id', type: 'tag', role: 'required' },
      { name: 'value', from: 'value', type: 'number', role: 'required' },
      { name: 'note', from: 'note', type: 'text', role: 'optional' }
    ],
    wires: [[], ['letters']]
  },
  {
    id: 'letters',
    type: 'millrace-kafka-producer',
    z: 'tab',
    cluster: 'cluster',
    topic: `${topic}-letters`,
    deduplicationMin: 10,
    wires: [[], []]
  }
]

const recordOf = (n: number) => ({
  device_id: `d${n % 50}`,
  value: n,
  ts_utc: new Date(START_MS + n).toISOString(),
  ...(n % BAD_EVERY === 1 ? { note: 'no number' } : {})
})
const isBad = (n: number) => n % BAD_EVERY === 1

const MADE = {
  influx1: `CREATE DATABASE ${DATABASE}`,
  questdb:
    'CREATE TABLE crash (device_id SYMBOL, value DOUBLE, note DOUBLE, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, device_id)'
}

async function produce(brokers: string, topic: string): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  for (let first = 0; first < RECORDS; first += LIST) {
    const messages = Array.from({ length: LIST }, (_, index) => {
      const record = recordOf(first + index)
      return { key: record.device_id, value: JSON.stringify(record) }
    })
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

// One make is enough for every run.
const { servers, urls } = await timeSeriesServers(isLong ? undefined : ['influx1'])

describe('points of line protocol, when all is killed', function () {
  this.timeout(240_000)
  after(async () => {
    for (const server of servers) await server.end()
  })

  for (const server of servers.filter(({ keepsWhatItAcknowledged }) => keepsWhatItAcknowledged))
    it(`${server.name}: kill -9 of it and the end of Node-RED, in the middle`, async () => {
      const { brokers } = (await services('kafka')).kafka
      const topic = `points-${server.service}-${process.pid}`
      await makeTopics(brokers, { [topic]: 4, [`${topic}-letters`]: 1 })
      const nodeRed = new NodeRedProcess({
        flow: flowOf(server, urls.get(server)!, topic),
        environment: { KAFKA_BROKERS: brokers }
      })
      const stored = async () =>
        (await nodeRed.metrics()).nodes.find(({ id }) => id === 'write')?.counts.stored ?? 0
      try {
        // The note is a number to the server, before a text comes.
        await server.run(MADE[server.service as keyof typeof MADE])
        const body = `crash,device_id=first note=1 ${START_MS}000000`
        const made = `${urls.get(server)}/write?db=${DATABASE}`
        assert.equal((await fetch(made, { method: 'POST', body })).status, 204)
        await nodeRed.start()
        await produce(brokers, topic)
        await until('some', async () => (await stored()) > RECORDS / 10, 60_000, 2)
        await server.kill()
        await server.restart()
        await until('more', async () => (await stored()) > RECORDS / 3, 60_000, 2)
        if (isLong) {
          await nodeRed.end('SIGKILL')
          await nodeRed.start()
          await until('more again', async () => (await stored()) > RECORDS / 10, 60_000, 2)
        }
        // A member that is killed is missed by Kafka for half a minute, which the long form waits.
        await Promise.all([server.kill(), nodeRed.end(isLong ? 'SIGKILL' : 'SIGTERM')])
        await Promise.all([server.restart(), nodeRed.start()])
        const numbers = Array.from({ length: RECORDS }, (_, n) => n)
        const good = numbers.filter(n => !isBad(n))
        const points = await until(
          'all points',
          async () => {
            const found = await server.points('crash')
            return found.length >= good.length + 1 ? found : undefined
          },
          120_000,
          500
        )
        const values = points
          .filter(({ value }) => value !== null)
          .map(({ value }) => Number(value))
        assert.deepEqual(
          values.sort((a, b) => a - b),
          good
        )
        const bad = numbers.filter(isBad)
        const letters = await until('the letters', async () => {
          const found = await readTopic(brokers, `${topic}-letters`)
          return found.length >= bad.length ? found : undefined
        })
        const refused = letters.map(
          ({ value }) => (JSON.parse(String(value)) as { value: number }).value
        )
        assert.deepEqual(
          refused.sort((a, b) => a - b),
          bad
        )
      } finally {
        await nodeRed.remove()
      }
    })
})
