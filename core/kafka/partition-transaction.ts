import type { Producer, Transaction } from 'kafkajs'
import { MillraceError, reasonOf } from '../errors.ts'
import { KafkaClient, wait } from './client.ts'
import { type Compression, compressionType } from './compression.ts'
import { protocolErrorOf } from './connect-errors.ts'
import { maxMessageBytesOf } from './idempotent-producer.ts'
import { bytesOf, type ProduceRecord } from './produce-record.ts'
import { PRODUCER, RecordList } from './record-list.ts'
import { acknowledge, refusalOf, refuse, requireAnswers, tooLarge } from './refusals.ts'
import type { ClusterSettings } from './settings.ts'
import type { SharedAdmin } from './shared-admin.ts'
import { partitionOffsets } from './start-offsets.ts'

export interface PartitionTransactionOptions {
  readonly settings: ClusterSettings
  readonly admin: SharedAdmin
  readonly groupId: string
  /** Where the records come from. */
  readonly topic: string
  readonly partition: number
  /** After this long the broker ends a transaction by itself; its own bound is 15 minutes (transaction.max.timeout.ms). */
  readonly timeoutMs: number
}

/** What producers write into while one attempt at a batch is under way. */
export class TransactionScope {
  /** A send that failed: the attempt cannot be saved. */
  failure: unknown
  /** What is written now comes too late: for an attempt that was undone, or for one that was committed. */
  over: 'undone' | 'committed' | undefined
  /** The broker refuses some of the records, and it is not known which. */
  refusesSome = false
  #tail: Promise<void> = Promise.resolve()
  #open = 0
  #sends = 0

  constructor(
    readonly settings: ClusterSettings,
    private readonly client: KafkaClient,
    private readonly transaction: Transaction,
    private readonly limits: Map<string, Promise<number>>,
    /** Each record is sent by itself, to find those that the broker refuses. */
    private readonly oneByOne: boolean
  ) {}

  get isWriting(): boolean {
    return this.#open > 0
  }

  /**
   * Resolves once all replicas have the records and their parcels are told; nobody who reads committed records sees them
   * before the transaction ends. Sends go one after the other. @throws MillraceError if the attempt cannot be saved
   */
  async write(topic: string, compression: Compression, records: readonly ProduceRecord[]): Promise<void> {
    this.#open++
    const written = this.#tail.then(() => this.#write(topic, compression, records))
    this.#tail = written.catch(() => undefined)
    try {
      await written
    } catch (error) {
      this.failure ??= error
      throw this.client.explain(error)
    } finally {
      this.#open--
    }
  }

  async #write(topic: string, compression: Compression, records: readonly ProduceRecord[]): Promise<void> {
    const known = this.limits.get(topic) ?? maxMessageBytesOf(this.client, topic)
    this.limits.set(topic, known)
    const maxBytes = await known.catch(error => {
      this.limits.delete(topic)
      throw error
    })
    const largest = compression === 'none' ? maxBytes : Number.POSITIVE_INFINITY
    const most = this.oneByOne ? 0 : maxBytes - BATCH_HEAD
    for (const batch of batchesOf(records, largest, most)) await this.#send(topic, compression, batch)
  }

  async #send(topic: string, compression: Compression, batch: readonly ProduceRecord[]): Promise<void> {
    for (let rest = batch; rest.length > 0; ) rest = await this.#sendToOneBroker(topic, compression, rest)
  }

  /** Gives the records that go to other brokers. */
  async #sendToOneBroker(topic: string, compression: Compression, batch: readonly ProduceRecord[]): Promise<readonly ProduceRecord[]> {
    if (this.over || this.failure !== undefined) {
      throw new MillraceError('TRANSACTION_OVER', 'The Kafka transaction that the records belong to is over; they are delivered again.')
    }
    const list = new RecordList(batch, this.#sends++, true)
    const messages = list.asMessages()
    try {
      const answers = await this.transaction.send({ topic, acks: -1, compression: compressionType(compression), messages })
      requireAnswers(list.sent, answers)
      acknowledge(list.sent)
      return list.rest
    } catch (error) {
      const refusal = refusalOf(error)
      const [only] = batch
      // Of one record the broker has taken nothing, so the transaction stands. Of several, partitions may have been taken
      // whose sequence numbers kafkajs does not know: all is undone, and the next attempt sends them one by one.
      if (refusal !== undefined && batch.length === 1 && only !== undefined) {
        refuse(only, refusal)
        return []
      }
      if (refusal !== undefined) this.refusesSome = true
      throw error
    }
  }
}

