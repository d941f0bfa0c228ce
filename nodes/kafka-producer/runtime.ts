import { MillraceError } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import { hasZstd } from '../../core/kafka/kafkajs/compression.ts'
import type { Parcel, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import type { KafkaProducer } from '../../core/kafka/produce/producer.ts'
import { isTransactionScope, type TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import { type Context, type Done, defineNode } from '../../core/node/define-node.ts'
import { QueueLimit } from '../../core/node/queue-limit.ts'
import { compact, SILENT_MS } from '../../core/node/status.ts'
import { OptionsError } from '../../core/options-error.ts'
import { Rate } from '../../core/rate.ts'
import { countOf, type Message } from '../../core/record/message.ts'
import type { Rejection } from '../../core/record/record.ts'
import { Deduplication } from './deduplication.ts'
import { Encoder, Refusal } from './logic.ts'
import { Shipment, type ShipmentEvents } from './shipment.ts'
import { spec } from './spec.ts'

type ProducerContext = Context<typeof spec>

const OTHER_CLUSTER =
  'The records come from a kafka consumer with transactions, but by another cluster configuration: what is written here is no part of them, and may be written twice.'

const BEAT_MS = 2_000
const DRAIN_MS = 5_000

class ProducerNode {
  readonly #encoder: Encoder
  readonly #producer: KafkaProducer
  readonly #beat: NodeJS.Timeout
  readonly #waiting = new Set<Shipment>()
  readonly #events: ShipmentEvents = {
    arrived: shipment => this.#finish(shipment),
    shorten: (shipment, letter, index, maxBytes) => this.#shorten(shipment, letter, index, maxBytes)
  }
  readonly #rate = new Rate()
  readonly #limit: QueueLimit
  readonly #deduplication: Deduplication | undefined
  #away: { reason: MillraceError; sinceMs: number } | undefined
  /** The topic cannot be read to see what it has. */
  #blind = false
  #closed = false
  #toldOfCluster = false

  constructor(
    private readonly context: ProducerContext,
    private readonly cluster: KafkaCluster
  ) {
    const { options, status, node } = context
    if (options.compression === 'zstd' && !hasZstd()) {
      throw new OptionsError(spec.label, [`${spec.fields.compression.label}: zstd needs Node 22.15 or newer, this is ${process.version}`])
    }
    this.#encoder = new Encoder(options)
    this.#limit = new QueueLimit({ ...context, warn: warning => node.warn(warning), service: 'the Kafka cluster' })
    this.#deduplication = this.#deduplicationOf()
    const unsent = this.#deduplication && { unsent: this.#deduplication.unsent }
    this.#producer = cluster.producer({ ...options, ...unsent }, { up: () => this.#up(), away: error => this.#down(error) })
    this.#beat = setInterval(() => this.#touch(), BEAT_MS)
    status.waiting('connecting')
    this.#producer.start()
    this.#deduplication?.start()
  }

  #deduplicationOf(): Deduplication | undefined {
    const { options, node } = this.context
    if (options.deduplicationMin === 0) return undefined
    const health = {
      up: () => this.#see(true),
      away: ({ message }: MillraceError) => {
        node.warn(`${message} Records wait until the topic can be read, to leave out those that it has.`)
        this.#see(false)
      }
    }
    return new Deduplication({
      cluster: this.cluster,
      topic: options.topic,
      windowMs: options.deduplicationMin * 60_000,
      write: (shipment, records) => this.#write(shipment, records),
      failed: (shipment, error) => this.#fail(shipment, error),
      health
    })
  }

  accept(message: Message, done: Done): void {
    const { metrics } = this.context
    const refusal = this.#limit.refusal(message, countOf(message.payload), metrics.inFlight)
    if (refusal) {
      done(refusal)
      return
    }
    let transaction: TransactionScope | undefined
    try {
      transaction = this.#transactionOf(message)
    } catch (error) {
      done(error as Error)
      return
    }
    const shipment = new Shipment(message, done, this.#events, transaction)
    this.#waiting.add(shipment)
    metrics.inFlight += shipment.records.length
    if (this.#deduplication === undefined) this.#writeAll(shipment)
    else this.#writeFresh(shipment, this.#deduplication)
    shipment.less()
    if (this.#away) this.#show()
  }

  #writeAll(shipment: Shipment): void {
    const together: ProduceRecord[] = []
    for (let index = 0; index < shipment.records.length; index++) {
      const record = this.#encoded(shipment, index, shipment)
      if (record === undefined) continue
      if (shipment.transaction === undefined) this.#producer.add(record)
      else together.push(record)
    }
    if (together.length > 0) this.#writeOrFail(shipment, together)
  }

  #writeFresh(shipment: Shipment, deduplication: Deduplication): void {
    const records: ProduceRecord[] = []
    for (let index = 0; index < shipment.records.length; index++) {
      const record = this.#encoded(shipment, index, deduplication.candidate(shipment))
      if (record !== undefined) records.push(record)
    }
    deduplication.add(shipment, records)
  }

  /** Undefined if it was refused. */
  #encoded(shipment: Shipment, index: number, parcel: Parcel): ProduceRecord | undefined {
    const encoded = this.#encoder.encode(shipment.records[index], shipment.message, parcel, index)
    if (!(encoded instanceof Refusal)) return encoded
    shipment.refuse(index, encoded)
    shipment.less()
    return undefined
  }

  #shorten(shipment: Shipment, letter: Rejection, index: number, maxBytes: number): void {
    const deduplication = this.#deduplication
    const record = this.#encoder.shortened(letter, maxBytes, deduplication?.candidate(shipment) ?? shipment, index)
    if (deduplication === undefined) this.#writeOrFail(shipment, [record])
    else deduplication.add(shipment, [record])
  }

  async close(): Promise<void> {
    await Promise.all([this.#deduplication?.close(), this.#producer.close(DRAIN_MS)])
    this.#closed = true
    clearInterval(this.#beat)
    this.#limit.end()
    const error = new MillraceError('CLOSED', 'The node was stopped before Kafka had the records; the source delivers them again.')
    for (const { done } of this.#waiting) done(error)
    this.context.metrics.inFlight = 0
  }

  /** The transaction of the source, if that reads from the same cluster. @throws MillraceError TRANSACTION_MIXED */
  #transactionOf(message: Message): TransactionScope | undefined {
    const transaction = this.context.tracker.transactionOf(message)
    if (!isTransactionScope(transaction) || transaction.over === 'committed') return undefined
    if (transaction.settings === this.cluster.settings) return transaction
    if (!this.#toldOfCluster) this.context.node.warn(OTHER_CLUSTER)
    this.#toldOfCluster = true
    return undefined
  }

  #writeOrFail(shipment: Shipment, records: readonly ProduceRecord[]): void {
    this.#write(shipment, records).catch(error => this.#fail(shipment, error))
  }

  /** Rejects if the transaction cannot be saved. */
  async #write({ transaction }: Shipment, records: readonly ProduceRecord[]): Promise<void> {
    const { topic, compression } = this.context.options
    if (transaction === undefined) for (const record of records) this.#producer.add(record)
    else await transaction.write(topic, compression, records)
  }

  /** Nothing of it counts. */
  #fail(shipment: Shipment, error: Error): void {
    if (this.#closed || !this.#waiting.delete(shipment)) return
    this.context.metrics.inFlight -= shipment.records.length
    shipment.done(error)
  }

  /** Everything of the message is in Kafka, or can never be. */
  #finish(shipment: Shipment): void {
    if (this.#closed || !this.#waiting.delete(shipment)) return
    const { context } = this
    const { metrics, tracker } = context
    const { message, records, rejected, done } = shipment
    const { written } = shipment
    metrics.inFlight -= records.length
    metrics.stored += written.stored
    metrics.rejected += rejected.length + written.rejected
    metrics.duplicates += written.duplicates
    if (written.stored + written.rejected + written.duplicates > 0 || records.length === 0) tracker.confirm(message, written)
    const passedOn = context.isWired(0) ? shipment.acknowledged : null
    const refused = rejected.length > 0 ? { ...message, payload: rejected } : null
    if (refused !== null && !context.isWired(1)) {
      context.report(
        new MillraceError(
          'KAFKA_RECORD_REFUSED',
          `${rejected.length} of ${records.length} records cannot be written, and output 2 leads nowhere. ${rejected[0]?.reason.message}`
        )
      )
    }
    if (passedOn !== null || refused !== null) context.send([passedOn, refused])
    done()
    if (!this.#away) this.#show()
  }

  #see(can: boolean): void {
    if (this.#blind !== can) return
    this.#blind = !can
    this.#show()
  }

  #up(): void {
    if (this.#away) this.context.node.log(`Kafka is back after ${Math.round((performance.now() - this.#away.sinceMs) / 1000)} s`)
    this.#away = undefined
    this.#show()
  }

  #down(reason: MillraceError): void {
    this.#away = { reason, sinceMs: performance.now() }
    this.context.node.warn(`${reason.message} Records wait until it works again.`)
    this.#show()
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    const latestMs = performance.now() - BEAT_MS
    for (const { message, sinceMs } of this.#waiting) {
      if (sinceMs > latestMs) break
      this.context.tracker.touch(message)
    }
    this.#show()
  }

  #show(): void {
    const { status, metrics, options } = this.context
    const waiting = `${compact(metrics.inFlight)} waiting · `
    const wrong = this.#away && shortReason(this.#away.reason.message)
    const silentMs = this.#silentMs
    // The reason first: what does not fit below the node is its end.
    if (wrong !== undefined) status.failed(`${wrong} · ${compact(metrics.inFlight)} waiting`)
    else if (this.#away?.reason.code === 'KAFKA_TOPIC_MISSING') status.failed(`${waiting}no topic ${options.topic}`)
    else if (this.#away) status.waiting(`${waiting}broker away`)
    else if (this.#blind) status.waiting(`${waiting}topic cannot be read`)
    else if (this.#deduplication?.isSlow) status.waiting(`${waiting}reading the topic`)
    else if (silentMs >= SILENT_MS) status.waiting(`${waiting}no answer for ${Math.round(silentMs / 1000)} s`)
    else {
      const rejected = metrics.rejected > 0 ? ` · ${compact(metrics.rejected)} rejected` : ''
      const repeated = metrics.duplicates > 0 ? ` · ${compact(metrics.duplicates)} repeated` : ''
      status.healthy(`${this.#perSecond()}${rejected}${repeated}`)
    }
  }

  /** For how long the message has waited that waits longest; what has a transaction waits for its source as well. */
  get #silentMs(): number {
    for (const { sinceMs } of this.#waiting) return performance.now() - sinceMs
    return 0
  }

  #perSecond = () => `${compact(this.#rate.of(this.context.metrics.stored + this.context.metrics.rejected))}/s`
}

export default defineNode(spec, context => {
  const producer = new ProducerNode(context, context.provided<KafkaCluster>('cluster'))
  return { accept: (message, done) => producer.accept(message, done), close: () => producer.close() }
})
