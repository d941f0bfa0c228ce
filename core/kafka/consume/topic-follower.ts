import { backoffMs, pause, Restarts, retrying } from '../../backoff.ts'
import { MillraceError } from '../../errors.ts'
import type { Admin, LogEnd, PartitionEnds } from '../admin/admin.ts'
import type { SharedAdmin } from '../admin/shared-admin.ts'
import { Health, type HealthEvents } from '../health.ts'
import type { KafkaClient, KafkaReader, KafkaRecord, ReadBatch } from '../port.ts'
import { orTopicMissing } from '../topic-missing.ts'
import { type Ends, lowerOf, Positions } from './positions.ts'
import { isAnother, type LastRead, type LastRecord } from './same-topic.ts'

export interface FollowerOptions {
  readonly client: KafkaClient
  readonly admin: SharedAdmin
  readonly topic: string
  /** Milliseconds since 1970: what was written before is not read. */
  readonly sinceMs: number
}

export interface FollowerEvents extends HealthEvents {
  /** Committed records of one partition, in order. */
  read(messages: readonly KafkaRecord[], partition: number): void
  /**
   * The topic was deleted and made anew: what was read is not in it, and it is read from its
   * beginning.
   */
  anew(): void
}

/** The ends of those that hold anything. */
const holding = (offsets: readonly PartitionEnds[]): Ends =>
  new Map(offsets.flatMap(({ partition, low, high }) => (high > low ? [[partition, high]] : [])))

/**
 * The reader's own ghost, left by a coordinator that was restarted, keeps it waiting for so long.
 */
const SESSION_TIMEOUT_MS = 10_000
const CLOSE_GRACE_MS = 1_000

/**
 * Reads along what is written to all partitions of a topic, by whomever, for ever, and knows when
 * it has seen all there is. A reader that has ended is replaced by one that goes on where it was.
 */
