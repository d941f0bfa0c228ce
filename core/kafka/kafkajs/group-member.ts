import type {
  Assigner,
  Consumer,
  EachBatchPayload,
  LogEntry,
  OffsetsByTopicPartition,
  PartitionAssigner
} from 'kafkajs'
import { pause } from '../../backoff.ts'
import type {
  Assignment,
  GroupMember,
  GroupMemberEvents,
  GroupMemberOptions,
  PartitionOffset
} from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { orTopicMissing } from '../topic-missing.ts'
import { registerCodecs } from './compression.ts'
import { KafkajsInstance, RETRY } from './instance.ts'
import { kafkajs } from './kafkajs.ts'
import { waitLongerWhenIdle } from './quiet-fetch.ts'

/**
 * How long an idle fetch waits at the broker, and at most how long a resumed partition waits for
 * its first fetch.
 */
const MAX_WAIT_MS = 200
/** Where nothing has come for two seconds, five wake-ups a second cost more than they bring. */
const IDLE_WAIT_MS = 500
const HEARTBEAT_MS = 2_000
/** Partitions that are taken over at a time, so that none waits for the pause after another. */
const SIDE_BY_SIDE = 32
const LEAVE_MS = 1_000

/** Of the names that kafkajs gives to errors. */
const IS_CONNECTION_ERROR = /Connection|Timeout|RetriesExceeded|Broker|Metadata/

type Commit = (offsets: OffsetsByTopicPartition) => Promise<void>

/**
 * A consumer of kafkajs, as long as it lives: it ends at the first error that its own retries do
 * not heal.
 */
export class GroupMemberOfKafkajs implements GroupMember {
  readonly #instance: KafkajsInstance
  readonly #consumer: Consumer
  /**
   * Of the batch that came last: unlike `consumer.commitOffsets` it does not try again on its own.
   */
  #commitOnce: Commit | undefined
  #ended = false

