import { setTimeout as wait } from 'node:timers/promises'
import type { Admin, KafkaMessage, Message, Producer, TopicMessages } from 'kafkajs'
import { MillraceError } from '../../core/errors.ts'
import { KafkaClient } from '../../core/kafka/client.ts'
import { createTopics } from '../../core/kafka/create-topics.ts'
import { murmur2 } from '../../core/kafka/murmur2.ts'
import type { ClusterSettings } from '../../core/kafka/settings.ts'
import { type DeadLetter, type Filter, Ledger, matches, originalOf, Pace, type Progress } from './logic.ts'
import { type End, readToEnd } from './read-to-end.ts'

export interface ReplayOptions {
  readonly settings: ClusterSettings
  readonly topic: string
  readonly ledgerTopic: string
  readonly ingestTopic: string
  readonly perSecond: number
  readonly filter: Filter
  readonly onProgress: (progress: Progress) => void
}

/**
 * One pass over a dead-letter topic. What is sent and the note that it was sent are one Kafka transaction, under an id that
 * belongs to the topic: a replay that died leaves neither, and a second one at the same time fences the first.
 */
export class Replay {
  readonly #client: KafkaClient
  readonly #progress: Progress = { replayed: 0, alreadyReplayed: 0, others: 0, remaining: 0 }
  readonly #ledger = new Ledger()
  readonly #partitions = new Map<string, number>()
  #stopped = false

  constructor(private readonly options: ReplayOptions) {
    // A person waits for the answer: not half a minute of retries, as where records wait for the broker.
    this.#client = new KafkaClient(options.settings, {}, { retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } })
  }

  /** Ends after the batch that is under way. */
  stop(): void {
    this.#stopped = true
  }

  /** Resolves with what was done when the end is reached or it was stopped. @throws MillraceError with the reason in words */
  async run(): Promise<Progress> {
    const { topic, ledgerTopic } = this.options
    const admin = this.#client.kafka.admin()
    const producer = this.#client.kafka.producer({
      transactionalId: `millrace-replay-${topic}`,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Back to back transactions meet CONCURRENT_TRANSACTIONS, and kafkajs waits 300 ms by default before it tries again.
      retry: { initialRetryTime: 10, maxRetryTime: 1000, retries: 15 }
    })
    try {
      await admin.connect()
      await ensureLedger(admin, ledgerTopic)
      await producer.connect()
      // kafkajs takes on the transactional id at the first transaction, not when it connects. That fences whoever replays
      // this topic and ends its transaction: the ledger read after that is complete.
      await (await producer.transaction()).abort()
      await readToEnd(this.#client, { topic: ledgerTopic, ends: await admin.fetchTopicOffsets(ledgerTopic), each: this.#readLedger })
      const ends = await admin.fetchTopicOffsets(topic)
      this.#progress.remaining = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
      await this.#replay(admin, producer, ends)
      return this.#progress
    } catch (error) {
      if (error instanceof Stopped) return this.#progress
      throw this.#client.explain(error)
    } finally {
      await this.#client.close(() => Promise.all([producer.disconnect(), admin.disconnect()]))
    }
  }

  readonly #readLedger = async (_partition: number, messages: readonly KafkaMessage[]): Promise<void> => {
    for (const { key } of messages) if (key !== null) this.#ledger.read(key.toString())
  }

  async #replay(admin: Admin, producer: Producer, ends: readonly End[]): Promise<void> {
    const pace = new Pace(this.options.perSecond, performance.now())
    const each = async (partition: number, messages: readonly KafkaMessage[], beat: () => Promise<void>) => {
      const chosen = messages.map(message => letterOf(partition, message)).filter(letter => this.#choose(letter))
      for (let start = 0; start < chosen.length; start += pace.batchSize) {
        const letters = chosen.slice(start, start + pace.batchSize)
        await this.#pause(pace.waitMs(letters.length, performance.now()), beat)
        await this.#send(admin, producer, letters)
      }
      this.#progress.remaining = Math.max(0, this.#progress.remaining - messages.length)
      this.options.onProgress(this.#progress)
      if (this.#stopped) throw new Stopped()
      await beat()
    }
    await readToEnd(this.#client, { topic: this.options.topic, ends, each })
    this.#progress.remaining = 0
  }

  #choose(letter: DeadLetter): boolean {
    if (!matches(letter, this.options.filter)) this.#progress.others++
    else if (this.#ledger.has(letter)) this.#progress.alreadyReplayed++
    else return true
    return false
  }

  async #pause(totalMs: number, beat: () => Promise<void>): Promise<void> {
    for (let leftMs = totalMs; leftMs > 0; leftMs -= 1000) {
      if (this.#stopped) throw new Stopped()
      await wait(Math.min(1000, leftMs))
      await beat()
    }
  }

  /** The originals and their notes, all or none. */
  async #send(admin: Admin, producer: Producer, letters: readonly DeadLetter[]): Promise<void> {
    const { ledgerTopic, ingestTopic } = this.options
    const byTopic = new Map<string, Message[]>()
    for (const letter of letters) {
      const { topic, ...message } = originalOf(letter, ingestTopic)
      const partition = partitionFor(letter, await this.#partitionsOf(admin, topic))
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), { ...message, partition }])
    }
    const notes: TopicMessages = {
      topic: ledgerTopic,
      messages: letters.map(letter => ({ key: Ledger.key(letter), value: '', partition: 0 }))
    }
    const transaction = await producer.transaction()
    try {
      await transaction.sendBatch({ acks: -1, topicMessages: [...[...byTopic].map(([topic, messages]) => ({ topic, messages })), notes] })
      await transaction.commit()
    } catch (error) {
      await transaction.abort().catch(() => undefined)
      throw error
    }
    for (const letter of letters) this.#ledger.note(letter)
    this.#progress.replayed += letters.length
    this.options.onProgress(this.#progress)
  }

  async #partitionsOf(admin: Admin, topic: string): Promise<number> {
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const count = topics[0]?.partitions.length ?? 0
    if (count === 0) throw new MillraceError('KAFKA_TOPIC_MISSING', `The topic "${topic}", which a dead letter came from, does not exist.`)
    this.#partitions.set(topic, count)
    return count
  }
}

/** Not an error: how a replay that was stopped leaves the reader. */
class Stopped extends Error {}

const letterOf = (partition: number, { offset, timestamp, key, value, headers }: KafkaMessage): DeadLetter => ({
  partition,
  offset,
  timestamp,
  key,
  value,
  headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, Array.isArray(text) ? text[0] : text]))
})

/** The partition of the key, as Kafka's own clients choose it; without a key they are spread. */
const partitionFor = ({ key, offset }: DeadLetter, partitions: number): number =>
  key === null ? Number(BigInt(offset) % BigInt(partitions)) : (murmur2(key) & 0x7fffffff) % partitions

async function ensureLedger(admin: Admin, topic: string): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return
  await createTopics(admin, [{ topic, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }])
}
