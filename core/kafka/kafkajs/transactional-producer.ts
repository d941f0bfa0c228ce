import type { Transaction as KafkajsTransaction, Producer } from 'kafkajs'
import { pause } from '../../backoff.ts'
import type { Compression } from '../compression.ts'
import type {
  PartitionOffset,
  Sent,
  Transaction,
  TransactionalOptions,
  TransactionalProducer
} from '../port.ts'
import type { ProduceRecord } from '../produce/produce-record.ts'
import type { ClusterSettings } from '../settings.ts'
import { compressionType } from './compression.ts'
import { protocolErrorOf } from './connect-errors.ts'
import { maxMessageBytesOf, requireAnswers } from './idempotent-producer.ts'
import { KafkajsInstance } from './instance.ts'
import { PRODUCER, RecordList } from './record-list.ts'

/**
 * Transactions back to back meet CONCURRENT_TRANSACTIONS, and kafkajs waits 300 ms by default
 * before it tries again.
 */
const TRANSACTION_RETRY = { initialRetryTime: 10, maxRetryTime: 1000, retries: 15 } as const

export class TransactionalProducerOfKafkajs implements TransactionalProducer {
  readonly #instance: KafkajsInstance
  readonly #producer: Producer

  constructor(settings: ClusterSettings, { transactionalId, timeoutMs }: TransactionalOptions) {
    this.#instance = new KafkajsInstance(settings, {}, { retry: TRANSACTION_RETRY })
    this.#producer = this.#instance.kafka.producer({
      ...PRODUCER,
      transactionalId,
      ...(timeoutMs === undefined ? {} : { transactionTimeout: timeoutMs }),
      retry: TRANSACTION_RETRY
    })
  }

  async connect(): Promise<void> {
    await this.#instance.inWords(this.#producer.connect())
    // kafkajs takes on the id with the first transaction, not when it connects.
    await this.#instance.inWords(this.#producer.transaction().then(first => first.abort()))
  }

  async begin(): Promise<Transaction> {
    const transaction = await this.#instance.inWords(this.#producer.transaction())
    return new TransactionOfKafkajs(this.#instance, transaction)
  }

  maxMessageBytes(topic: string): Promise<number> {
    return this.#instance.inWords(maxMessageBytesOf(this.#instance, topic))
  }

  async close(graceMs = 1_000): Promise<void> {
    await this.#instance.close(() => this.#producer.disconnect(), graceMs)
  }
}

class TransactionOfKafkajs implements Transaction {
  constructor(
    private readonly instance: KafkajsInstance,
    private readonly transaction: KafkajsTransaction
  ) {}

  /** To one broker at a time: see RecordList. */
  async send(
    topic: string,
    compression: Compression,
    records: readonly ProduceRecord[],
    keyless: number
  ): Promise<Sent> {
    const list = new RecordList(records, keyless, true)
    const messages = list.asMessages()
    try {
      const type = compressionType(compression)
      const answers = await this.transaction.send({ topic, acks: -1, compression: type, messages })
      requireAnswers(list.sent, answers)
      return list
    } catch (error) {
      throw this.instance.explain(error)
    }
  }

  sendOffset(
    consumerGroupId: string,
    { topic, partition, offset }: PartitionOffset
  ): Promise<void> {
    const topics = [{ topic, partitions: [{ partition, offset: String(offset) }] }]
    return this.instance.inWords(
      patiently(() => this.transaction.sendOffsets({ consumerGroupId, topics }))
    )
  }

  commit(): Promise<void> {
    return this.instance.inWords(this.transaction.commit())
  }

  abort(): Promise<void> {
    return this.instance.inWords(this.transaction.abort())
  }
}

/**
 * A transaction that begins with offsets, because nothing was written, may come before the broker
 * has ended the one before (CONCURRENT_TRANSACTIONS); kafkajs tries that again for what is written,
 * and not for offsets.
 */
async function patiently(act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (protocolErrorOf(error) !== 'CONCURRENT_TRANSACTIONS' || attempt === MOST_ATTEMPTS)
        throw error
      await pause(20, { unref: true })
    }
  }
}

const MOST_ATTEMPTS = 50
