import type { Producer } from 'kafkajs'
import { MillraceError } from '../../errors.ts'
import { type ClientEvents, KafkaClient, RETRY } from '../kafkajs/client.ts'
import { type Compression, compressionType } from '../kafkajs/compression.ts'
import { protocolErrorOf } from '../kafkajs/connect-errors.ts'
import { PRODUCER, RecordList } from '../kafkajs/record-list.ts'
import type { ClusterSettings } from '../settings.ts'
import type { ProduceRecord } from './produce-record.ts'
import { requireAnswers } from './refusals.ts'

export interface ProducerOptions {
  readonly settings: ClusterSettings
  readonly topic: string
  readonly compression: Compression
  readonly events?: ClientEvents
}

/** Kafka's own default of `max.message.bytes`. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588

/**
 * A kafkajs producer that is safe as long as its user sends one batch at a time and discards it after every rejection:
 * kafkajs 2.2.4 reuses a sequence number after an error, and the broker then takes new records for duplicates.
 */
export class IdempotentProducer {
  private constructor(
    private readonly options: ProducerOptions,
    private readonly client: KafkaClient,
    private readonly producer: Producer,
    /** The largest record batch that the topic takes. */
    readonly maxMessageBytes: number
  ) {}

  /** @throws MillraceError KAFKA_TOPIC_MISSING, or KAFKA_CONNECT_FAILED with the reason in words */
  static async open(options: ProducerOptions): Promise<IdempotentProducer> {
    const client = new KafkaClient(options.settings, options.events)
    const producer = client.kafka.producer({ ...PRODUCER, retry: RETRY })
    try {
      const maxMessageBytes = await maxMessageBytesOf(client, options.topic)
      await producer.connect()
      return new IdempotentProducer(options, client, producer, maxMessageBytes)
    } catch (error) {
      const explained = client.explain(error)
      await client.close(() => producer.disconnect(), 0)
      throw explained
    }
  }

  get maxRecordBytes(): number {
    return this.options.compression === 'none' ? this.maxMessageBytes : Number.POSITIVE_INFINITY
  }

  /**
   * Resolves once all replicas have the records. After a rejection nothing may be sent with this producer any more.
   * Records without a key all go to the partition that `keyless` names by its remainder.
   */
  async send(records: readonly ProduceRecord[], keyless: number): Promise<void> {
    const { topic, compression } = this.options
    const messages = new RecordList(records, keyless).asMessages()
    const answers = await this.producer.send({ topic, acks: -1, compression: compressionType(compression), messages })
    requireAnswers(records, answers)
  }

  explain(error: unknown): MillraceError {
    return this.client.explain(error)
  }

  async close(graceMs = 1_000): Promise<void> {
    await this.client.close(() => this.producer.disconnect(), graceMs)
  }
}

/** Asks for the topic's own limit. Also tells at once that the topic is missing, which a send finds after half a minute. */
export async function maxMessageBytesOf(client: KafkaClient, topic: string): Promise<number> {
  const admin = client.kafka.admin({ retry: { retries: 0 } })
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
      throw new MillraceError('KAFKA_TOPIC_MISSING', `The topic "${topic}" does not exist. Create it, and the records that wait are sent.`)
    }
    // The right to read a topic's settings is another than the right to write to it.
    if (type?.endsWith('AUTHORIZATION_FAILED')) return DEFAULT_MAX_MESSAGE_BYTES
    throw error
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
