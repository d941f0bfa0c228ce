/** Looking at topics from outside. */
import type { KafkaConfig } from 'kafkajs'
import { kafkajs } from '../core/kafka/kafkajs/kafkajs.ts'
import { until } from './until.ts'

const { Kafka, logLevel } = kafkajs()

export interface Found {
  readonly partition: number
  readonly offset: string
  readonly key: string | null
  readonly value: Buffer | null
  readonly timestampMs: number
  readonly headers: Record<string, string>
  /** All values of each header, in order. */
  readonly headerValues: Record<string, string[]>
}

/** A client of its own, beside the one under test. */
export const kafkaOf = (brokers: string, more: Partial<KafkaConfig> = {}) =>
  new Kafka({
    clientId: 'millrace-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    ...more
  })

export async function makeTopics(brokers: string, topics: Record<string, number>): Promise<void> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  try {
    // Not waitForLeaders: kafkajs gives up at the first answer of a broker that has not heard of
    // the topic yet.
    await admin.createTopics({
      waitForLeaders: false,
      topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic, numPartitions }))
    })
    for (const topic of Object.keys(topics))
      await until(
        `the topic ${topic}`,
        async () => (await admin.fetchTopicOffsets(topic)).length > 0
      )
  } finally {
    await admin.disconnect()
  }
}

/** How many offsets a topic has used, over all partitions. */
export async function endOf(brokers: string, topic: string): Promise<number> {
  const admin = kafkaOf(brokers).admin()
  await admin.connect()
  try {
    return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0)
  } finally {
    await admin.disconnect()
  }
}

/** Everything that is in a topic now. */
export async function readTopic(brokers: string, topic: string): Promise<Found[]> {
  const kafka = kafkaOf(brokers)
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  const open = new Map(
    offsets
      .filter(({ low, high }) => Number(high) > Number(low))
      .map(({ partition, high }) => [partition, Number(high)])
  )
  const found: Found[] = []
  const groupId = `look-${process.pid}-${Math.random().toString(36).slice(2)}`
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  if (open.size > 0) {
    await new Promise<void>((resolve, refuse) => {
      consumer.on('consumer.crash', ({ payload }) => refuse(payload.error))
      consumer.on('consumer.end_batch_process', ({ payload: { partition, lastOffset } }) => {
        if (Number(lastOffset) >= (open.get(partition) ?? 0) - 1) open.delete(partition)
        if (open.size === 0) resolve()
      })
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            for (const { offset, key, value, timestamp, headers } of batch.messages) {
              const entries = Object.entries(headers ?? {})
              const texts = entries.map(([name, text]) => [name, String(text)])
              const lists = entries.map(([name, text]) => [name, [text].flat().map(String)])
              const { partition } = batch
              const all = {
                timestampMs: Number(timestamp),
                headers: Object.fromEntries(texts),
                headerValues: Object.fromEntries(lists)
              }
              found.push({ partition, offset, key: key?.toString() ?? null, value, ...all })
            }
          }
        })
        .catch(refuse)
    })
  }
  await consumer.disconnect()
  await admin.deleteGroups([groupId]).catch(() => {})
  await admin.disconnect()
  return found
}
