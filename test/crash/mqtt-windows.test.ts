/**
 * MQTT → aggregate → table, while Node-RED is killed in the middle: what the server sends again,
 * since it was not acknowledged, is in its window once.
 */
import assert from 'node:assert/strict'
import mqtt from 'mqtt'
import pg from 'pg'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const DEVICES = 10
const READINGS = 4_000
const MINUTES = 10
const MINUTE_MS = 60_000
const BEGIN_MS = Date.UTC(2026, 0, 31)
/** The last closes the windows of the others. */
const END_MS = BEGIN_MS + MINUTES * MINUTE_MS

const flowOf = (name: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'windows' },
  { id: 'broker', type: 'millrace-mqtt-broker', url: '${MQTT_URL}' },
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    id: 'take',
    type: 'millrace-mqtt-ingest',
    z: 'tab',
    broker: 'broker',
    topic: `${name}/{device_id}`,
    clientId: name,
    wires: [['windows'], []]
  },
  {
    id: 'windows',
    type: 'millrace-aggregate',
    z: 'tab',
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

const readingOf = (name: string, device: number, value: number, timeMs: number) => ({
  topic: `${name}/d${device}`,
  payload: JSON.stringify({ metric: 'level', value, ts_utc: new Date(timeMs).toISOString() })
})

/** Or the server would go on queueing. */
async function endSession(url: string, clientId: string): Promise<void> {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clientId,
    clean: true,
    properties: { sessionExpiryInterval: 0 }
  })
  await client.endAsync()
}

describe('crashes: each window is right also where MQTT sends again', function () {
  this.timeout(180_000)

  it('kill -9 of Node-RED, MQTT to aggregate to table', async () => {
    const { mqtt: server, postgres } = await services('mqtt', 'postgres')
    const name = `mqtt_windows_${process.pid}`
    const database = databaseAt(postgres.url)
    const locking = new pg.Client({ connectionString: postgres.url })
    await locking.connect()
    const nodeRed = new NodeRedProcess({
      flow: flowOf(name),
      environment: { MQTT_URL: server.url, TIMESCALE_URL: postgres.url }
    })
    try {
      const stepMs = (MINUTES * MINUTE_MS) / READINGS
      const readings = Array.from({ length: READINGS }, (_, index) =>
        readingOf(name, index % DEVICES, index, BEGIN_MS + Math.floor(index * stepMs))
      )
      const last = Array.from({ length: DEVICES }, (_, device) =>
        readingOf(name, device, 0, END_MS + MINUTE_MS)
      )
      const node = async () => (await nodeRed.metrics()).nodes.find(({ id }) => id === 'windows')!
      await nodeRed.start()
      await nodeRed.healthy('millrace-mqtt-ingest')
      const rows = async () => {
        const text = `SELECT device_id, time, value FROM ${name} WHERE time < to_timestamp($1)`
        return (await database.query(text, [END_MS / 1000])).rows
      }
      const settings = { qos: 1, window: 200 } as const
      await publish(server.url, readings.slice(0, READINGS / 4), settings)
      await until('the table', async () => (await rows().catch(() => [])).length > 0, 60_000)
      // Results wait, so that what is counted behind them is not acknowledged.
      await locking.query('BEGIN')
      await locking.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)
      const published = publish(server.url, [...readings.slice(READINGS / 4), ...last], settings)
      await until('it to be held up', async () => /held up/.test((await node()).status!.text))
      await nodeRed.end('SIGKILL')
      await locking.query('ROLLBACK')
      await nodeRed.start()
      await published
      await until(
        'all windows to be stored',
        async () => (await rows().catch(() => [])).length >= DEVICES * MINUTES,
        60_000
      )
      const off = (await rows()).filter(
        ({ value }) => Number(value) !== READINGS / DEVICES / MINUTES
      )
      assert.deepEqual(off, [])
      assert.ok((await node()).counts.duplicates > 0, 'Something has come again.')
    } finally {
      await nodeRed.remove()
      await locking.end()
      await endSession(server.url, name)
      await database.query(`DROP TABLE IF EXISTS ${name}`, [])
      await database.close()
    }
  })
})
