import type { Producer as KafkajsProducer } from 'kafkajs'
import type { MillraceError } from '../../errors.ts'
import { answerOf, KafkaError, type Producer, type ProducerOptions } from '../port.ts'
import type { ProduceRecord } from '../produce/produce-record.ts'
import type { ClusterSettings } from '../settings.ts'
import { compressionType } from './compression.ts'
import { protocolErrorOf } from './connect-errors.ts'
import { KafkajsInstance, RETRY } from './instance.ts'
import { PRODUCER, RecordList } from './record-list.ts'
import { settleBeforeRetry } from './settled-sends.ts'

/** Kafka's own default of `max.message.bytes`. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588

/**
 * A kafkajs producer that is safe as long as its user sends one batch at a time and discards it
 * after every rejection: kafkajs 2.2.4 reuses a sequence number after an error, and the broker then
 * takes new records for duplicates.
 */
export class IdempotentProducer implements Producer {
  private constructor(
    private readonly options: ProducerOptions,
    private readonly instance: KafkajsInstance,
    private readonly producer: KafkajsProducer,
    /** The largest record batch that the topic takes. */
    readonly maxMessageBytes: number
  ) {}

  /** @throws MillraceError KAFKA_TOPIC_MISSING, or KAFKA_CONNECT_FAILED with the reason in words */
  static async open(
    settings: ClusterSettings,
    options: ProducerOptions
  ): Promise<IdempotentProducer> {
    const instance = new KafkajsInstance(settings, options)
    settleBeforeRetry(instance.kafka)
    const producer = instance.kafka.producer({ ...PRODUCER, retry: RETRY })
    try {
      const maxMessageBytes = await maxMessageBytesOf(instance, options.topic)
      await producer.connect()
      return new IdempotentProducer(options, instance, producer, maxMessageBytes)
    } catch (error) {
      const explained = orNoRight(instance.explain(error), options.topic)
      await instance.close(() => producer.disconnect(), 0)
      throw explained
    }
  }

  get maxRecordBytes(): number {
    return this.options.compression === 'none' ? this.maxMessageBytes : Number.POSITIVE_INFINITY
  }

  /**
   * Resolves once all replicas have the records. After a rejection nothing may be sent with this
   * producer any more. Records without a key all go to the partition that `keyless` names by its
   * remainder.
   */
  async send(records: readonly ProduceRecord[], keyless: number): Promise<void> {
    const { topic, compression } = this.options
    const messages = new RecordList(records, keyless).asMessages()
    try {
      const type = compressionType(compression)
      const answers = await this.producer.send({ topic, acks: -1, compression: type, messages })
      requireAnswers(records, answers)
    } catch (error) {
      throw this.instance.explain(error)
    }
  }

  async close(graceMs = 1_000): Promise<void> {
    await this.instance.close(() => this.producer.disconnect(), graceMs)
  }
}

/**
 * A broker that gives no id to a producer says that it lacks a right on the cluster. Since Kafka
 * 3.0 (KIP-679) it is that it may write to no topic at all.
 */
function orNoRight(error: MillraceError, topic: string): MillraceError {
  const answer = answerOf(error)
  if (answer !== 'CLUSTER_AUTHORIZATION_FAILED') return error
  const sentence = `This user may not write to "${topic}", nor to any other topic (${answer}). Give it the right WRITE; before Kafka 3.0 also IDEMPOTENT_WRITE on the cluster.`
  return new KafkaError('KAFKA_CONNECT_FAILED', sentence, answer, { cause: error })
}

/**
 * Asks for the topic's own limit. Also tells at once that the topic is missing, which a send finds
 * after half a minute.
 */
export async function maxMessageBytesOf(
  { kafka }: KafkajsInstance,
  topic: string
): Promise<number> {
  const admin = kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: ['max.message.bytes'] }]
    })
    return Number(resources[0]?.configEntries[0]?.configValue) || DEFAULT_MAX_MESSAGE_BYTES
  } catch (error) {
    const type = protocolErrorOf(error)
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
      const sentence = `The topic "${topic}" does not exist. Create it, and the records that wait are sent.`
      throw new KafkaError('KAFKA_TOPIC_MISSING', sentence, type, { cause: error })
    }
    // The right to read a topic's settings is another than the right to write to it.
    if (type?.endsWith('AUTHORIZATION_FAILED')) return DEFAULT_MAX_MESSAGE_BYTES
    throw error
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/**
 * kafkajs asks only those brokers again that have not answered: a partition that moved meanwhile to
 * one that had is never sent, and nobody is told. @throws Error if a partition of these records was
 * not answered for
 */
export function requireAnswers(
  batch: readonly ProduceRecord[],
  answers: readonly { readonly partition: number }[]
): void {
  const answered = new Set(answers.map(({ partition }) => partition))
  const missing = batch.find(({ partition }) => !answered.has(partition))
  if (missing)
    throw new Error(`Partition ${missing.partition} moved to another broker during the send`)
}
