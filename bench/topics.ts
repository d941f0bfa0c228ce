/**
 * Kafka as the benchmark needs it: topics of its own, filled beforehand and read to the end
 * afterwards.
 */
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import kafkajs, {
  type Admin,
  type EachBatchPayload,
  type Kafka as KafkaClient,
  type KafkaMessage,
  type Message
} from 'kafkajs'
import { kafkajsClient } from '../core/kafka/kafkajs/kafkajs-client.ts'
import { Arrivals } from './arrivals.ts'
import {
  cleanPayloadOf,
  deviceId,
  deviceOf,
  payloadOf,
  preparedTime,
  type Shape,
  topicOf
} from './fleet.ts'

const { Kafka, logLevel } = kafkajs
const murmur2 = createRequire(import.meta.url)(
  'kafkajs/src/producer/partitioners/default/murmur2.js'
) as (key: Buffer) => number

/** The partition that Kafka's own clients choose for this key. */
const partitionOf = (key: string, partitions: number) =>
  (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions

export class Topics {
  private readonly kafka: KafkaClient
  private readonly admin: Admin

  constructor(readonly brokers: string) {
    this.kafka = new Kafka({
      clientId: 'bench',
      brokers: brokers.split(','),
      logLevel: logLevel.NOTHING,
      retry: { retries: 30, maxRetryTime: 1_000 }
    })
    this.admin = this.kafka.admin()
  }

  async connect(): Promise<void> {
    await this.admin.connect()
  }

  async close(): Promise<void> {
    await this.admin.disconnect()
  }

  /**
   * Makes a topic in which the broker writes the time of arrival on each message, so that the
   * moment a record was stored is known without asking all the time.
   */
  async create(
    topic: string,
    partitions: number,
    more: readonly TopicSetting[] = []
  ): Promise<void> {
    const settings = {
      ...Object.fromEntries(more.map(({ name, value }) => [name, value])),
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': String(4 * 1024 * 1024)
    }
    const admin = kafkajsClient({ clientId: 'bench', brokers: this.brokers.split(',') }).admin({
      retries: 30
    })
    try {
      await admin.ready
      await admin.createTopics([{ topic, partitions, settings }])
    } finally {
      await admin.close()
    }
  }

  async delete(topics: readonly string[]): Promise<void> {
    const known = new Set(await this.admin.listTopics())
    const gone = topics.filter(topic => known.has(topic))
    if (gone.length > 0) await this.admin.deleteTopics({ topics: gone })
  }

  /** Forgets the groups that begin with this, as far as nobody is a member any more. */
  async deleteGroups(prefix: string): Promise<void> {
    const { groups } = await this.admin.listGroups()
    const mine = groups.map(group => group.groupId).filter(id => id.startsWith(prefix))
    if (mine.length > 0) await this.admin.deleteGroups(mine).catch(() => {})
  }

  /** How many messages of a topic the groups that begin with this have committed. */
  async committed(prefix: string, topic: string): Promise<number> {
    const { groups } = await this.admin.listGroups()
    let records = 0
    for (const { groupId } of groups.filter(group => group.groupId.startsWith(prefix)))
      for (const { partitions } of await this.admin.fetchOffsets({ groupId, topics: [topic] }))
        for (const { offset } of partitions) records += Math.max(0, Number(offset))
    return records
  }

  /** Messages in the topic so far, those of all partitions together. */
  async size(topic: string): Promise<number> {
    const offsets = await this.offsets(topic)
    return offsets.reduce((sum, { high }) => sum + Number(high), 0)
  }

  /**
   * A broker that is busy names itself as leader of a new partition and for a moment denies it when
   * asked.
   */
  private async offsets(
    topic: string,
    attempts = 20
  ): Promise<{ partition: number; high: string; low: string }[]> {
    try {
      return await this.admin.fetchTopicOffsets(topic)
    } catch (error) {
      if (attempts <= 1) throw error
      await wait(250)
      return this.offsets(topic, attempts - 1)
    }
  }

  /**
   * Puts prepared records into a topic, keyed by device as the pipeline does it. `raw`: as devices
   * send them.
   */
  async fill(
    topic: string,
    kind: 'raw' | 'clean',
    records: Range,
    shape: Shape,
    partitions: number
  ): Promise<void> {
    const producer = this.kafka.producer({
      createPartitioner: () => message => message.message.partition ?? 0
    })
    await producer.connect()
    const size = Math.max(
      100,
      Math.min(5_000, Math.floor(1_000_000 / Math.max(shape.payloadBytes, 200)))
    )
    for (let from = records.from; from < records.from + records.count; from += size) {
      const count = Math.min(size, records.from + records.count - from)
      const messages = Array.from({ length: count }, (_, index) =>
        prepared(kind, from + index, records.firstMs, shape, partitions)
      )
      await producer.send({ topic, messages, acks: 1 })
    }
    await producer.disconnect()
  }

  /**
   * Reads the topic to its present end. `sequenceOf` gives the number of a record, or undefined
   * where it does not count.
   */
  async read(
    topic: string,
    range: { from: number; count: number },
    sequenceOf: SequenceOf = sequenceInValue
  ): Promise<Arrivals> {
    const arrivals = new Arrivals(range.from, range.count)
    await this.each(topic, ({ value, timestamp }) => {
      const sequence =
        value === null
          ? undefined
          : sequenceOf(JSON.parse(value.toString()) as Record<string, unknown>)
      if (sequence !== undefined) arrivals.add(sequence, Number(timestamp))
    })
    return arrivals
  }

  private async each(topic: string, take: (message: KafkaMessage) => void): Promise<void> {
    const ends = new Map<number, bigint>()
    for (const { partition, high, low } of await this.offsets(topic)) {
      if (BigInt(high) > BigInt(low)) ends.set(partition, BigInt(high) - 1n)
    }
    if (ends.size === 0) return
    const groupId = `bench-reader-${randomUUID()}`
    const consumer = this.kafka.consumer({ groupId, maxBytesPerPartition: 8 * 1024 * 1024 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      // the last offset of a topic written in transactions is a marker that no batch shows
      let idle = setTimeout(resolve, READ_IDLE_MS)
      const eachBatch = async ({ batch }: EachBatchPayload) => {
        clearTimeout(idle)
        batch.messages.forEach(take)
        if (BigInt(batch.lastOffset()) >= (ends.get(batch.partition) ?? 0n))
          ends.delete(batch.partition)
        if (ends.size === 0) resolve()
        else idle = setTimeout(resolve, READ_IDLE_MS)
      }
      consumer.on('consumer.crash', event => reject(event.payload.error))
      consumer.run({ autoCommit: false, eachBatch }).catch(reject)
    })
    await consumer.disconnect()
    await this.admin.deleteGroups([groupId]).catch(() => {})
  }
}

export type SequenceOf = (record: Record<string, unknown>) => number | undefined

const sequenceInValue: SequenceOf = ({ value }) => Number(value)

const READ_IDLE_MS = 5_000

export interface TopicSetting {
  readonly name: string
  readonly value: string
}

export interface Range {
  readonly from: number
  readonly count: number
  readonly firstMs: number
}

function prepared(
  kind: 'raw' | 'clean',
  sequence: number,
  firstMs: number,
  shape: Shape,
  partitions: number
): Message {
  const device = deviceOf(sequence, shape)
  const key = deviceId(device)
  const text = kind === 'raw' ? payloadOf : cleanPayloadOf
  return {
    key,
    partition: partitionOf(key, partitions),
    value: text(sequence, preparedTime(sequence, firstMs), shape),
    ...(kind === 'raw' ? { headers: { 'mqtt.topic': topicOf(device) } } : {})
  }
}
