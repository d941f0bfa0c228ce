import type { Kinesis } from '@aws-sdk/client-kinesis'
import {
  backoffMs,
  type OpenSink,
  PublishedRecords,
  pause,
  retrying,
  type SinkPort,
  SlicedQueue,
  Unpublishable,
  type WriteRequest
} from '@millrace/node-red-telemetry'
import { type AwsAccess, streamOf } from '../../core/access.ts'
import { awsProblem, isDenied, isInvalid, saidBy } from '../../core/problem.ts'
import { KeyLines } from './key-lines.ts'
import { Composer, type ProducerOptions } from './logic.ts'
import { type Batch, entryOf, type PutAnswer, refuse, type Sending } from './put.ts'

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const MAX_RECORDS = 500
const MAX_BYTES = 5 << 20
/** Requests that wait for their answer at a time. */
const MAX_REQUESTS = 4
/** Of a record that Kinesis did not take. */
const RECORD_BACKOFF = { initialMs: 100, maxMs: 5_000 }
/** Of all, while AWS is away. */
const OUTAGE_BACKOFF = { initialMs: 500, maxMs: 15_000 }
const LOOK_MS = 20

export interface KinesisSinkOptions {
  readonly access: AwsAccess
  readonly options: ProducerOptions
  readonly port: SinkPort
}

