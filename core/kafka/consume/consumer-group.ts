import type { Consumer, EachBatchPayload, LogEntry, OffsetsByTopicPartition } from 'kafkajs'
import { backoffMs } from '../../backoff.ts'
import { MillraceError, reasonOf } from '../../errors.ts'
import { Health } from '../health.ts'
import { KafkaClient, RETRY, wait } from '../kafkajs/client.ts'
import { registerCodecs } from '../kafkajs/compression.ts'
import { protocolErrorOf } from '../kafkajs/connect-errors.ts'
import type { ClusterSettings } from '../settings.ts'
import { FetchPace } from './fetch-pace.ts'
import { FetchWatch } from './fetch-watch.ts'
import { GroupLedgers } from './group-ledgers.ts'
import type { FetchedBatch, GroupEvents, GroupOptions } from './group-options.ts'
import { PartitionTransaction } from './partition-transaction.ts'
import { type Assignment, lostSentence, partitionOffsets, type Start, startOffsets } from './start-offsets.ts'

export type { FetchedBatch, GroupEvents, GroupOptions }

const COMMIT_EVERY_MS = 1_000
/** How long an idle fetch waits at the broker, and at most how long a resumed partition waits for its first fetch. */
const MAX_WAIT_MS = 200
/** After a crash of the broker the member id is forgotten, and rejoining waits for the ghost's session to end. */
const SESSION_TIMEOUT_MS = 15_000
const HEARTBEAT_MS = 2_000
/** A consumer that has fetched for so long, though nothing came, does not crash of what it reads. */
const PROVEN_MS = 2_000
/** For the last commit, and to leave the group: the fetch that is under way has to come back before. */
const CLOSE_GRACE_MS = 2_000
/** Partitions that are taken over at a time, so that none waits for the pause after another. */
const SIDE_BY_SIDE = 32

/** What the coordinator of a group answers while it starts or moves to another broker. */
const PASSES = new Set(['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP'])

/** Of the names that kafkajs gives to errors. */
const IS_CONNECTION_ERROR = /Connection|Timeout|RetriesExceeded|Broker|Metadata/
const LEAVE_MS = 1_000

type Commit = (offsets: OffsetsByTopicPartition) => Promise<void>

/**
 * A member of a consumer group that hands batches over and returns at once, so that the fetch loop goes on heartbeating
 * however long they take. Commits what was dealt with once a second, when leaving and at a rebalance; never for a
 * generation that is over. A consumer that crashed is replaced.
 */
export class ConsumerGroup {
  #client: KafkaClient | undefined
  #consumer: Consumer | undefined
  #commit: Commit | undefined
  #committing: Promise<void> | undefined
  readonly #ledgers = new GroupLedgers()
  readonly #pace = new FetchPace()
  readonly #watch = new FetchWatch()
  #generation = 0
  /** It is known where to read from. */
  #ready = false
  #readyMs = 0
  #timer: NodeJS.Timeout | undefined
  #restart: NodeJS.Timeout | undefined
  #crashes = 0
  #closed = false

  readonly #health: Health

  constructor(
    private readonly options: GroupOptions,
    private readonly events: GroupEvents
  ) {
    this.#health = new Health(events)
  }

  /** Joins the group, however long that takes; see the events for how it goes. */
  start(): void {
    this.#timer = setInterval(() => void this.#commitNow(), COMMIT_EVERY_MS)
    void this.#run()
  }

  /** Until the generation is ready nothing is fetched, and `assigned` says when to look anew. */
  pause(topic: string, partition: number): void {
    this.#ifReady(consumer => consumer.pause([{ topic, partitions: [partition] }]))
  }
  resume(topic: string, partition: number): void {
    this.#ifReady(consumer => consumer.resume([{ topic, partitions: [partition] }]))
  }

