/** Where the contestants meet: the services, and the topics, tables and folders of this run. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt from 'mqtt'
import pg from 'pg'
import { restartService, startServices, stopServices } from '../stack/lifecycle.ts'
import { defaultHome, type Services } from '../stack/services.ts'
import type { LaneEnvironment } from './contestant.ts'
import { metadata, type Shape, topicFilter } from './fleet.ts'
import { startMosquitto } from './mosquitto.ts'
import { keepsCommitTimes, Table } from './table.ts'
import { Topics } from './topics.ts'

export const benchHome = join(defaultHome(), 'bench')

export interface Field {
  readonly services: Services<'mqtt' | 'kafka' | 'postgres'>
  readonly topics: Topics
  /** Begins every name of this run: topics, groups, client ids, tables. */
  readonly run: string
  /** Packets that one connection may publish without acknowledgement. */
  readonly publishWindow: number
  table(name: string): Table
  query(sql: string): Promise<unknown[]>
  /** Lets the broker forget a client's session and what it holds for it. */
  forgetSession(clientId: string): Promise<void>
  close(): Promise<void>
}

export interface FieldOptions {
  readonly onProgress: (line: string) => void
  /** Leave the services running at the end, so that the next run starts at once. */
  readonly keepServices?: boolean
  /** The mosquitto on PATH instead of the project's MQTT broker. */
  readonly mosquitto?: boolean
}

const SERVICES = ['mqtt', 'kafka', 'postgres'] as const

export async function openField({
  onProgress,
  keepServices,
  mosquitto
}: FieldOptions): Promise<Field> {
  const options = { home: benchHome, freePorts: true, fullJit: true, onProgress }
  const services = await startServices([...SERVICES], options)
  const other = mosquitto ? await startMosquitto(join(benchHome, 'mosquitto')) : undefined
  if (other) services.mqtt = { ...services.mqtt, url: other.url, pid: other.pid }
  const pool = await openDatabase(services.postgres.url)
  const topics = new Topics(services.kafka.brokers)
  await topics.connect()
  return {
    services,
    topics,
    run: `bench_${Date.now().toString(36)}`,
    publishWindow: await publishWindow(services.mqtt.url),
    table: name => new Table(pool, name),
    query: async sql => (await pool.query(sql)).rows,
    forgetSession: clientId => forgetSession(services.mqtt.url, clientId),
    close: async () => {
      await topics.close()
      await pool.end()
      await other?.stop()
      if (!keepServices) await stopServices(benchHome)
    }
  }
}

/** @throws Error when a server of the user's own does not keep commit times */
async function openDatabase(url: string): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  // a server that is stopped ends idle connections with an error
  pool.on('error', () => {})
  if (await keepsCommitTimes(pool)) return pool
  if (process.env.POSTGRES_URL)
    throw new Error(
      `Set track_commit_timestamp = on in the PostgreSQL of POSTGRES_URL and restart it.`
    )
  await pool.query('alter system set track_commit_timestamp = on')
  await pool.end()
  await restartService(benchHome, 'postgres')
  return openDatabase(url)
}

const MOST_UNACKNOWLEDGED = 1_000

async function publishWindow(url: string): Promise<number> {
  const client = mqtt.connect(url, {
    protocolVersion: 5,
    connectTimeout: 5_000,
    reconnectPeriod: 0
  })
  const connack = await new Promise<mqtt.IConnackPacket>((resolve, reject) =>
    client.once('connect', resolve).once('error', reject)
  )
  await client.endAsync()
  return Math.min(connack.properties?.receiveMaximum ?? MOST_UNACKNOWLEDGED, MOST_UNACKNOWLEDGED)
}

async function forgetSession(url: string, clientId: string): Promise<void> {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clientId,
    clean: true,
    properties: { sessionExpiryInterval: 0 }
  })
  await client.endAsync()
}

/**
 * Names of a lane's topics, group, table and so on, and the environment that tells a contestant.
 */
export function environmentOf(field: Field, name: string, shape: Shape): LaneEnvironment {
  const folder = join(benchHome, 'work')
  const meta = join(folder, `meta-${shape.devices}.json`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(meta, JSON.stringify(metadata(shape)))
  const { services, run } = field
  return {
    MQTT_URL: services.mqtt.url,
    MQTT_FILTER: topicFilter,
    KAFKA_BROKERS: services.kafka.brokers,
    TIMESCALE_URL: services.postgres.url,
    RAW_TOPIC: `${run}-${name}-raw`,
    CLEAN_TOPIC: `${run}-${name}-clean`,
    GROUP: `${run}-${name}`,
    CLIENT_ID: `${run}-${name}`,
    TABLE: `${run}_${name.replaceAll('-', '_')}`,
    META: meta,
    WORK: join(folder, name)
  }
}