  constructor(
    settings: ClusterSettings,
    private readonly options: GroupMemberOptions,
    private readonly events: GroupMemberEvents
  ) {
    registerCodecs()
    this.#instance = new KafkajsInstance(settings, {
      trouble: error => events.trouble?.(error),
      log: entry => this.#logged(entry)
    })
    this.#consumer = this.#instance.kafka.consumer({
      groupId: options.groupId,
      allowAutoTopicCreation: false,
      readUncommitted: options.readUncommitted,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: 60_000,
      metadataMaxAge: options.metadataMaxAgeMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      partitionAssigners: [config => this.#assigner(config)],
      maxBytesPerPartition: options.maxBytesPerPartition,
      retry: { ...RETRY, restartOnFailure: async () => false }
    })
    this.#listen()
  }

  /** The usual one of kafkajs, which asks for it in place of telling its cluster. */
  #assigner(config: Parameters<PartitionAssigner>[0]): Assigner {
    const ends = this.events.ends.bind(this.events)
    waitLongerWhenIdle(config.cluster, { usualMs: MAX_WAIT_MS, idleMs: IDLE_WAIT_MS, ends })
    return kafkajs().PartitionAssigners.roundRobin(config)
  }

  start(): void {
    this.#run().catch(error => this.#crashed(error))
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer
    const { topics, outOfRange } = this.options
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: outOfRange !== 'latest' })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: SIDE_BY_SIDE,
      eachBatch: payload => this.#take(payload)
    })
  }

  #listen(): void {
    const consumer = this.#consumer
    const { events } = this
    const names = consumer.events
    consumer.on(names.GROUP_JOIN, ({ payload }) => {
      const assigned = Object.entries(payload.memberAssignment)
      this.#joined(assigned.map(([topic, partitions]) => ({ topic, partitions })))
    })
    consumer.on(names.FETCH_START, ({ payload }) => events.asked(payload.nodeId))
    consumer.on(names.FETCH, ({ payload }) => events.answered(payload.nodeId))
    consumer.on(names.HEARTBEAT, () => events.heartbeat())
    consumer.on(names.REBALANCING, () => events.rebalancing())
    consumer.on(names.CRASH, ({ payload }) => this.#crashed(payload.error))
    // kafkajs shares out the topics of one member among all, so the others' are read by nobody.
    consumer.on(names.RECEIVED_UNSUBSCRIBED_TOPICS, ({ payload }) => {
      events.foreignTopics(payload.topicsNotSubscribed)
    })
    // A batch that holds nothing but transaction markers or aborted records never reaches
    // eachBatch.
    consumer.on(names.END_BATCH_PROCESS, ({ payload }) => {
      const { batchSize, topic, partition, lastOffset } = payload
      if (batchSize === 0) events.passed({ topic, partition, offset: BigInt(lastOffset) + 1n })
    })
  }

  /**
   * Runs before the first fetch of the generation. `paused()` survives a rebalance, so all are
   * resumed by name.
   */
  #joined(assignments: readonly Assignment[]): void {
    const consumer = this.#consumer
    try {
      consumer.resume(consumer.paused())
      this.pause(assignments)
    } catch (error) {
      // kafkajs throws while its consumer is crashing
      this.#crashed(error)
      return
    }
    this.events.joined(assignments)
  }

  /** An error that left this function would stop kafkajs for good, so none does. */
  async #take({ batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    if (this.#ended) return
    this.#commitOnce = commitOffsetsIfNecessary
    const { topic, partition, messages } = batch
    const last = batch.lastOffset()
    const nextOffset = BigInt(last) + 1n
    const end = BigInt(batch.highWatermark)
    try {
      const taken = this.events.batch({ topic, partition, messages, nextOffset, end })
      if (taken === undefined) return
      resolveOffset(last)
      await taken
    } catch (error) {
      this.#crashed(error)
    }
  }

  pause(assignments: readonly Assignment[]): void {
    this.#consumer.pause(listed(assignments))
  }
  resume(assignments: readonly Assignment[]): void {
    this.#consumer.resume(listed(assignments))
  }
  seek({ topic, partition, offset }: PartitionOffset): void {
    this.#consumer.seek({ topic, partition, offset: String(offset) })
  }

  commit(offsets: readonly PartitionOffset[]): Promise<void> {
    const commit = this.#commitOnce
    if (commit === undefined) return this.commitPatiently(offsets)
    const topics = new Map<
      string,
      { topic: string; partitions: { partition: number; offset: string }[] }
    >()
    for (const { topic, partition, offset } of offsets) {
      const found = topics.get(topic) ?? { topic, partitions: [] }
      topics.set(topic, found)
      found.partitions.push({ partition, offset: String(offset) })
    }
    return this.#instance.inWords(commit({ topics: [...topics.values()] }))
  }

  commitPatiently(offsets: readonly PartitionOffset[]): Promise<void> {
    const flat = offsets.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: String(offset)
    }))
    return this.#instance.inWords(this.#consumer.commitOffsets(flat))
  }

  async close(graceMs: number, before?: () => Promise<void>): Promise<void> {
    await this.#instance.close(async () => {
      await before?.()
      this.#ended = true
      await this.#consumer.disconnect()
    }, graceMs)
    this.#ended = true
  }

  #crashed(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.events.ended(orTopicMissing(this.#instance.explain(error), this.options.topics))
  }

  #logged({ namespace, log }: LogEntry): void {
    // kafkajs closes its connections before it tells of the crash, and waits up to a minute for
    // dead ones. Where they live, it must leave the group: a member that vanishes keeps the others
    // waiting for its session to end.
    if (namespace === 'Consumer' && log.message.startsWith('Crash')) {
      const leaveMs = IS_CONNECTION_ERROR.test(log.message) ? 0 : LEAVE_MS
      void this.#instance.close(
        () => (leaveMs === 0 ? Promise.resolve() : pause(leaveMs, { unref: true })),
        leaveMs
      )
    }
    if (namespace === 'ConsumerGroup' && log.message.startsWith('Offset out of range')) {
      this.events.deleted(String(log.topic), Number(log.partition))
    }
  }
}

const listed = (assignments: readonly Assignment[]) =>
  assignments.map(({ topic, partitions }) => ({ topic, partitions: [...partitions] }))
