import type { _Record, Kinesis } from '@aws-sdk/client-kinesis'
import { backoffMs, pause } from '@millrace/node-red-telemetry'
import type { streamOf } from '../../core/access.ts'
import { isMissing, isThrottled, nameOf } from '../../core/problem.ts'
import type { Arrival, KinesisBatch } from './batch.ts'
import { Bell } from './bell.ts'
import type { HeldReader } from './held-lease.ts'
import { END, type Lease, positionOf } from './lease.ts'

export interface ShardReaderOptions {
  readonly lease: Lease
  readonly kinesis: Kinesis
  readonly stream: ReturnType<typeof streamOf>
  readonly pollMs: number
  /** At most so many records are asked for at once. */
  readonly limit: number
  /** Whether it may ask now; it says so again by `asked`. */
  mayAsk(reader: ShardReader): boolean
  asking(is: boolean): void
  /** It has something for the flow. */
  arrived(reader: ShardReader): void
  dropped(reader: ShardReader): void
  up(shard: string): void
  down(shard: string, error: unknown): void
  warn(sentence: string): void
}

/** Kinesis answers five times a second and shard. */
const LEAST_PAUSE_MS = 200
const LOOK_MS = 250
const BACKOFF = { initialMs: 500, maxMs: 15_000 }

/** Reads one shard, in its order, and knows how far it was stored. */
export class ShardReader implements HeldReader {
  readonly shard: string
  /** What has come and is not in the flow. */
  readonly waiting: Arrival[] = []
  waitingBytes = 0
  /** So many of its batches are in the flow. */
  inFlow = 0
  /** So many records go one at a time, since one of them may have killed Node-RED. */
  careful: number | undefined
  /** The record they begin with: those before it went through the flow, and did not kill it. */
  carefulFrom: string | undefined
  /** By how much it is behind the newest record of its shard. */
  behindMs = 0
  #iterator: string | undefined
  /** What was read last. */
  #position: string
  /** What was stored last. */
  #stored: string
  #isRead = false
  #isDropped = false
  /** Kinesis has said that there is no such shard, or stream. */
  #isMissing = false
  #failures = 0
  readonly #bell = new Bell()
  readonly #end = new AbortController()

  constructor(private readonly options: ShardReaderOptions) {
    const { shard, checkpoint } = options.lease
    this.shard = shard
    this.#position = checkpoint
    this.#stored = checkpoint
    // Not before those who made it know it.
    queueMicrotask(() => void this.#run())
  }

  get checkpoint(): string {
    return this.#isRead && this.isSettled ? END : this.#stored
  }
  get isSettled(): boolean {
    return this.inFlow === 0 && this.waiting.length === 0
  }

  /** There may be room again. */
  wake(): void {
    this.#bell.ring()
  }

  /** What waits and was not sent into the flow is left for the next reader. */
  stop(): void {
    this.#end.abort()
    this.#bell.ring()
    if (this.waiting.length > 0) this.#isRead = false
    this.waiting.length = 0
    this.waitingBytes = 0
  }

  drop(): void {
    if (this.#isDropped) return
    this.#isDropped = true
    this.stop()
    this.options.up(this.shard)
    this.options.dropped(this)
  }

  gone(): void {
    if (this.#isRead || !this.#isMissing) return
    this.options.warn(
      `The shard ${this.shard} is gone from Kinesis, with what was not read of it: the retention of the stream is over.`
    )
    this.#isRead = true
    this.#end.abort()
    this.#bell.ring()
    this.options.up(this.shard)
  }

  /** Batches come back in their order. */
  stored(batch: KinesisBatch): void {
    this.inFlow--
    this.#stored = batch.arrivals.at(-1)!.sequence
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted && !this.#isRead) {
      if (this.options.mayAsk(this)) await pause(await this.#ask(), { signal })
      else await this.#bell.wait(LOOK_MS)
    }
  }

  /** Gives how long to wait for the next time. Never rejects. */
  async #ask(): Promise<number> {
    const { asking, up, down } = this.options
    const startMs = performance.now()
    asking(true)
    try {
      const isMore = await this.#read()
      this.#failures = 0
      up(this.shard)
      const everyMs = isMore ? LEAST_PAUSE_MS : this.options.pollMs
      return Math.max(0, startMs + everyMs - performance.now())
    } catch (error) {
      if (this.#end.signal.aborted) return 0
      // It lives for five minutes.
      this.#iterator = undefined
      if (nameOf(error) === 'ExpiredIteratorException') return 0
      this.#isMissing = isMissing(error)
      const waitMs = backoffMs(this.#failures++, BACKOFF)
      if (!isThrottled(error) || this.#failures > 3) down(this.shard, error)
      return waitMs
    } finally {
      asking(false)
    }
  }

  /** True if there is more to be read at once. */
  async #read(): Promise<boolean> {
    const { kinesis, stream, limit } = this.options
    const { signal } = this.#end
    const options = { abortSignal: signal }
    this.#iterator ??= await this.#newIterator(options)
    const arn = 'StreamARN' in stream ? stream : {}
    const answer = await kinesis.getRecords(
      { ShardIterator: this.#iterator, Limit: limit, ...arn },
      options
    )
    if (signal.aborted) return false
    const { Records = [], NextShardIterator, MillisBehindLatest = 0 } = answer
    for (const record of Records) this.#take(record)
    this.#iterator = NextShardIterator
    this.#isRead = NextShardIterator === undefined
    this.behindMs = MillisBehindLatest
    if (Records.length > 0) this.options.arrived(this)
    return Records.length > 0 || MillisBehindLatest > 0
  }

  async #newIterator(options: { abortSignal: AbortSignal }): Promise<string | undefined> {
    const { kinesis, stream } = this.options
    const asked = { ...stream, ShardId: this.shard, ...positionOf(this.#position) }
    return (await kinesis.getShardIterator(asked, options)).ShardIterator
  }

  #take({ SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp }: _Record): void {
    const data = Data === undefined ? Buffer.alloc(0) : bufferOf(Data)
    this.waiting.push({
      shard: this.shard,
      sequence: SequenceNumber!,
      key: PartitionKey ?? '',
      data,
      arrivedMs: ApproximateArrivalTimestamp?.getTime() ?? Date.now()
    })
    this.waitingBytes += data.length
    this.#position = SequenceNumber!
  }
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)
