import type { EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { KafkaClient } from '../../core/kafka/kafkajs/client.ts'

export interface End {
  readonly partition: number
  /** The first offset that is still there, and the first that is not part of it any more. */
  readonly low: string
  readonly high: string
}

export interface ReadOptions {
  readonly topic: string
  /** Where reading stops, as it was when the caller asked. */
  readonly ends: readonly End[]
  /** Gets the messages of a batch that lie before the end. `beat` must be called now and then when it takes long. */
  readonly each: (partition: number, messages: readonly KafkaMessage[], beat: () => Promise<void>) => Promise<void>
}

/**
 * Reads a topic from its beginning to where it ended, as a consumer group that exists only meanwhile and commits nothing.
 * kafkajs has no consumer without a group. Rejects with the first error of `each` or of the consumer.
 */
export async function readToEnd(client: KafkaClient, { topic, ends, each }: ReadOptions): Promise<void> {
  const open = new Map(ends.filter(({ low, high }) => BigInt(high) > BigInt(low)).map(({ partition, high }) => [partition, BigInt(high)]))
  if (open.size === 0) return
  const groupId = `millrace-replay-reader-${process.pid}-${Date.now()}-${Math.round(Math.random() * 1e9)}`
  const consumer = client.kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 200,
    retry: { restartOnFailure: async () => false }
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      let failed = false
      const refuse = (error: unknown) => {
        failed = true
        reject(error)
      }
      const take = async ({ batch, heartbeat }: EachBatchPayload) => {
        const end = open.get(batch.partition)
        // kafkajs goes on with the next partition; a producer that was fenced would begin a new epoch and send doubles.
        if (end === undefined || failed) return
        const before = batch.messages.filter(({ offset }) => BigInt(offset) < end)
        // An error must not leave eachBatch: kafkajs would run the batch again.
        if (before.length > 0) await each(batch.partition, before, heartbeat).catch(refuse)
      }
      consumer.on('consumer.crash', ({ payload }) => refuse(payload.error))
      // Also told for batches of nothing but transaction markers, which never reach eachBatch.
      consumer.on('consumer.end_batch_process', ({ payload }) => {
        if (BigInt(payload.lastOffset) >= (open.get(payload.partition) ?? 0n) - 1n) open.delete(payload.partition)
        if (open.size === 0) resolve()
      })
      consumer.run({ autoCommit: false, eachBatch: take }).catch(refuse)
    })
  } finally {
    await consumer.disconnect()
    await forget(client, groupId)
  }
}

/** An empty group would stay in the list of groups for a week. */
async function forget(client: KafkaClient, groupId: string): Promise<void> {
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    await admin.deleteGroups([groupId])
  } catch {
    // It vanishes by itself.
  } finally {
    await admin.disconnect()
  }
}
