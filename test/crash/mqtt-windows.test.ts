/**
 * MQTT → aggregate → table, while Node-RED is killed in the middle: what the server sends again,
 * since it was not acknowledged, is in its window once.
 */
import assert from 'node:assert/strict'
import mqtt from 'mqtt'
import pg from 'pg'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'
import {
  BEGIN_MS,
  closing,
  MINUTE_MS,
  nodeIn,
  type Reading,
  recordOf,
  rowsOf,
  WindowsTable,
  windowsFlow
} from './windows-in-table.ts'

const DEVICES = 10
const READINGS = 4_000
const MINUTES = 10
const END_MS = BEGIN_MS + MINUTES * MINUTE_MS
/** Messages under way to the server at a time. */
const WINDOW = 100
/**
 * ActiveMQ Artemis hands messages on before others that were under way with them. Of twice the
 * window that is waited for, and nothing is said of the last minute, behind which all are closed.
 */
const LATENESS = `${(2 * WINDOW * MINUTES * MINUTE_MS) / READINGS / 1000} s`
const LAST_MS = END_MS - MINUTE_MS

const flowOf = (name: string) =>
  windowsFlow(
    name,
    {
      type: 'millrace-mqtt-ingest',
      broker: 'broker',
      topic: `${name}/{device_id}`,
      clientId: name
    },
    { functions: rowsOf('count'), lateness: LATENESS }
  )

const messageOf = (name: string, reading: Reading) => {
  const { device_id, ...payload } = recordOf(reading)
  return { topic: `${name}/${device_id}`, payload: JSON.stringify(payload) }
}

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
    const table = new WindowsTable(postgres.url, name)
    const locking = new pg.Client({ connectionString: postgres.url })
    await locking.connect()
    const nodeRed = new NodeRedProcess({
      flow: flowOf(name),
      environment: { MQTT_URL: server.url, TIMESCALE_URL: postgres.url }
    })
    try {
      const stepMs = (MINUTES * MINUTE_MS) / READINGS
      const readings = Array.from({ length: READINGS }, (_, index) => ({
        device: `d${index % DEVICES}`,
        value: index,
        timeMs: BEGIN_MS + Math.floor(index * stepMs)
      }))
      const toMessages = (some: readonly Reading[]) => some.map(each => messageOf(name, each))
      const node = async () => (await nodeIn(nodeRed, 'windows'))!
      await nodeRed.start()
      await nodeRed.healthy('millrace-mqtt-ingest')
      const settings = { qos: 1, window: WINDOW } as const
      await publish(server.url, toMessages(readings.slice(0, READINGS / 4)), settings)
      await table.untilThere(1, END_MS, nodeRed)
      // Results wait, so that what is counted behind them is not acknowledged.
      await locking.query('BEGIN')
      await locking.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`)
      const rest = [...readings.slice(READINGS / 4), ...closing(DEVICES, END_MS + MINUTE_MS)]
      const published = publish(server.url, toMessages(rest), settings)
      await until('it to be held up', async () => /held up/.test((await node()).status!.text))
      await nodeRed.end('SIGKILL')
      await locking.query('ROLLBACK')
      await nodeRed.start()
      await published
      const found = await table.untilThere(DEVICES * (MINUTES - 1), LAST_MS, nodeRed)
      const off = [...found].filter(([, count]) => count !== READINGS / DEVICES / MINUTES)
      assert.deepEqual(off, [])
      assert.ok((await node()).counts.duplicates > 0, 'Something has come again.')
    } finally {
      await nodeRed.remove()
      await locking.end()
      await endSession(server.url, name)
      await table.remove()
    }
  })
})
