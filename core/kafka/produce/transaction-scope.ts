import { MillraceError, reasonOf } from '../../errors.ts'
import type { Compression } from '../compression.ts'
import type { Transaction, TransactionalProducer } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { bytesOf, type ProduceRecord } from './produce-record.ts'
import { acknowledge, refusalOf, refuse, tooLarge } from './refusals.ts'

export interface ScopeOptions {
  readonly settings: ClusterSettings
  readonly producer: TransactionalProducer
  readonly transaction: Transaction
  /** The largest record batch that each topic takes, as far as it was asked. */
  readonly limits: Map<string, Promise<number>>
  /** Each record is sent by itself, to find those that the broker refuses. */
  readonly oneByOne: boolean
}

/** What producers write into while one attempt at a batch is under way. */
export class TransactionScope {
  /** A send that failed: the attempt cannot be saved. */
  failure: unknown
  /**
   * What is written now comes too late: for an attempt that was undone, or for one that was
   * committed.
   */
  over: 'undone' | 'committed' | undefined
  /** The broker refuses some of the records, and it is not known which. */
  refusesSome = false
  #tail: Promise<void> = Promise.resolve()
  #open = 0
  #sends = 0

  constructor(private readonly options: ScopeOptions) {}

  get settings(): ClusterSettings {
    return this.options.settings
  }
  get isWriting(): boolean {
    return this.#open > 0
  }

  /**
   * Resolves once all replicas have the records and their callbacks are told; nobody who reads
   * committed records sees them before the transaction ends. Sends go one after the other. @throws
   * MillraceError if the attempt cannot be saved
   */
  async write(
    topic: string,
    compression: Compression,
    records: readonly ProduceRecord[]
  ): Promise<void> {
    this.#open++
    const written = this.#tail.then(() => this.#write(topic, compression, records))
    this.#tail = written.catch(() => undefined)
    try {
      await written
    } catch (error) {
      this.failure ??= error
      throw error
    } finally {
      this.#open--
    }
  }

  async #write(
    topic: string,
    compression: Compression,
    records: readonly ProduceRecord[]
  ): Promise<void> {
    const { limits, producer, oneByOne } = this.options
    const known = limits.get(topic) ?? producer.maxMessageBytes(topic)
    limits.set(topic, known)
    const maxBytes = await known.catch(error => {
      limits.delete(topic)
      throw error
    })
    const largest = compression === 'none' ? maxBytes : Number.POSITIVE_INFINITY
    const most = oneByOne ? 0 : maxBytes - BATCH_HEAD
    for (const batch of batchesOf(records, largest, most))
      await this.#send(topic, compression, batch)
  }

  async #send(
    topic: string,
    compression: Compression,
    batch: readonly ProduceRecord[]
  ): Promise<void> {
    for (let rest = batch; rest.length > 0; ) rest = await this.#sendSome(topic, compression, rest)
  }

  /** Gives the records that are left. */
  async #sendSome(
    topic: string,
    compression: Compression,
    batch: readonly ProduceRecord[]
  ): Promise<readonly ProduceRecord[]> {
    if (this.over || this.failure !== undefined) {
      throw new MillraceError(
        'TRANSACTION_OVER',
        'The Kafka transaction that the records belong to is over; they are delivered again.'
      )
    }
    try {
      const { sent, rest } = await this.options.transaction.send(
        topic,
        compression,
        batch,
        this.#sends++
      )
      acknowledge(sent)
      return rest
    } catch (error) {
      const refusal = refusalOf(error)
      const [only] = batch
      // Of one record the broker has taken nothing, so the transaction stands. Of several,
      // partitions may have been taken whose sequence numbers the client does not know: all is
      // undone, and the next attempt sends them one by one.
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
function* batchesOf(
  records: readonly ProduceRecord[],
  largest: number,
  most: number
): Generator<ProduceRecord[]> {
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
    refuse(record, {
      code: 'KAFKA_RECORD_REFUSED',
      message: `The record cannot be written: ${reasonOf(error)}.`
    })
    return undefined
  }
}
