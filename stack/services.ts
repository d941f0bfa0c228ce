/**
 * The services of Millrace: which there are, in which version, on which ports, with which users and
 * in which folders. Whatever else needs one of these facts (scripts, tests, compose.yaml) takes it
 * from here or is held against it by a test.
 */
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export type ServiceName = 'mqtt' | 'kafka' | 'timescale' | 'postgres'

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Names of all listening ports. Below 32768: a client's own outgoing connection could take a higher
 * one while the broker is down.
 */
export const fixedPorts = {
  mqtt: 18883,
  mqttMtls: 18884,
  mqttTls: 18885,
  kafka: 19092,
  kafkaController: 19093,
  kafkaSasl: 19094,
  kafkaMtls: 19095,
  postgres: 15432,
  timescale: 15433,
  nodeRed: 1880
} as const

export type PortName = keyof typeof fixedPorts

type ServiceFacts = {
  /** What it is, in words, with its version. */
  product: string
  /**
   * Environment variable that names a service of the user's own; then ours is neither started nor
   * stopped.
   */
  variable: string
  ports: readonly PortName[]
  needsJava: boolean
  /** The signal for an orderly end. */
  stopSignal: NodeJS.Signals
  stopTimeoutMs: number
}

export const catalogue: Readonly<Record<ServiceName, ServiceFacts>> = {
  mqtt: {
    product: 'MQTT 5 broker (ActiveMQ Artemis 2.55.0)',
    variable: 'MQTT_URL',
    ports: ['mqtt', 'mqttMtls', 'mqttTls'],
    needsJava: true,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 15_000
  },
  kafka: {
    product: 'Apache Kafka 4.3.1',
    variable: 'KAFKA_BROKERS',
    ports: ['kafka', 'kafkaController', 'kafkaSasl', 'kafkaMtls'],
    needsJava: true,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 15_000
  },
  timescale: {
    product: 'TimescaleDB 2.23 on PostgreSQL 17 (embedded)',
    variable: 'TIMESCALE_URL',
    ports: ['timescale'],
    needsJava: false,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000
  },
  postgres: {
    product: 'PostgreSQL 18',
    variable: 'POSTGRES_URL',
    ports: ['postgres'],
    needsJava: false,
    // "fast" shutdown: does not wait for clients to leave
    stopSignal: 'SIGINT',
    stopTimeoutMs: 15_000
  }
}

export const serviceNames = Object.keys(catalogue) as ServiceName[]

/**
 * Accounts of the services that listen on 127.0.0.1 of a developer's machine: known to everybody,
 * no secrets.
 */
export const accounts = {
  mqtt: { user: 'millrace', password: 'millrace-mqtt' },
  /** May publish and subscribe below `guest/` only. */
  mqttGuest: { user: 'guest', password: 'guest-mqtt', prefix: 'guest/' },
  kafka: { user: 'millrace', password: 'millrace-kafka' },
  postgres: { user: 'postgres', password: 'millrace-postgres', database: 'postgres' },
  /** The embedded server asks for no password. */
  timescale: { user: 'postgres', password: '', database: 'postgres' }
} as const

/**
 * Kafka topics of the pipeline. Partitions: at least twice as many as consumers that shall share
 * the work.
 */
export const topics = {
  raw: 'iot-telemetry-raw',
  clean: 'iot-telemetry-clean',
  deadLetter: 'iot-telemetry-dead-letter',
  /** What is written by the schema of a registry. */
  registered: 'iot-telemetry-registered'
} as const
/** Topics of which Kafka keeps the newest record of each key: tables that nodes follow. */
export const compactedTopics = { devices: 'iot-devices' } as const
export const partitionsPerTopic = 8

/** The hypertable of readings; its columns and policies are in timescale/telemetry.sql. */
export const telemetryTable = 'telemetry'

/** Paths of PEM files. */
export type CertificatePaths = { ca: string; clientCert: string; clientKey: string }

export type MqttService = {
  /** `mqtt://host:port`; the own broker lets anonymous clients in on this port. */
  url: string
  user: string
  password: string
  /**
   * Of the own broker only: `mqtts://` with user and password, `mqtts://` with a client
   * certificate.
   */
  secure?: CertificatePaths & { tlsUrl: string; mtlsUrl: string }
  pid?: number
}

export type KafkaService = {
  /** `host:port,host:port` */
  brokers: string
  /** Of the own broker only. Mechanisms: plain, scram-sha-256, scram-sha-512. */
  sasl?: { brokers: string; user: string; password: string }
  /** Of the own broker only: a client certificate is demanded. */
  mtls?: CertificatePaths & { brokers: string }
  pid?: number
}

export type DatabaseService = {
  /** `postgres://user:password@host:port/database` */
  url: string
  /**
   * Of the own PostgreSQL only: the authority that signed its certificate (TLS on the same port).
   */
  ca?: string
  pid?: number
}

export type ServiceMap = {
  mqtt: MqttService
  kafka: KafkaService
  timescale: DatabaseService
  postgres: DatabaseService
}

/** The services that were asked for: `Services<'mqtt' | 'kafka'>` has exactly these two. */
export type Services<N extends ServiceName = ServiceName> = Pick<ServiceMap, N>

/** The data folder: MILLRACE_HOME, or `.millrace` in the repository. */
export function defaultHome(): string {
  return resolve(process.env.MILLRACE_HOME || join(repository, '.millrace'))
}

/** Downloaded jars and start-up archives, shared by all data folders of a user. */
export function cacheFolder(): string {
  return resolve(
    process.env.MILLRACE_CACHE ||
      join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace')
  )
}

/** The service the user named in the environment, or undefined when ours is wanted. */
export function givenService<N extends ServiceName>(name: N): ServiceMap[N] | undefined
export function givenService(name: ServiceName): ServiceMap[ServiceName] | undefined {
  const address = process.env[catalogue[name].variable]
  if (!address) return undefined
  if (name === 'kafka') return { brokers: address }
  if (name !== 'mqtt') return { url: address }
  const url = new URL(address)
  return {
    url: address,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password)
  }
}
