/**
 * What the tests of the Kafka port share: topics of their own, records that tell their fate,
 * readers.
 */
import { randomUUID } from 'node:crypto'
import type { Admin, Producer } from 'kafkajs'
import kafkajs from 'kafkajs'
import { hashOf } from '../../../core/kafka/produce/murmur2.ts'
import {
  NO_KEY,
  type ProduceCallback,
  type ProduceHeaders,
  ProduceRecord
} from '../../../core/kafka/produce/produce-record.ts'
import type { Reason } from '../../../core/record/record.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

const { Kafka, logLevel } = kafkajs

export interface Rig {
  readonly brokers: string
  readonly admin: Admin
  /** kafkajs' own idempotent producer, for what the tests feed in. */
  readonly feed: Producer
  /** A new topic. */
  topic(partitions: number, config?: Record<string, string>): Promise<string>
  /**
   * Deletes a topic that holds records and makes it anew. Resolves when the broker has taken that
   * in: until then it takes records for the one that was deleted.
   */
  anew(topic: string, partitions: number): Promise<void>
  /** Deletes the records of partition 0 that lie before an offset, as retention does. */
  deleteBefore(topic: string, offset: number): Promise<void>
  /**
   * Commits for partition 0, as a member that leaves again. (kafkajs' own setOffsets takes 5 s.)
   */
  commit(groupId: string, topic: string, offset: number): Promise<void>
  /** What the group has committed, by partition. */
  committed(groupId: string, topic: string): Promise<Record<number, number>>
  transaction(
    work: (transaction: Awaited<ReturnType<Producer['transaction']>>) => Promise<void>
  ): Promise<void>
  close(): Promise<void>
}

/** With the Kafka of the tests, unless it is given another. */
export async function kafkaRig(given?: string): Promise<Rig> {
  const brokers = given ?? (await services('kafka')).kafka.brokers
  const kafka = new Kafka({
    clientId: 'millrace-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING
  })
  const admin = kafka.admin()
  const feed = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await Promise.all([admin.connect(), feed.connect()])
  return {
    brokers,
    admin,
    feed,
    async topic(partitions, config = {}) {
      const topic = `t-${randomUUID()}`
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
      await admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: partitions, configEntries }]
      })
      return topic
    },
    async anew(topic, partitions) {
      await admin.deleteTopics({ topics: [topic] })
      // Not waitForLeaders: where that gives up, the topic is there and is not made again.
      const made = () =>
        admin.createTopics({
          waitForLeaders: false,
          topics: [{ topic, numPartitions: partitions }]
        })
      await until('the topic', () => made().catch(() => false), 20_000, 200)
      const isEmpty = async () =>
        (await admin.fetchTopicOffsets(topic)).every(({ high }) => high === '0')
      await until('the new one to be there', isEmpty, 20_000, 50)
    },
    async deleteBefore(topic, offset) {
      // kafkajs finds the leader only in what it has asked for before.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({
        topic,
        partitions: [{ partition: 0, offset: String(offset) }]
      })
    },
    async commit(groupId, topic, offset) {
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic] })
      const joined = new Promise(resolve => consumer.on('consumer.group_join', resolve))
      await consumer.run({ autoCommit: false, eachBatch: async () => undefined })
      await joined
      consumer.pause([{ topic }])
      await consumer.commitOffsets([{ topic, partition: 0, offset: String(offset) }])
      await consumer.disconnect()
    },
    async committed(groupId, topic) {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
      return Object.fromEntries(
        (found?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)])
      )
    },
    async transaction(work) {
      const producer = kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        transactionalId: `x-${randomUUID()}`
      })
      await producer.connect()
      const transaction = await producer.transaction()
      await work(transaction)
      if (transaction.isActive()) await transaction.commit()
      await producer.disconnect()
    },
    async close() {
      await Promise.all([admin.disconnect(), feed.disconnect()])
    }
  }
}

/** Records of one message; resolves when all are acknowledged or refused. */
export class TestCallback implements ProduceCallback {
  open: number
  readonly refusals: { index: number; reason: Reason }[] = []
  readonly settled: Promise<void>
  #settle: () => void = () => undefined

  constructor(
    readonly values: readonly {
      key?: string | null
      value: string | null
      headers?: ProduceHeaders
    }[]
  ) {
    this.open = values.length
    this.settled = new Promise(resolve => {
      this.#settle = resolve
    })
  }
  get records(): ProduceRecord[] {
    return this.values.map(({ key = null, value, headers }, index) => {
      return new ProduceRecord(
        key,
        value,
        headers,
        undefined,
        key === null ? NO_KEY : hashOf(key),
        this,
        index
      )
    })
  }
  refused({ index }: ProduceRecord, reason: Reason): void {
    this.refusals.push({ index, reason })
  }
  finished(): void {
    this.#settle()
  }
}