/** Writes to one stream, in requests of many records. */
export class KinesisSink implements OpenSink {
  readonly #composer: Composer
  readonly #coming = new SlicedQueue<PublishedRecords>({
    take: (of, index) => this.#take(of, index),
    taken: of => of.less(),
    failed: (of, error) => of.fail(error),
    pause: () => this.#pump()
  })
  readonly #lines = new KeyLines<Sending>()
  readonly #end = new AbortController()
  readonly #stream: ReturnType<typeof streamOf>
  readonly #maxBytes: number
  #kinesis: Kinesis | undefined
  #requests = 0
  /** Kinesis has answered for the stream: what it calls invalid from now on is a record. */
  #isKnown = false
  /** It has called a request invalid before: one record at a time finds out whose fault it is. */
  #isDoubted = false
  /** Failed requests in a row. */
  #failures = 0
  /** Nothing is sent until this ends. */
  #pause: NodeJS.Timeout | undefined
  /** Records that Kinesis did not take the last time. */
  #refusedNow = 0

  constructor(private readonly sink: KinesisSinkOptions) {
    const { options } = sink
    this.#composer = new Composer(options)
    this.#stream = streamOf(options.stream)
    this.#maxBytes = Math.max(MAX_BYTES, options.maxRecordBytes)
    void this.#open()
  }

  write(request: WriteRequest): void {
    this.#coming.add(new PublishedRecords(request))
  }

  waitsFor(): string | undefined {
    if (this.#refusedNow > 0) return `throttled, ${this.#refusedNow} go again`
    const { oldestMs } = this.sink.port
    return oldestMs >= 5_000 ? `no answer for ${Math.round(oldestMs / 1000)} s` : undefined
  }

  async close(limitMs: number): Promise<void> {
    const untilMs = performance.now() + limitMs
    const isOpen = () => !this.#coming.isEmpty || this.#lines.size > 0
    while (isOpen() && this.#failures === 0 && performance.now() < untilMs) await pause(LOOK_MS)
    clearTimeout(this.#pause)
    this.#end.abort()
    this.#kinesis?.destroy()
  }

  /** Whether the stream is there shows before the first record comes. */
  async #open(): Promise<void> {
    const { signal } = this.#end
    const look = async () => {
      this.#kinesis ??= await this.sink.access.kinesis()
      this.#pump()
      await this.#kinesis.describeStreamSummary(this.#stream, { abortSignal: signal })
      this.#isKnown = true
    }
    const isOver = () => signal.aborted
    try {
      await retrying(look, {
        signal,
        backoff: OUTAGE_BACKOFF,
        // Who may write need not have the right to look.
        isFinal: error => isDenied(error) || this.#isKnown,
        onRetry: error => isOver() || this.#down(error)
      })
      this.sink.port.up()
    } catch (error) {
      if (!isOver() && isDenied(error)) this.sink.port.up()
    }
  }

  #take(of: PublishedRecords, index: number): void {
    const outgoing = this.#composer.record(of.records[index])
    if (outgoing instanceof Unpublishable) {
      of.refuse(index, outgoing.reason)
      return
    }
    of.opened()
    const key = this.sink.options.order === 'key' ? outgoing.key : undefined
    this.#lines.add(key, { outgoing, of, index, failures: 0 })
  }

  /** Sends what may be sent. While AWS is away one request at a time tries. */
  #pump(): void {
    const most = this.#failures > 0 ? 1 : MAX_REQUESTS
    while (this.#kinesis !== undefined && this.#pause === undefined && this.#requests < most) {
      const batch = this.#next()
      if (batch.length === 0) return
      void this.#send(this.#kinesis, batch)
    }
  }

  #next(): Batch {
    const batch = []
    const most = this.#isDoubted && !this.#isKnown ? 1 : MAX_RECORDS
    let bytes = 0
    for (let next = this.#lines.peek(); next !== undefined; next = this.#lines.peek()) {
      bytes += next.outgoing.bytes
      if (batch.length === most || (batch.length > 0 && bytes > this.#maxBytes)) break
      batch.push(this.#lines.take())
    }
    return batch
  }

  async #send(kinesis: Kinesis, batch: Batch): Promise<void> {
    this.#requests++
    try {
      await this.#put(kinesis, batch)
    } finally {
      this.#requests--
    }
    if (!this.#end.signal.aborted) this.#pump()
  }

  /** Never rejects. What fails as a whole is sent in halves where the request itself is wrong. */
  async #put(kinesis: Kinesis, batch: Batch): Promise<void> {
    const { signal } = this.#end
    const request = { ...this.#stream, Records: batch.map(entryOf) }
    try {
      const { Records = [] } = await kinesis.putRecords(request, { abortSignal: signal })
      this.#answered(batch, Records)
    } catch (error) {
      if (signal.aborted) return
      if (!isInvalid(error)) this.#failed(batch, error)
      else if (!this.#isKnown) this.#doubt(batch, error)
      else if (batch.length > 1) {
        const half = Math.ceil(batch.length / 2)
        await this.#put(kinesis, batch.slice(0, half))
        await this.#put(kinesis, batch.slice(half))
      } else this.#refuse(batch, saidBy(error))
    }
  }

  #answered(batch: Batch, answers: readonly PutAnswer[]): void {
    this.#failures = 0
    this.#isKnown = true
    this.sink.port.up()
    const back = batch.filter((line, index) => {
      const sending = line.waiting.first!
      // An answer that is short has not taken the rest.
      if (answers[index] !== undefined && answers[index].ErrorCode === undefined) {
        this.#lines.done(line)
        sending.of.less()
        return false
      }
      sending.failures++
      return true
    })
    this.#refusedNow = back.length
    if (back.length > 0) this.#later(back)
  }

  /** Their keys wait with them. */
  #later(back: Batch): void {
    const failures = Math.max(...back.map(line => line.waiting.first!.failures))
    const again = () => {
      if (this.#end.signal.aborted) return
      this.#lines.again(back)
      this.#pump()
    }
    setTimeout(again, backoffMs(failures - 1, RECORD_BACKOFF)).unref()
  }

  #refuse([line]: Batch, why: string): void {
    const sending = line!.waiting.first!
    this.#lines.done(line!)
    const message = `Kinesis does not take the record: ${why}.`
    refuse(sending, { code: 'KINESIS_RECORD_REFUSED', message })
  }

  /** The name of the stream may be what is wrong. Another record is tried before these. */
  #doubt(batch: Batch, error: unknown): void {
    this.#isDoubted = true
    this.#lines.last(batch)
    this.#wait(error)
  }

  #failed(batch: Batch, error: unknown): void {
    this.#lines.again(batch)
    this.#wait(error)
  }

  #wait(error: unknown): void {
    this.#down(error)
    if (this.#pause !== undefined) return
    const waitMs = backoffMs(this.#failures++, OUTAGE_BACKOFF)
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#pump()
    }, waitMs)
  }

  #down(error: unknown): void {
    const { access, options, port } = this.sink
    const { short, message, needsPerson } = awsProblem(
      error,
      `stream "${options.stream}"`,
      access.where
    )
    const sentence = `${message} The node keeps trying.`
    port.down({ words: short, sentence, mend: needsPerson, topic: short })
  }
}
