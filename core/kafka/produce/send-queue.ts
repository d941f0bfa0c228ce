import { backoffMs, pause } from '../../backoff.ts'
import { type MillraceError, reasonOf } from '../../errors.ts'
import type { Producer } from '../port.ts'
import { bytesOf, type ProduceRecord } from './produce-record.ts'
import { acknowledge, type Refusal, refusalOf, refuse, tooLarge } from './refusals.ts'

export interface SendQueueOptions {
  /** @throws MillraceError with the reason in words */
  connect(): Promise<Producer>
  /** A send that is not large begins no sooner than so long after the one before. */
  readonly lingerMs: number
  readonly maxRecords?: number
  readonly maxBytes?: number
  /** The broker acknowledged: the queue works. Told for every send. */
  onSent(records: number): void
  /** A try failed; the records wait and are tried again. */
  onFailed(error: MillraceError): void
  readonly random?: () => number
  /**
   * After a send that failed, of which the broker may have taken something: acknowledges what it
   * has, and gives the rest. Without it all are sent again.
   */
  unsent?(records: readonly ProduceRecord[]): Promise<readonly ProduceRecord[]>
}

/**
 * Above these a send gains nothing, and comes near to what brokers take at once (max.message.bytes,
 * 1 MB).
 */
const MAX_RECORDS = 2_000
const MAX_BYTES = 900_000
/**
 * Enough for a send not to wait for more: at 500 records the cost of a record is near its floor.
 */
const EAGER_RECORDS = 500

/**
 * Records in, acknowledged records out, in order: one send at a time, the next one filled
 * meanwhile. After a rejection the producer is discarded and the same records are sent by a new
 * one, so a record may be written twice then, never lost.
 */
export class SendQueue {
  #filling: ProduceRecord[] = []
  #fillingBytes = 0
  /** Full batches, oldest first. */
  #full: ProduceRecord[][] = []
  #producer: Promise<Producer> | undefined
  #maxBytes: number
  /** What the broker has shown to take, where it does not tell its limit. */
  #learnedBytes = Number.POSITIVE_INFINITY
  #largest = Number.POSITIVE_INFINITY
  #running = false
  #isConnected = false
  #timer: NodeJS.Timeout | undefined
  #sentMs = Number.NEGATIVE_INFINITY
  #taken = 0
  #sends = 0
  #closed = false
  readonly #closing = new AbortController()
  readonly #maxRecords: number

  constructor(private readonly options: SendQueueOptions) {
    this.#maxRecords = options.maxRecords ?? MAX_RECORDS
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
  }

  /** It is connected, and has nothing to send. */
  get isIdle(): boolean {
    return this.#isConnected && !this.#running && this.#filling.length === 0
  }

