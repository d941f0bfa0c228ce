/** Plain clients of the services, for tests of what they let in and keep. */
import { readFileSync } from 'node:fs'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import pg from 'pg'
import type { CertificatePaths } from '../../stack/services.ts'

export function tls({ ca, clientCert, clientKey }: CertificatePaths) {
  return { ca: readFileSync(ca), cert: readFileSync(clientCert), key: readFileSync(clientKey) }
}

export async function withMqtt<T>(
  url: string,
  options: IClientOptions,
  work: (client: MqttClient) => Promise<T>
): Promise<T> {
  const client = await mqtt.connectAsync(
    url,
    { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 10_000, ...options },
    false
  )
  client.on('error', () => {})
  try {
    return await work(client)
  } finally {
    client.end(true)
  }
}

/** Publishes a message to itself. */
export function echo(client: MqttClient, topic: string): Promise<string> {
  return new Promise((done, failed) => {
    client.once('message', (_topic, payload) => done(payload.toString()))
    client.once('close', () => failed(new Error('closed')))
    client
      .subscribeAsync(topic, { qos: 1 })
      .then(() => client.publishAsync(topic, 'hello', { qos: 1 }))
      .catch(failed)
  })
}

export type Login = NonNullable<KafkaConfig['sasl']>

export function kafkaClient(config: KafkaConfig): Kafka {
  return new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 2 }, ...config })
}

export async function topicsSeenBy(config: KafkaConfig): Promise<string[]> {
  const admin = kafkaClient(config).admin()
  await admin.connect()
  try {
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

export async function query(
  config: pg.ClientConfig,
  sql: string
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
