/** Windows over readings, in a table that a test holds against its own count. */
import type { Database } from '../../core/postgres/pool.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { kafkaOf } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import type { NodeRedProcess } from '../node-red-process.ts'
import { until } from '../until.ts'

export const MINUTE_MS = 60_000
export const BEGIN_MS = Date.UTC(2026, 0, 31)

export interface Reading {
  readonly device: string
  readonly value: number
  readonly timeMs: number
}

/** Options of a node, or a node of a flow without its place. */
type Given = Readonly<Record<string, unknown>>

export const fromKafka = (name: string, more: Given = {}): Given => ({
  type: 'millrace-kafka-consumer',
  cluster: 'cluster',
  topics: name,
  groupId: name,
  ...more
})

export const rowsOf = (...functions: readonly string[]) =>
  functions.map(each => ({ function: each, field: '', parameter: '', as: '' }))

const CLUSTER = { id: 'cluster', type: 'millrace-kafka-cluster', brokers: '${KAFKA_BROKERS}' }
const BROKER = { id: 'broker', type: 'millrace-mqtt-broker', url: '${MQTT_URL}' }

/**
 * Source → aggregate → table of this name; services by environment variables. Between the first two
 * there may be others, the first of which is called `between`.
 */
export const windowsFlow = (
  name: string,
  source: Given,
  windows: Given,
  between: readonly FlowEntry[] = []
): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'windows' },
  'cluster' in source ? CLUSTER : BROKER,
  { id: 'database', type: 'millrace-timescale-database', url: '${TIMESCALE_URL}' },
  {
    ...source,
    id: 'read',
    z: 'tab',
    wires: [[between.length > 0 ? 'between' : 'windows'], []]
  } as FlowEntry,
  ...between,
  {
    ...windows,
    id: 'windows',
    type: 'millrace-aggregate',
    z: 'tab',
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

export const recordOf = ({ device, value, timeMs }: Reading) => ({
  device_id: device,
  metric: 'level',
  value,
  ts_utc: new Date(timeMs).toISOString()
})

export async function writeReadings(
  brokers: string,
  topic: string,
  readings: readonly Reading[]
): Promise<void> {
  const producer = kafkaOf(brokers).producer()
  await producer.connect()
  const messages = readings.map(reading => ({
    key: reading.device,
    value: JSON.stringify(recordOf(reading))
  }))
  for (let from = 0; from < messages.length; from += 500)
    await producer.send({ topic, messages: messages.slice(from, from + 500) })
  await producer.disconnect()
}

/** Readings of a time by which the windows before it are over; their own stay open. */
export const closing = (devices: number, timeMs: number): Reading[] =>
  Array.from({ length: devices }, (_, device) => ({ device: `d${device}`, value: 0, timeMs }))

/** Of what is by the name of `windowsFlow` in the metrics. */
export const nodeIn = async (nodeRed: NodeRedProcess, id: string) =>
  (await nodeRed.metrics()).nodes.find(node => node.id === id)

/** What the windows say so far, by device, start and metric. */
export class WindowsTable {
  readonly database: Database

  constructor(
    url: string,
    readonly name: string
  ) {
    this.database = databaseAt(url)
  }

  /** Those that begin before this time; none while the table is missing. */
  async windows(beforeMs: number): Promise<Map<string, number>> {
    const text = `SELECT device_id, extract(epoch FROM time) * 1000 AS start, metric, value FROM ${this.name} WHERE time < to_timestamp($1) ORDER BY 1, 2, 3`
    const { rows } = await this.database
      .query<Record<string, unknown>>(text, [beforeMs / 1000])
      .catch(() => ({ rows: [] }))
    return new Map(
      rows.map(({ device_id, start, metric, value }) => [
        `${device_id} ${Number(start)} ${metric}`,
        Number(value)
      ])
    )
  }

  /** Waits until there are so many, and gives them. Tells what the nodes have come to if not. */
  async untilThere(
    count: number,
    beforeMs: number,
    nodeRed: NodeRedProcess,
    limitMs = 90_000
  ): Promise<Map<string, number>> {
    try {
      return await until(
        'all windows to be stored',
        async () => {
          const found = await this.windows(beforeMs)
          return found.size >= count ? found : undefined
        },
        limitMs
      )
    } catch (error) {
      const { nodes } = await nodeRed.metrics()
      const counts = nodes.map(({ id, counts: each, status }) => ({ id, each, status }))
      throw new Error(
        `${(error as Error).message}: ${(await this.windows(beforeMs)).size} of ${count}, ${JSON.stringify(counts)} ${nodeRed.output.slice(-2000)}`
      )
    }
  }

  async remove(): Promise<void> {
    await this.database.query(`DROP TABLE IF EXISTS ${this.name}`, [])
    await this.database.close()
  }
}