/** By its shape: the source may have loaded this module a second time. */
export const isTransactionScope = (value: unknown): value is TransactionScope =>
  typeof value === 'object' && value !== null && 'write' in value && 'settings' in value

/** Bytes of a record batch's own head, rounded up. */
const BATCH_HEAD = 100
const MAX_BATCH_BYTES = 900_000

/** Cuts records into sends; those that the topic never takes are refused at once. */
function* batchesOf(records: readonly ProduceRecord[], largest: number, most: number): Generator<ProduceRecord[]> {
  const maxBytes = Math.min(MAX_BATCH_BYTES, most)
  let batch: ProduceRecord[] = []
  let total = 0
  for (const record of records) {
    const bytes = sizeOf(record)
    if (bytes === undefined) continue
    if (bytes > largest) {
      refuse(record, { code: 'MESSAGE_TOO_LARGE', message: tooLarge(bytes, largest) })
      continue
    }
    if (batch.length > 0 && total + bytes > maxBytes) {
      yield batch
      batch = []
      total = 0
    }
    batch.push(record)
    total += bytes
  }
  if (batch.length > 0) yield batch
}

/** Undefined if the record was refused for parts that are neither text nor bytes. */
function sizeOf(record: ProduceRecord): number | undefined {
  try {
    return bytesOf(record)
  } catch (error) {
    refuse(record, { code: 'KAFKA_RECORD_REFUSED', message: `The record cannot be written: ${reasonOf(error)}.` })
    return undefined
  }
}

interface Opened {
  readonly client: KafkaClient
  readonly producer: Producer
  /** Negative if the group has committed nothing. */
  committed: bigint
}

/**
 * The batches of one partition, each in a Kafka transaction that holds what producers write of it and the group's offset
 * behind it: both or none, whatever dies. So a batch is in the topics exactly once.
 *
 * The transactional id belongs to the partition and the group. Whoever takes over the partition therefore fences the one
 * before, even if that one does not know yet that it has lost the partition, and then reads how far it had come: no offset
 * is committed by one who has not seen the one before it. (kafkajs cannot send the group's generation, which brokers could
 * fence by instead, KIP-447.)
 */
export class PartitionTransaction {
  #opened: Opened | undefined
  #transaction: Transaction | undefined
  #scope: TransactionScope | undefined
  #committing: Promise<void> = Promise.resolve()
  readonly #limits = new Map<string, Promise<number>>()
  #closed = false

  constructor(
    private readonly options: PartitionTransactionOptions,
    /** Told of each failure; the next attempt may do better. */
    private readonly trouble: (error: MillraceError) => void
  ) {}

