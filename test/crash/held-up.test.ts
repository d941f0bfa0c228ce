/**
 * Kafka → aggregate → table, while somebody has locked the table for longer than a silence must
 * last: every window has all of its readings.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { kafkaOf, makeTopics } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const WINDOW_S = 3
const READINGS = 30
const WINDOWS = 4
const BEGIN_MS = Date.UTC(2026, 0, 31)

const flowOf = (name: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'held up' },
  { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' },
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    id: 'read',
    type: 'millrace-kafka-consumer',
    z: 'tab',
    cluster: 'cluster',
    topics: name,
    groupId: name,
    batchSize: 10,
    perPartition: 1,
    wires: [['windows'], []]
  },
  {
    id: 'windows',
    type: 'millrace-aggregate',
    z: 'tab',
    length: `${WINDOW_S} s`,
    lateness: '0 s',
    idle: '1 s',
    functions: [{ function: 'count', field: '', parameter: '', as: '' }],
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

/** So many readings of a device, evenly over so many windows. */
async function write(brokers: string, topic: string, device: string): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  const stepMs = (WINDOW_S * 1000) / READINGS
  const messages = Array.from({ length: WINDOWS * READINGS }, (_, index) => ({
    key: device,
    value: JSON.stringify({
      device_id: device,
      metric: 'level',
      value: index,
      ts_utc: new Date(BEGIN_MS + index * stepMs).toISOString()
    })
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

describe('an outage behind a node that remembers is no silence', function () {
  this.timeout(120_000)

  it('a table that is locked: each window is whole', async () => {
    const { kafka, postgres } = await services('kafka', 'postgres')
    const name = `held_up_${process.pid}`
    await makeTopics(kafka.brokers, { [name]: 1 })
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    const nodeRed = new NodeRedProcess({
      flow: flowOf(name),
      environment: { KAFKA_BROKERS: kafka.brokers, TIMESCALE_URL: postgres.url }
    })
    const countsOf = async (device: string) => {
      const text = `SELECT value FROM ${name} WHERE device_id = $1 ORDER BY time`
      const { rows } = await client.query(text, [device])
      return rows.map(({ value }) => Number(value))
    }
    try {
      await nodeRed.start()
      await write(kafka.brokers, name, 'first')
      const has = async (device: string, windows: number) =>
        (await countsOf(device).catch(() => [])).length >= windows
      await until('the first windows', () => has('first', WINDOWS), 60_000)
      await client.query('BEGIN')
      await client.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)
      await write(kafka.brokers, name, 'second')
      const node = async () => (await nodeRed.metrics()).nodes.find(({ id }) => id === 'windows')!
      await until('readings to be held up', async () => {
        const { counts } = await node()
        return counts.in > WINDOWS * READINGS && counts.in < 2 * WINDOWS * READINGS
      })
      await until('the status to say so', async () => /held up/.test((await node()).status!.text))
      // A silence would have ended the open window twice.
      await wait(2 * (1 + WINDOW_S) * 1000)
      await client.query('COMMIT')
      await until('the other windows', () => has('second', WINDOWS), 60_000)
      assert.deepEqual(
        await countsOf('second'),
        Array.from({ length: WINDOWS }, () => READINGS)
      )
      assert.equal((await node()).gauges.late ?? 0, 0)
    } finally {
      await nodeRed.remove()
      await client.query('ROLLBACK').catch(() => {})
      await client.query(`DROP TABLE IF EXISTS ${name}`)
      await client.end()
    }
  })
})