  #ifReady(act: (consumer: Consumer) => void): void {
    if (!this.#ready || this.#consumer === undefined) return
    try {
      act(this.#consumer)
    } catch {
      // kafkajs throws while its consumer is crashing, before it tells of the crash
    }
  }

  /** For batches of this partition, where offsets are committed elsewhere. */
  transaction(topic: string, partition: number, timeoutMs: number): PartitionTransaction {
    const { settings, admin, groupId } = this.options
    return new PartitionTransaction({ settings, admin, groupId, topic, partition, timeoutMs }, error => this.#health.trouble(error))
  }

  /** Offsets of the assigned partitions that were not dealt with. */
  get lag(): number {
    return this.#ledgers.lag
  }

  /** It has partitions, and reads them or is about to. */
  get isReady(): boolean {
    return this.#ready
  }
  /** For how long a broker has not answered. */
  get silentMs(): number {
    return this.#watch.waitingMs(performance.now())
  }

  get settings(): ClusterSettings {
    return this.options.settings
  }
  get groupId(): string {
    return this.options.groupId
  }
  get isClosed(): boolean {
    return this.#closed
  }
  /** The first offset of each assigned partition that was not dealt with; empty while it is not known which these are. */
  get positions(): ReadonlyMap<string, number> {
    return this.#ready ? this.#ledgers.positions : new Map()
  }

  /** Commits what was dealt with and leaves the group, within about 4 s, even when the broker is dead. */
  async close(): Promise<void> {
    this.#closed = true
    this.#health.close()
    clearInterval(this.#timer)
    clearTimeout(this.#restart)
    const consumer = this.#consumer
    await this.#client?.close(async () => {
      await this.#committing
      await this.#commitNow()
      await consumer?.disconnect()
    }, CLOSE_GRACE_MS)
    this.#generation++
  }

  async #run(): Promise<void> {
    const { settings, groupId, topics, outOfRange, readUncommitted, maxBytesPerPartition } = this.options
    registerCodecs()
    const client = new KafkaClient(settings, {
      trouble: error => this.#health.trouble(error),
      log: entry => this.#logged(client, entry)
    })
    const consumer = client.kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      readUncommitted,
      sessionTimeout: this.options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: 60_000,
      metadataMaxAge: this.options.metadataMaxAgeMs ?? 60_000,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition,
      retry: { ...RETRY, restartOnFailure: async () => false }
    })
    this.#client = client
    this.#consumer = consumer
    this.#commit = undefined
    this.#listen(consumer)
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics], fromBeginning: outOfRange !== 'latest' })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: SIDE_BY_SIDE,
        eachBatch: payload => this.#take(consumer, payload)
      })
    } catch (error) {
      this.#crashed(client, consumer, error)
    }
  }

  #listen(consumer: Consumer): void {
    const { FETCH, FETCH_START, GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH, END_BATCH_PROCESS, RECEIVED_UNSUBSCRIBED_TOPICS } =
      consumer.events
    consumer.on(GROUP_JOIN, ({ payload }) => {
      if (consumer !== this.#consumer || this.#closed) return
      const assignments = Object.entries(payload.memberAssignment).map(([topic, partitions]) => ({ topic, partitions }))
      this.#joined(consumer, assignments)
    })
    consumer.on(FETCH_START, ({ payload }) => {
      if (consumer === this.#consumer) this.#watch.asked(payload.nodeId, performance.now())
    })
    consumer.on(FETCH, ({ payload }) => {
      if (consumer !== this.#consumer) return
      const nowMs = performance.now()
      this.#watch.answered(payload.nodeId)
      this.#pace.answered(nowMs)
      if (this.#ready && nowMs - this.#readyMs >= PROVEN_MS) this.#proven()
    })
    consumer.on(HEARTBEAT, () => {
      if (this.#ready && this.#crashes === 0) this.#health.works()
    })
    consumer.on(REBALANCING, () => void this.#commitNow())
    consumer.on(CRASH, ({ payload }) => this.#crashed(this.#client, consumer, payload.error))
    // kafkajs shares out the topics of one member among all, so the others' are read by nobody.
    consumer.on(RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload: { groupId, topicsNotSubscribed } }) => {
      const others = topicsNotSubscribed.map(topic => `"${topic}"`).join(', ')
      this.events.notice(
        `Another member of the group "${groupId}" reads ${others}: all members of a group must read the same topics. Choose another group.`
      )
    })
    // A batch that holds nothing but transaction markers or aborted records never reaches eachBatch.
    consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      const { batchSize, topic, partition, lastOffset } = payload
      if (batchSize > 0 || consumer !== this.#consumer) return
      this.#proven()
      const passed = this.#ledgers.of(topic, partition)?.open(BigInt(lastOffset) + 1n)
      passed?.done()
    })
  }

  /** It reads: what a fetch brings may be what a consumer crashes of, again and again, so joining the group proves nothing. */
  #proven(): void {
    this.#crashes = 0
    this.#health.works()
  }

  /** Runs before the first fetch of the generation. `paused()` survives a rebalance, so all are resumed by name. */
  #joined(consumer: Consumer, assignments: readonly Assignment[]): void {
    const generation = ++this.#generation
    this.#ready = false
    this.#ledgers.setAside()
    consumer.resume(consumer.paused())
    consumer.pause(assignments.map(({ topic, partitions }) => ({ topic, partitions: [...partitions] })))
    // kafkajs throws while its consumer is crashing
    this.#begin(generation, consumer, assignments).catch(error => this.#crashed(this.#client, consumer, error))
  }

  async #begin(generation: number, consumer: Consumer, assignments: readonly Assignment[]): Promise<void> {
    const starts = await this.#position(generation, assignments)
    if (starts === undefined || generation !== this.#generation || this.#closed) return
    const { seeks, isKept } = this.#ledgers.begin(starts)
    for (const seek of seeks) consumer.seek(seek)
    if (this.options.commits === 'elsewhere' && !(await this.#commitStarts(generation, consumer, starts))) return
    this.#ready = true
    this.#readyMs = performance.now()
    if (this.#crashes === 0 || assignments.length === 0) this.#health.works()
    consumer.resume(assignments.map(({ topic, partitions }) => ({ topic, partitions: [...partitions] })))
    this.events.assigned(assignments, isKept)
  }

  /**
   * Where a group begins must be known before it has dealt with anything: else what comes while it is away the first time
   * is skipped. False if the generation is over.
   */
  async #commitStarts(generation: number, consumer: Consumer, starts: readonly Start[]): Promise<boolean> {
    const offsets = starts.flatMap(({ topic, partition, seek }) => (seek === undefined ? [] : [{ topic, partition, offset: String(seek) }]))
    for (let attempt = 0; generation === this.#generation && !this.#closed; attempt++) {
      try {
        if (offsets.length > 0) await consumer.commitOffsets(offsets)
        return generation === this.#generation && !this.#closed
      } catch (error) {
        this.#health.fails(this.#explain(error))
        await new Promise(resolve => setTimeout(resolve, backoffMs(attempt, { maxMs: 5_000 })).unref())
      }
    }
    return false
  }

  /** Finds where to read from before anything is read. Undefined if the generation is over, or the group was stopped. */
  async #position(generation: number, assignments: readonly Assignment[]): Promise<Start[] | undefined> {
    const { admin, groupId, outOfRange } = this.options
    for (let attempt = 0; generation === this.#generation && !this.#closed; attempt++) {
      try {
        const starts = startOffsets(await admin.ask(asked => partitionOffsets(asked, groupId, assignments)), this.options)
        if (generation !== this.#generation) return undefined
        const lost = starts.filter(({ isLost }) => isLost)
        for (const start of lost) this.events.notice(lostSentence(start, outOfRange))
        if (lost.length > 0 && outOfRange === 'stop') {
          this.#stop(new MillraceError('KAFKA_OFFSET_LOST', lost.map(start => lostSentence(start, outOfRange)).join(' ')))
          return undefined
        }
        return starts
      } catch (error) {
        this.#health.fails(this.#explain(error))
        await new Promise(resolve => setTimeout(resolve, backoffMs(attempt, { maxMs: 5_000 })).unref())
      }
    }
    return undefined
  }

  /** An error that left this function would stop kafkajs for good, so none does. */
  async #take(consumer: Consumer, { batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    if (consumer !== this.#consumer) return
    this.#commit = commitOffsetsIfNecessary
    const { topic, partition, messages } = batch
    const ledger = this.#ledgers.of(topic, partition)
    if (ledger === undefined || this.#closed) return
    const last = batch.lastOffset()
    ledger.end = BigInt(batch.highWatermark)
    try {
      this.events.batch({
        topic,
        partition,
        messages,
        nextOffset: BigInt(last) + 1n,
        part: nextOffset => ledger.open(nextOffset)
      })
      resolveOffset(last)
      this.#proven()
      this.#pace.add(messages.length)
      await this.#untilNextFetch()
    } catch (error) {
      // Nobody knows how much of it was taken over, so all is read again.
      this.#ledgers.forget()
      this.#crashed(this.#client, this.#consumer, error)
    }
  }

  /** Of the partitions of one fetch, which are taken over at once, each waits; the next fetch begins when all have. */
  async #untilNextFetch(): Promise<void> {
    await null
    const waitMs = this.#pace.waitMs(performance.now())
    if (waitMs >= 1) await new Promise(resolve => setTimeout(resolve, waitMs))
  }

  /**
   * By the function that belongs to a batch: unlike `consumer.commitOffsets` it does not try again on its own, which would
   * carry offsets of an old generation into the next and rewind another member.
   */
  async #commitNow(): Promise<void> {
    const consumer = this.#consumer
    if (this.#committing !== undefined || consumer === undefined || this.options.commits === 'elsewhere') return
    const generation = this.#generation
    const due = this.#ledgers.due()
    if (due === undefined) return
    const commit: Commit = this.#commit ?? (offsets => consumer.commitOffsets(flat(offsets)))
    this.#committing = commit({ topics: due.topics }).then(
      () => {
        if (generation === this.#generation) due.committed()
      },
      // The next second commits again what is still ours then.
      () => undefined
    )
    await this.#committing
    this.#committing = undefined
  }

  #crashed(client: KafkaClient | undefined, consumer: Consumer | undefined, error: unknown): void {
    if (consumer !== this.#consumer || this.#closed) return
    this.#consumer = undefined
    this.#commit = undefined
    this.#generation++
    this.#ready = false
    this.#watch.clear()
    this.#ledgers.setAside()
    if (PASSES.has(protocolErrorOf(error) ?? '')) this.#health.waits(this.#explain(error))
    else this.#health.fails(this.#explain(error))
    void client?.close(async () => consumer?.disconnect(), 1_000)
    this.#restart = setTimeout(() => void this.#run(), backoffMs(this.#crashes++, { initialMs: 500, maxMs: 10_000 }))
  }

  #stop(error: MillraceError): void {
    void this.close()
    this.events.stopped(error)
  }

  #explain(error: unknown): MillraceError {
    if (error instanceof MillraceError) return error
    if (protocolErrorOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') {
      const names = this.options.topics.map(topic => `"${topic}"`).join(', ')
      return new MillraceError('KAFKA_TOPIC_MISSING', `The topic ${names} does not exist, or not all of these do.`, { cause: error })
    }
    return this.#client?.explain(error) ?? new MillraceError('KAFKA_CONNECT_FAILED', reasonOf(error), { cause: error })
  }

  #logged(client: KafkaClient, { namespace, log }: LogEntry): void {
    // kafkajs closes its connections before it tells of the crash, and waits up to a minute for dead ones. Where they live, it
    // must leave the group: a member that vanishes keeps the others waiting for its session to end.
    if (namespace === 'Consumer' && log.message.startsWith('Crash')) {
      const leaveMs = IS_CONNECTION_ERROR.test(log.message) ? 0 : LEAVE_MS
      void client.close(() => (leaveMs === 0 ? Promise.resolve() : wait(leaveMs)), leaveMs)
    }
    if (namespace !== 'ConsumerGroup' || !log.message.startsWith('Offset out of range')) return
    const { outOfRange } = this.options
    const sentence = `Records of partition ${log.partition} of "${log.topic}" were deleted before being read (retention).`
    this.events.notice(sentence)
    if (outOfRange === 'stop') this.#stop(new MillraceError('KAFKA_OFFSET_LOST', sentence))
  }
}

const flat = ({ topics }: OffsetsByTopicPartition) =>
  topics.flatMap(({ topic, partitions }) => partitions.map(({ partition, offset }) => ({ topic, partition, offset })))