export class TopicFollower {
  readonly #health: Health
  readonly #positions = new Positions()
  readonly #last = new Map<number, LastRecord>()
  /** What was read before an interruption, until it is known that the topic is still the same. */
  #doubtful: LastRead | undefined
  /** The same while it is being looked at. */
  #looking: LastRead | undefined
  #reader: KafkaReader | undefined
  readonly #restarts = new Restarts(() => void this.#run(), { initialMs: 500, maxMs: 10_000 })
  readonly #closing = new AbortController()

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
   * Resolves once `read` was given all that was committed to the topic when this was called,
   * however long that takes. What a leader had taken by then and replicas had not is waited for: it
   * can be read later on, though nobody was told that it was taken. True if that is all that is in
   * the topic; else a transaction is under way, or it is not known.
   * @throws MillraceError CLOSED
   */
  async caughtUp(): Promise<boolean> {
    const replicated = await this.#replicated()
    const stable = await this.#ends()
    let ends = holding(stable)
    // What the topic ended with may be gone before it is read: by retention, or with the topic.
    while (!(await this.#positions.reach(ends))) ends = lowerOf(ends, holding(await this.#ends()))
    const highOf = new Map(stable.map(({ partition, high }) => [partition, high]))
    const isStable = (end: LogEnd) => end.replicated <= (highOf.get(end.partition) ?? 0n)
    return replicated?.every(isStable) ?? false
  }

  /** Within about 3 s, even when the broker is dead. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#health.close()
    this.#restarts.end()
    this.#positions.close()
    await this.#reader?.close(CLOSE_GRACE_MS)
  }

  /**
   * Resolves once all that the leaders' logs hold now can be read, or is in no log any more, with
   * where the logs end; undefined where brokers do not tell.
   */
  async #replicated(): Promise<readonly LogEnd[] | undefined> {
    const { topic } = this.options
    let open: Map<number, bigint> | undefined
    let ends: readonly LogEnd[] | undefined
    for (let attempt = 0; open === undefined || open.size > 0; attempt++) {
      if (attempt > 0)
        await pause(backoffMs(attempt - 1, { initialMs: 10, maxMs: 500 }), { unref: true })
      ends = await this.#ask(asked => asked.logEnds(topic))
      const before = open
      open = new Map()
      for (const { partition, replicated, end } of ends ?? []) {
        const wanted = before === undefined ? end : (before.get(partition) ?? 0n)
        // A new leader may have less: then the rest is lost, and was never acknowledged.
        const goal = wanted < end ? wanted : end
        if (replicated < goal) open.set(partition, goal)
      }
    }
    return ends
  }

  /** Where the partitions end: the last stable offset where transactions are under way. */
  async #ends(): Promise<readonly PartitionEnds[]> {
    let before = this.#positions.copy()
    const offsets = await this.#ask(asked => {
      // Reading goes on while the broker answers.
      before = this.#positions.copy()
      return asked.listOffsets(this.options.topic)
    })
    const highOf = new Map(offsets.map(({ partition, high }) => [partition, high]))
    const isAnew = [...before].some(
      ([partition, position]) => (highOf.get(partition) ?? 0n) < position
    )
    if (isAnew) this.#beginAnew()
    return offsets
  }

  /** Asks until there is an answer. @throws MillraceError CLOSED */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const { signal } = this.#closing
    try {
      if (!signal.aborted)
        return await retrying(() => this.options.admin.ask(question), {
          backoff: { maxMs: 5_000 },
          signal,
          unref: true,
          onRetry: error => this.#health.trouble(this.#explain(error))
        })
    } catch (error) {
      if (!signal.aborted) throw error
    }
    throw new MillraceError('CLOSED', 'The node was stopped.')
  }

  #beginAnew(): void {
    this.#positions.begin(new Map())
    this.#last.clear()
    this.#doubtful = this.#looking = undefined
    this.events.anew()
    this.#replace()
  }

  async #run(): Promise<void> {
    const { client, topic } = this.options
    const isCurrent = () => reader === this.#reader && !this.#closing.signal.aborted
    const positions = () => this.#positions.copy()
    const options = { topic, positions, sessionTimeoutMs: SESSION_TIMEOUT_MS }
    const reader = client.reader(options, {
      batch: batch => {
        if (isCurrent()) this.#take(batch)
      },
      passed: (partition, nextOffset) => {
        if (isCurrent()) this.#positions.set(partition, nextOffset)
      },
      answered: () => {
        if (!isCurrent()) return
        this.#restarts.works()
        this.#health.works()
        if (this.#doubtful !== undefined) void this.#verify(this.#doubtful)
      },
      trouble: error => this.#interrupted(error),
      ended: error => {
        if (isCurrent()) this.#failed(error)
      }
    })
    this.#reader = reader
    try {
      if (!this.#positions.isKnown) this.#positions.begin(await this.#first())
      if (isCurrent()) reader.start()
    } catch (error) {
      if (isCurrent()) this.#failed(this.#explain(error))
    }
  }

  #take({ partition, messages }: ReadBatch): void {
    // A reader goes back to the beginning by itself where the topic ends before its position.
    if (BigInt(messages[0]?.offset ?? 0) < this.#positions.of(partition)) this.#beginAnew()
    else {
      const last = messages.at(-1)
      if (last !== undefined)
        this.#last.set(partition, { offset: last.offset, timestamp: last.timestamp })
      this.events.read(messages, partition)
    }
  }

  /** Meanwhile the topic may be deleted and made anew. */
  #interrupted(error: MillraceError): void {
    // What is being looked at may be answered too late: what was read since says less.
    this.#doubtful ??= new Map(this.#looking ?? this.#last)
    this.#health.trouble(error)
  }

  async #verify(read: LastRead): Promise<void> {
    this.#doubtful = undefined
    this.#looking = read
    const { admin, topic } = this.options
    const ask = admin.ask(asked => isAnother(asked, topic, read))
    const isAnew = await ask.catch(() => undefined)
    if (this.#closing.signal.aborted || this.#looking !== read) return
    this.#looking = undefined
    // Who gives no answer is asked again.
    if (isAnew === undefined) this.#doubtful ??= read
    else if (isAnew) this.#beginAnew()
  }

  async #first(): Promise<Ends> {
    const { admin, topic, sinceMs } = this.options
    const offsets = await admin.ask(asked => asked.offsetsSince(topic, sinceMs))
    return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
  }

  #explain = (error: unknown) => orTopicMissing(error as MillraceError, [this.options.topic])

  #failed(error: MillraceError): void {
    this.#interrupted(error)
    this.#replace()
  }

  #replace(): void {
    const reader = this.#reader
    if (reader === undefined) return
    this.#reader = undefined
    void reader.close(CLOSE_GRACE_MS)
    this.#restarts.later()
  }
}