  /**
   * Begins an attempt at the records up to `next`, and ends the one before without effect. Undefined if the group has
   * committed `next` already. What lies before `committed` was dealt with by whoever had the partition before.
   * @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words
   */
  async begin(next: bigint): Promise<{ readonly scope: TransactionScope; readonly committed: bigint } | undefined> {
    const oneByOne = this.#scope?.refusesSome ?? false
    await this.#undo()
    try {
      const { client, producer, committed } = await this.#open()
      if (committed >= next) return undefined
      this.#transaction = await producer.transaction()
      this.#scope = new TransactionScope(this.options.settings, client, this.#transaction, this.#limits, oneByOne)
      return { scope: this.#scope, committed }
    } catch (error) {
      throw await this.#failed(error)
    }
  }

  /** The last attempt failed in Kafka, not in the flow. */
  get broken(): boolean {
    return this.#scope?.failure !== undefined
  }

  /** Commits what was written, and `next` as the group's offset. Rejects if that did not happen, or it is not known. */
  async commit(next: bigint): Promise<void> {
    const committing = this.#commit(next)
    this.#committing = committing.catch(() => undefined)
    return committing
  }

  async #commit(next: bigint): Promise<void> {
    const { groupId, topic, partition } = this.options
    const [opened, transaction, scope] = [this.#opened, this.#transaction, this.#scope]
    try {
      if (opened === undefined || transaction === undefined || scope === undefined || scope.failure !== undefined || scope.isWriting) {
        throw new MillraceError('TRANSACTION_OVER', 'The Kafka transaction is over; the batch is delivered again.')
      }
      scope.over = 'undone'
      this.#transaction = undefined
      const topics = [{ topic, partitions: [{ partition, offset: String(next) }] }]
      await patiently(() => transaction.sendOffsets({ consumerGroupId: groupId, topics }))
      await transaction.commit()
      scope.over = 'committed'
      opened.committed = next
    } catch (error) {
      throw await this.#failed(error)
    }
  }

  /** Leaves the partition to others. What is under way is undone by whoever takes over, or by the broker in time. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.race([this.#committing.then(() => this.#undo()), wait(CLOSE_GRACE_MS)])
    await this.#discard()
  }

  async #undo(): Promise<void> {
    const [transaction, scope] = [this.#transaction, this.#scope]
    this.#transaction = undefined
    if (transaction === undefined || scope === undefined) return
    scope.over = 'undone'
    // What a send that is still under way does is not known: the broker aborts the transaction when the id is taken on anew.
    if (scope.failure !== undefined || scope.isWriting) return this.#discard()
    await transaction.abort().catch(() => this.#discard())
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened
    const { settings, admin, groupId, topic, partition, timeoutMs } = this.options
    if (this.#closed) throw new MillraceError('CLOSED', 'The node was stopped.')
    const client = new KafkaClient(settings, {}, { retry: TRANSACTION_RETRY })
    const producer = client.kafka.producer({
      ...PRODUCER,
      transactionalId: `millrace-${groupId}-${topic}-${partition}`,
      transactionTimeout: Math.min(timeoutMs, MAX_TIMEOUT_MS),
      retry: TRANSACTION_RETRY
    })
    const opened: Opened = { client, producer, committed: -1n }
    this.#opened = opened
    await producer.connect()
    // kafkajs takes on the id with the first transaction. From here on nobody else commits under it, so what is read is final.
    await (await producer.transaction()).abort()
    const [found] = await admin.ask(asked => partitionOffsets(asked, groupId, [{ topic, partitions: [partition] }]))
    opened.committed = found?.committed ?? -1n
    return opened
  }

  /** Every error ends the producer: what kafkajs knows of the transaction may be wrong. */
  async #failed(error: unknown): Promise<MillraceError> {
    const explained = this.#opened?.client.explain(error) ?? new MillraceError('KAFKA_CONNECT_FAILED', reasonOf(error), { cause: error })
    this.#transaction = undefined
    if (this.#scope) this.#scope.over = 'undone'
    await this.#discard()
    if (!this.#closed) this.trouble(explained)
    return explained
  }

  async #discard(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.client.close(() => opened.producer.disconnect(), 0)
  }
}

/**
 * A transaction that begins with offsets, because nothing was written, may come before the broker has ended the one before
 * (CONCURRENT_TRANSACTIONS); kafkajs tries that again for what is written, and not for offsets.
 */
async function patiently(act: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (protocolErrorOf(error) !== 'CONCURRENT_TRANSACTIONS' || attempt === MOST_ATTEMPTS) throw error
      await wait(20)
    }
  }
}

const MOST_ATTEMPTS = 50

/** Transactions back to back meet CONCURRENT_TRANSACTIONS, and kafkajs waits 300 ms by default before it tries again. */
export const TRANSACTION_RETRY = { initialRetryTime: 10, maxRetryTime: 1000, retries: 15 } as const
const MAX_TIMEOUT_MS = 900_000
const CLOSE_GRACE_MS = 1_000
