import { randomUUID } from 'node:crypto'
import type { Consumer, KafkaMessage as RawMessage } from 'kafkajs'
import { backoffMs } from '../../backoff.ts'
import { MillraceError } from '../../errors.ts'
import type { SharedAdmin } from '../admin/shared-admin.ts'
import { Health, type HealthEvents } from '../health.ts'
import { KafkaClient, RETRY, wait } from '../kafkajs/client.ts'
import { registerCodecs } from '../kafkajs/compression.ts'
import { protocolErrorOf } from '../kafkajs/connect-errors.ts'
import type { ClusterSettings } from '../settings.ts'

export interface FollowerOptions {
  readonly settings: ClusterSettings
  readonly admin: SharedAdmin
  readonly topic: string
  /** Milliseconds since 1970: what was written before is not read. */
  readonly sinceMs: number
}

export interface FollowerEvents extends HealthEvents {
  /** Committed records of one partition, in order. */
  read(messages: readonly RawMessage[]): void
  /** The topic was deleted and made anew: what was read is not in it, and it is read from its beginning. */
  anew(): void
}

interface Waiter {
  readonly ends: ReadonlyMap<number, bigint>
  resolve(): void
  reject(error: MillraceError): void
}

const MAX_WAIT_MS = 500
const ASK_AGAIN_MS = 3_000
/** Its own ghost, left by a coordinator that was restarted, keeps it waiting for so long. */
const SESSION_TIMEOUT_MS = 10_000
const METADATA_MAX_AGE_MS = 10_000
const CLOSE_GRACE_MS = 1_000

/**
 * Reads along what is written to all partitions of a topic, by whomever, and knows when it has seen all there is. kafkajs has
 * no consumer without a group, so it is alone in one of its own that commits nothing and is deleted at the end.
 */
export class TopicFollower {
  readonly #groupId = `millrace-reader-${randomUUID()}`
  readonly #health: Health
  readonly #waiters = new Set<Waiter>()
  /** The offset that is read next, by partition; undefined until it is known where to begin. */
  #positions: Map<number, bigint> | undefined
  #client: KafkaClient | undefined
  #consumer: Consumer | undefined
  #restart: NodeJS.Timeout | undefined
  #crashes = 0
  #closed = false

  constructor(
    private readonly options: FollowerOptions,
    private readonly events: FollowerEvents
  ) {
    this.#health = new Health(events)
  }

  /** Begins, however long that takes; see the events for how it goes. */
  start(): void {
    void this.#run()
  }

