import { pause } from '../../backoff.ts'
import { MillraceError, reasonOf } from '../../errors.ts'
import type { SharedAdmin } from '../admin/shared-admin.ts'
import type { KafkaClient, Transaction, TransactionalProducer } from '../port.ts'
import { TransactionScope } from '../produce/transaction-scope.ts'
import { partitionOffsets } from './start-offsets.ts'

export interface PartitionTransactionOptions {
  readonly client: KafkaClient
  readonly admin: SharedAdmin
  readonly groupId: string
  /** Where the records come from. */
  readonly topic: string
  readonly partition: number
  /**
   * After this long the broker ends a transaction by itself; its own bound is 15 minutes
   * (transaction.max.timeout.ms).
   */
  readonly timeoutMs: number
}

interface Opened {
  readonly producer: TransactionalProducer
  /** Negative if the group has committed nothing. */
  committed: bigint
}

/**
 * The batches of one partition, each in a Kafka transaction that holds what producers write of it
 * and the group's offset behind it: both or none, whatever dies. So a batch is in the topics
 * exactly once.
 *
 * The transactional id belongs to the partition and the group. Whoever takes over the partition
 * therefore fences the one before, even if that one does not know yet that it has lost the
 * partition, and then reads how far it had come: no offset is committed by one who has not seen the
 * one before it. (The group's generation, which brokers could fence by instead (KIP-447), is not
 * something that every client can send.)
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
   * Begins an attempt at the records up to `next`, and ends the one before without effect.
   * Undefined if the group has committed `next` already. What lies before `committed` was dealt
   * with by whoever had the partition before.
   * @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words
   */
  async begin(
    next: bigint
  ): Promise<{ readonly scope: TransactionScope; readonly committed: bigint } | undefined> {
    const oneByOne = this.#scope?.refusesSome ?? false
    await this.#undo()
    try {
      const { producer, committed } = await this.#open()
      if (committed >= next) return undefined
      this.#transaction = await producer.begin()
      this.#scope = this.#scopeOf(producer, this.#transaction, oneByOne)
      return { scope: this.#scope, committed }
    } catch (error) {
      throw await this.#failed(error)
    }
  }

  #scopeOf(
    producer: TransactionalProducer,
    transaction: Transaction,
    oneByOne: boolean
  ): TransactionScope {
    const { client } = this.options
    const limits = this.#limits
    return new TransactionScope({
      settings: client.settings,
      producer,
      transaction,
      limits,
      oneByOne
    })
  }

  /** The last attempt failed in Kafka, not in the flow. */
  get broken(): boolean {
    return this.#scope?.failure !== undefined
  }

  /**
   * Commits what was written, and `next` as the group's offset. Rejects if that did not happen, or
   * it is not known.
   */
  async commit(next: bigint): Promise<void> {
    const committing = this.#commit(next)
    this.#committing = committing.catch(() => undefined)
    return committing
  }

  async #commit(next: bigint): Promise<void> {
    const { groupId, topic, partition } = this.options
    const [opened, transaction, scope] = [this.#opened, this.#transaction, this.#scope]
    try {
      if (
        opened === undefined ||
        transaction === undefined ||
        scope === undefined ||
        scope.failure !== undefined ||
        scope.isWriting
      ) {
        throw new MillraceError(
          'TRANSACTION_OVER',
          'The Kafka transaction is over; the batch is delivered again.'
        )
      }
      scope.over = 'undone'
      this.#transaction = undefined
      await transaction.sendOffset(groupId, { topic, partition, offset: next })
      await transaction.commit()
      scope.over = 'committed'
      opened.committed = next
    } catch (error) {
      throw await this.#failed(error)
    }
  }

  /**
   * Leaves the partition to others. What is under way is undone by whoever takes over, or by the
   * broker in time.
   */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.race([
      this.#committing.then(() => this.#undo()),
      pause(CLOSE_GRACE_MS, { unref: true })
    ])
    await this.#discard()
  }

  async #undo(): Promise<void> {
    const [transaction, scope] = [this.#transaction, this.#scope]
    this.#transaction = undefined
    if (transaction === undefined || scope === undefined) return
    scope.over = 'undone'
    // What a send that is still under way does is not known: the broker aborts the transaction when
    // the id is taken on anew.
    if (scope.failure !== undefined || scope.isWriting) return this.#discard()
    await transaction.abort().catch(() => this.#discard())
  }

  async #open(): Promise<Opened> {
    if (this.#opened !== undefined) return this.#opened
    const { client, admin, groupId, topic, partition, timeoutMs } = this.options
    if (this.#closed) throw new MillraceError('CLOSED', 'The node was stopped.')
    const producer = client.transactional({
      transactionalId: `millrace-${groupId}-${topic}-${partition}`,
      timeoutMs: Math.min(timeoutMs, MAX_TIMEOUT_MS)
    })
    const opened: Opened = { producer, committed: -1n }
    this.#opened = opened
    // From here on nobody else commits under the id, so what is read is final.
    await producer.connect()
    const [found] = await admin.ask(asked =>
      partitionOffsets(asked, groupId, [{ topic, partitions: [partition] }])
    )
    opened.committed = found?.committed ?? -1n
    return opened
  }

  /** Every error ends the producer: what the client knows of the transaction may be wrong. */
  async #failed(error: unknown): Promise<MillraceError> {
    const explained =
      error instanceof MillraceError
        ? error
        : new MillraceError('KAFKA_CONNECT_FAILED', reasonOf(error), { cause: error })
    this.#transaction = undefined
    if (this.#scope) this.#scope.over = 'undone'
    await this.#discard()
    if (!this.#closed) this.trouble(explained)
    return explained
  }

  async #discard(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.producer.close(0)
  }
}

const MAX_TIMEOUT_MS = 900_000
const CLOSE_GRACE_MS = 1_000