  /** Connects before the first record comes, however long it takes. */
  async start(): Promise<void> {
    for (let attempt = 0; !this.#closed && !this.#running; attempt++) {
      try {
        await this.#connected()
        return
      } catch (error) {
        await this.#discard()
        if (this.#closed || this.#running) return
        this.options.onFailed(error as MillraceError)
        await this.#pause(attempt)
      }
    }
  }

  add(record: ProduceRecord): void {
    if (this.#closed) return
    const bytes = this.#bytesOf(record)
    if (bytes === undefined) return
    if (
      this.#filling.length >= this.#maxRecords ||
      (this.#fillingBytes + bytes > this.#maxBytes && this.#filling.length > 0)
    ) {
      this.#full.push(this.#filling)
      this.#filling = []
      this.#fillingBytes = 0
    }
    this.#taken++
    this.#filling.push(record)
    this.#fillingBytes += bytes
    if (
      !this.#running &&
      (this.#timer === undefined ||
        this.#filling.length === EAGER_RECORDS ||
        this.#full.length === 1)
    )
      this.#arm()
  }

  /**
   * Undefined if the record was refused for its size, for a time that is none, or for parts that
   * are neither text nor bytes.
   */
  #bytesOf(record: ProduceRecord): number | undefined {
    try {
      const bytes = bytesOf(record)
      if (bytes <= this.#largest) return bytes
      refuse(record, { code: 'MESSAGE_TOO_LARGE', message: tooLarge(bytes, this.#largest) })
    } catch (error) {
      refuse(record, {
        code: 'KAFKA_RECORD_REFUSED',
        message: `The record cannot be written: ${reasonOf(error)}.`
      })
    }
    return undefined
  }

  /** Ends within `graceMs` and about 2 s more. What is not acknowledged by then stays unsettled. */
  async close(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs
    if (!this.#running && this.#filling.length > 0) {
      clearTimeout(this.#timer)
      void this.#run()
    }
    while (this.#running && performance.now() < endMs) await pause(20)
    this.#closed = true
    clearTimeout(this.#timer)
    this.#closing.abort()
    await this.#discard(500)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waitMs = this.#isLarge ? 0 : this.#sentMs + this.options.lingerMs - performance.now()
    if (waitMs < 1) {
      this.#running = true
      this.#whenQuiet(-1)
    } else this.#timer = setTimeout(() => this.#run(), waitMs)
  }

  /** What comes with the first record, as from the partitions of one fetch, is sent with it. */
  #whenQuiet(taken: number): void {
    if (this.#taken === taken || this.#isLarge) void this.#run()
    else setImmediate(taken => this.#whenQuiet(taken), this.#taken)
  }

  get #isLarge(): boolean {
    return this.#full.length > 0 || this.#filling.length >= EAGER_RECORDS
  }

  async #run(): Promise<void> {
    this.#running = true
    this.#timer = undefined
    let batch = this.#full.shift() ?? this.#takeFilling()
    while (batch !== undefined && !this.#closed) {
      await this.#deliver(batch)
      batch = this.#full.shift()
      if (batch === undefined && this.#due()) batch = this.#takeFilling()
    }
    this.#running = false
    if (this.#filling.length > 0 && !this.#closed) this.#arm()
  }

  #due(): boolean {
    const { length } = this.#filling
    return (
      length >= EAGER_RECORDS ||
      (length > 0 && performance.now() - this.#sentMs >= this.options.lingerMs)
    )
  }

  #takeFilling(): ProduceRecord[] | undefined {
    if (this.#filling.length === 0) return undefined
    const batch = this.#filling
    this.#filling = []
    this.#fillingBytes = 0
    return batch
  }

  /**
   * Ends when every record is acknowledged or refused, or the queue is closed. `wasSent`: the
   * broker may have some of them.
   */
  async #deliver(records: readonly ProduceRecord[], wasSent = false): Promise<void> {
    let batch = records
    let isInDoubt = wasSent
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        const producer = await this.#connected()
        if (isInDoubt && this.options.unsent) batch = await this.options.unsent(batch)
        if (batch.length === 0) return
        isInDoubt = true
        this.#sentMs = performance.now()
        await producer.send(batch, this.#sends++)
        this.options.onSent(batch.length)
        return acknowledge(batch)
      } catch (error) {
        void this.#discard()
        if (this.#closed) return
        const refusal = refusalOf(error)
        if (refusal !== undefined) return this.#divide(batch, refusal)
        this.options.onFailed(error as MillraceError)
        await this.#pause(attempt)
      }
    }
  }

  /** Finds the records that the broker refuses by halves; the others are sent, in order. */
  async #divide(batch: readonly ProduceRecord[], refusal: Refusal): Promise<void> {
    const [only] = batch
    if (batch.length === 1 && only !== undefined) return refuse(only, refusal)
    const middle = batch.length >> 1
    if (refusal.code === 'MESSAGE_TOO_LARGE') {
      this.#learnedBytes = Math.max(10_000, Math.min(this.#maxBytes, totalBytes(batch) / 2))
      this.#maxBytes = this.#learnedBytes
    }
    await this.#deliver(batch.slice(0, middle), true)
    await this.#deliver(batch.slice(middle), true)
  }

  #connected(): Promise<Producer> {
    this.#producer ??= this.options.connect().then(producer => {
      // One batch a partition at most, so a send never exceeds what the topic takes; some bytes for
      // the batch's own head.
      this.#maxBytes = Math.min(
        this.options.maxBytes ?? MAX_BYTES,
        producer.maxMessageBytes - 100,
        this.#learnedBytes
      )
      this.#largest = producer.maxRecordBytes
      this.#isConnected = true
      return producer
    })
    return this.#producer
  }

  async #discard(graceMs = 0): Promise<void> {
    const old = this.#producer
    this.#producer = undefined
    this.#isConnected = false
    await old?.then(
      producer => producer.close(graceMs),
      () => undefined
    )
  }

  /**
   * Not `retrying`: before it goes again, what failed may be divided, and what is in doubt is
   * looked for.
   */
  #pause(attempt: number): Promise<void> {
    const ms = backoffMs(attempt, {
      initialMs: 200,
      maxMs: 5_000,
      random: this.options.random ?? Math.random
    })
    return pause(ms, this.#closing)
  }
}

const totalBytes = (batch: readonly ProduceRecord[]) =>
  batch.reduce((sum, record) => sum + bytesOf(record), 0)