  /**
   * Resolves once `read` was given all that was committed to the topic when this was called, however long that takes.
   * @throws MillraceError CLOSED
   */
  async caughtUp(): Promise<void> {
    let ends = await this.#ends()
    // What the topic ended with may be gone before it is read: by retention, or with the topic.
    while (!(await this.#reached(ends))) ends = lowerOf(ends, await this.#ends())
  }

  /** False if that takes long. */
  #reached(ends: ReadonlyMap<number, bigint>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => resolve(false)), ASK_AGAIN_MS).unref()
      const settle = (how: () => void) => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        how()
      }
      const waiter: Waiter = { ends, resolve: () => settle(() => resolve(true)), reject: error => settle(() => reject(error)) }
      if (this.#closed) return waiter.reject(closed())
      this.#waiters.add(waiter)
      this.#tell()
    })
  }

  /** Within about 3 s, even when the broker is dead. */
  async close(): Promise<void> {
    this.#closed = true
    this.#health.close()
    clearTimeout(this.#restart)
    for (const { reject } of [...this.#waiters]) reject(closed())
    const consumer = this.#consumer
    await this.#client?.close(async () => consumer?.disconnect(), CLOSE_GRACE_MS)
    // Left alone it would vanish by itself, but stand in the list of groups until then.
    if (this.#health.isUp) await Promise.race([this.#forgetGroup(), wait(CLOSE_GRACE_MS)])
  }

  #forgetGroup = () => this.options.admin.ask(admin => admin.deleteGroups([this.#groupId])).catch(() => undefined)

  /** Where the partitions that hold anything end; the last stable offset where transactions are under way. */
  async #ends(): Promise<Map<number, bigint>> {
    const { admin, topic } = this.options
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        // Reading goes on while the broker answers.
        const before = new Map(this.#positions)
        const offsets = await admin.ask(asked => asked.fetchTopicOffsets(topic))
        const highOf = new Map(offsets.map(({ partition, high }) => [partition, BigInt(high)]))
        if ([...before].some(([partition, position]) => (highOf.get(partition) ?? 0n) < position)) this.#beginAnew()
        return new Map(
          offsets.flatMap(({ partition, low, high }) => (BigInt(high) > BigInt(low) ? [[partition, BigInt(high)] as const] : []))
        )
      } catch (error) {
        this.#health.trouble(this.#explain(error))
        await wait(backoffMs(attempt, { maxMs: 5_000 }))
      }
    }
    throw closed()
  }

  #beginAnew(): void {
    this.#positions = new Map()
    this.events.anew()
    const consumer = this.#consumer
    if (consumer) this.#replace(consumer)
  }

  async #run(): Promise<void> {
    const { settings, topic } = this.options
    registerCodecs()
    const client = new KafkaClient(settings, { trouble: error => this.#health.trouble(error) })
    const consumer = client.kafka.consumer({
      groupId: this.#groupId,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      sessionTimeout: SESSION_TIMEOUT_MS,
      retry: { ...RETRY, restartOnFailure: async () => false }
    })
    this.#client = client
    this.#consumer = consumer
    this.#listen(consumer)
    try {
      this.#positions ??= await this.#begin()
      if (this.#closed) return
      this.#tell()
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          if (consumer !== this.#consumer || this.#closed) return
          // kafkajs goes back to the beginning by itself where the topic ends before its position.
          if (BigInt(batch.firstOffset() ?? 0) < (this.#positions?.get(batch.partition) ?? 0n)) this.#beginAnew()
          else this.events.read(batch.messages)
        }
      })
    } catch (error) {
      this.#crashed(consumer, error)
    }
  }

  async #begin(): Promise<Map<number, bigint>> {
    const { admin, topic, sinceMs } = this.options
    const offsets = await admin.ask(asked => asked.fetchTopicOffsetsByTimestamp(topic, sinceMs))
    return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]))
  }

  #listen(consumer: Consumer): void {
    const { topic } = this.options
    const { GROUP_JOIN, FETCH, CRASH, END_BATCH_PROCESS } = consumer.events
    consumer.on(GROUP_JOIN, () => {
      if (consumer !== this.#consumer) return
      for (const [partition, offset] of this.#positions ?? []) consumer.seek({ topic, partition, offset: String(offset) })
    })
    consumer.on(FETCH, () => {
      if (consumer !== this.#consumer) return
      this.#crashes = 0
      this.#health.works()
    })
    // Also told for batches of nothing but transaction markers and aborted records, which never reach eachBatch.
    consumer.on(END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (consumer !== this.#consumer) return
      this.#positions?.set(partition, BigInt(lastOffset) + 1n)
      this.#tell()
    })
    consumer.on(CRASH, ({ payload }) => this.#crashed(consumer, payload.error))
  }

  #tell(): void {
    for (const waiter of [...this.#waiters]) {
      if ([...waiter.ends].every(([partition, end]) => (this.#positions?.get(partition) ?? 0n) >= end)) waiter.resolve()
    }
  }

  #crashed(consumer: Consumer, error: unknown): void {
    if (consumer !== this.#consumer || this.#closed) return
    this.#health.trouble(this.#explain(error))
    this.#replace(consumer)
  }

  #replace(consumer: Consumer): void {
    this.#consumer = undefined
    void this.#client?.close(() => consumer.disconnect(), CLOSE_GRACE_MS)
    this.#restart = setTimeout(() => void this.#run(), backoffMs(this.#crashes++, { initialMs: 500, maxMs: 10_000 }))
  }

  #explain(error: unknown): MillraceError {
    if (protocolErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return new MillraceError('KAFKA_TOPIC_MISSING', `The topic "${this.options.topic}" does not exist.`, { cause: error })
    }
    return this.#client?.explain(error) ?? new MillraceError('KAFKA_CONNECT_FAILED', String(error), { cause: error })
  }
}

/** The lower of two ends of each partition that still holds something. */
function lowerOf(one: ReadonlyMap<number, bigint>, other: ReadonlyMap<number, bigint>): Map<number, bigint> {
  const both = [...one].filter(([partition]) => other.has(partition))
  return new Map(both.map(([partition, end]) => [partition, end < other.get(partition)! ? end : other.get(partition)!]))
}

const closed = () => new MillraceError('CLOSED', 'The node was stopped.')
