/**
 * Kafka → aggregate → table, while somebody has locked the table for longer than a silence must
 * last: every window has all of its readings.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { makeTopics } from '../kafka-topics.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import {
  BEGIN_MS,
  fromKafka,
  nodeIn,
  rowsOf,
  WindowsTable,
  windowsFlow,
  writeReadings
} from './windows-in-table.ts'

const WINDOW_S = 3
const READINGS = 30
const WINDOWS = 4

const flowOf = (name: string) =>
  windowsFlow(name, fromKafka(name, { batchSize: 10, perPartition: 1 }), {
    length: `${WINDOW_S} s`,
    lateness: '0 s',
    idle: '1 s',
    functions: rowsOf('count')
  })

/** So many readings of a device, evenly over so many windows. */
const readingsOf = (device: string) =>
  Array.from({ length: WINDOWS * READINGS }, (_, index) => ({
    device,
    value: index,
    timeMs: BEGIN_MS + (index * WINDOW_S * 1000) / READINGS
  }))

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
    const table = new WindowsTable(postgres.url, name)
    const countsOf = async (device: string) => {
      const found = await table.windows(Date.now())
      return [...found].filter(([window]) => window.startsWith(device)).map(([, count]) => count)
    }
    try {
      await nodeRed.start()
      await writeReadings(kafka.brokers, name, readingsOf('first'))
      const has = async (device: string, windows: number) =>
        (await countsOf(device)).length >= windows
      await until('the first windows', () => has('first', WINDOWS), 60_000)
      await client.query('BEGIN')
      await client.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)
      await writeReadings(kafka.brokers, name, readingsOf('second'))
      const node = async () => (await nodeIn(nodeRed, 'windows'))!
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
      await client.end()
      await table.remove()
    }
  })
})
