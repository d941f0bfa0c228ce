import type { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { ProduceCallback, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import type { KafkaProducer } from '../../core/kafka/produce/producer.ts'
import {
  isTransactionScope,
  type TransactionScope
} from '../../core/kafka/produce/transaction-scope.ts'
import type { Context } from '../../core/node/define-node.ts'
import type { Holdup } from '../../core/node/define-transform.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import type { Message } from '../../core/record/message.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { silence } from '../../core/sink/sink-status.ts'
import type { OpenSink, SinkPort, WriteRequest } from '../../core/sink/types.ts'
import { Deduplication } from './deduplication.ts'
import { Encoder, Unwritable } from './logic.ts'
import { OutgoingMessage, type Shorten } from './outgoing-message.ts'
import { RegisteredValues } from './registered-values.ts'
import type { spec } from './spec.ts'
import { troubleOf } from './trouble.ts'

type ProducerContext = Context<typeof spec>

const OTHER_CLUSTER =
  'The records come from a kafka consumer with transactions, but by another cluster configuration: what is written here is no part of them, and may be written twice.'

/**
 * Writes messages to one topic: as they come, within the transaction of their source, or only what
 * the topic lacks.
 */
export class TopicSink implements OpenSink {
  readonly #encoder: Encoder
  readonly #producer: KafkaProducer
  readonly #deduplication: Deduplication | undefined
  readonly #registered: RegisteredValues | undefined
  /** The topic cannot be read to see what it has. */
  #blind = false
  #toldOfCluster = false
  /** Ends when the records of what came are made; what comes meanwhile goes behind. */
  #encoding: Promise<void> | undefined

  constructor(
    private readonly context: ProducerContext,
    private readonly cluster: KafkaCluster,
    private readonly port: SinkPort
  ) {
    const { options } = context
    this.#registered = this.#registeredOf()
    this.#encoder = new Encoder(
      options,
      this.#registered && (record => this.#registered!.valueOf(record))
    )
    this.#deduplication = this.#deduplicationOf()
    const unsent = this.#deduplication && { unsent: this.#deduplication.unsent }
    this.#producer = cluster.producer(
      { ...options, ...unsent },
      { up: () => port.up(), away: error => port.down(troubleOf(error, options.topic)) }
    )
    this.#producer.start()
    this.#deduplication?.start()
  }

  #registeredOf(): RegisteredValues | undefined {
    const { options, node, provided } = this.context
    if (options.content !== 'registered') return undefined
    return new RegisteredValues(options, provided<SchemaRegistry>('registry'), {
      warn: sentence => node.warn(sentence),
      log: sentence => node.log(sentence),
      refresh: () => this.port.refresh()
    })
  }

  #deduplicationOf(): Deduplication | undefined {
    const { options, node } = this.context
    if (options.deduplicationMin === 0) return undefined
    const health = {
      up: () => this.#see(true),
      away: ({ message }: MillraceError) => {
        node.warn(
          `${message} Records wait until the topic can be read, to leave out those that it has.`
        )
        this.#see(false)
      }
    }
    return new Deduplication({
      cluster: this.cluster,
      topic: options.topic,
      windowMs: options.deduplicationMin * 60_000,
      write: (message, records) => this.#write(message, records),
      health
    })
  }

  write(request: WriteRequest): void {
    const message = new OutgoingMessage(
      request,
      this.#shorten,
      this.#transactionOf(request.message)
    )
    const encodeNow = () =>
      this.#deduplication === undefined
        ? this.#writeAll(message)
        : this.#writeFresh(message, this.#deduplication)
    const encode = () => {
      const needed = this.#registered?.needed()
      return needed === undefined ? encodeNow() : needed.then(encodeNow)
    }
    const encoded = this.#encoding === undefined ? encode() : this.#encoding.then(encode)
    if (encoded === undefined) return
    const until = encoded
      .catch(error => message.fail(error as Error))
      .then(() => {
        if (this.#encoding === until) this.#encoding = undefined
      })
    this.#encoding = until
  }

  #writeAll(message: OutgoingMessage): Promise<void> | undefined {
    const together: ProduceRecord[] = []
    return this.#encodeEach(
      message,
      () => message,
      record => {
        if (message.transaction === undefined) this.#producer.add(record)
        else together.push(record)
      },
      () => {
        if (together.length > 0) this.#writeOrFail(message, together)
      }
    )
  }

  #writeFresh(message: OutgoingMessage, deduplication: Deduplication): Promise<void> | undefined {
    const records: ProduceRecord[] = []
    return this.#encodeEach(
      message,
      () => deduplication.candidate(message),
      record => records.push(record),
      () => deduplication.add(message, records)
    )
  }

  /** Gives a promise where the message has so many records that others are to have their turn. */
  #encodeEach(
    message: OutgoingMessage,
    callbackOf: () => ProduceCallback,
    take: (record: ProduceRecord) => void,
    end: () => void
  ): Promise<void> | undefined {
    let index = 0
    const rest = inSlices(message.records, () => {
      const record = this.#encoded(message, index++, callbackOf())
      if (record !== undefined) take(record)
    })
    const finish = () => {
      end()
      message.less()
    }
    if (rest !== undefined) return rest.then(finish)
    finish()
    return undefined
  }

  /** Undefined if it was refused. */
  #encoded(
    message: OutgoingMessage,
    index: number,
    callback: ProduceCallback
  ): ProduceRecord | undefined {
    const encoded = this.#encoder.encode(
      message.records[index],
      message.request.message,
      callback,
      index
    )
    if (!(encoded instanceof Unwritable)) return encoded
    message.refuse(index, encoded)
    message.less()
    return undefined
  }

  readonly #shorten: Shorten = (message, letter, index, maxBytes) => {
    const deduplication = this.#deduplication
    const callback = deduplication?.candidate(message) ?? message
    const record = this.#encoder.shortened(letter, maxBytes, callback, index)
    if (deduplication === undefined) this.#writeOrFail(message, [record])
    else deduplication.add(message, [record])
  }

  /**
   * The transaction of the source, if that reads from the same cluster. @throws MillraceError
   * TRANSACTION_MIXED
   */
  #transactionOf(message: Message): TransactionScope | undefined {
    const transaction = this.context.tracker.transactionOf(message)
    if (!isTransactionScope(transaction) || transaction.over === 'committed') return undefined
    if (transaction.settings === this.cluster.settings) return transaction
    if (!this.#toldOfCluster) this.context.node.warn(OTHER_CLUSTER)
    this.#toldOfCluster = true
    return undefined
  }

  #writeOrFail(message: OutgoingMessage, records: readonly ProduceRecord[]): void {
    this.#write(message, records).catch(error => message.fail(error as Error))
  }

  /** Rejects if the transaction cannot be saved. */
  async #write({ transaction }: OutgoingMessage, records: readonly ProduceRecord[]): Promise<void> {
    const { topic, compression } = this.context.options
    if (transaction === undefined) for (const record of records) this.#producer.add(record)
    else await transaction.write(topic, compression, records)
  }

  #see(can: boolean): void {
    if (this.#blind !== can) return
    this.#blind = !can
    this.port.refresh()
  }

  /** What has a transaction waits for its source as well. */
  waitsFor(): Holdup | undefined {
    if (this.#blind) return 'topic cannot be read'
    const missing = this.#registered?.waitsFor
    if (missing !== undefined) return missing
    if (this.#deduplication?.isSlow) return 'reading the topic'
    return silence(this.port.oldestMs)
  }

  async close(limitMs: number): Promise<void> {
    this.#registered?.close()
    await Promise.all([this.#deduplication?.close(), this.#producer.close(limitMs)])
  }
}
