import { pause, Restarts } from '../../backoff.ts'
import { MillraceError } from '../../errors.ts'
import { everySecond } from '../../every-second.ts'
import { PACES } from '../../pace.ts'
import { Health } from '../health.ts'
import {
  type Assignment,
  answerOf,
  type GroupMember,
  type GroupMemberEvents,
  type GroupMemberOptions,
  type PartitionOffset,
  type ReadBatch
} from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { FetchPace } from './fetch-pace.ts'
import { FetchWatch } from './fetch-watch.ts'
import { GroupCommits } from './group-commits.ts'
import { GroupLedgers } from './group-ledgers.ts'
import type { FetchedBatch, GroupEvents, GroupOptions } from './group-options.ts'
import { deletedSentence, foreignSentence, REPLACED } from './group-sentences.ts'
import { GroupStart } from './group-start.ts'
import { PartitionTransaction } from './partition-transaction.ts'
import { type Still, StillWatch } from './still-watch.ts'

export type { FetchedBatch, GroupEvents, GroupOptions, Still }

/**
 * After a crash of the broker the member id is forgotten, and rejoining waits for the ghost's
 * session to end.
 */
const SESSION_TIMEOUT_MS = 15_000
const METADATA_MAX_AGE_MS = 60_000
/**
 * A consumer that has fetched for so long, though nothing came, does not crash of what it reads.
 */
const PROVEN_MS = 2_000
/**
 * For the last commit, and to leave the group: the fetch that is under way has to come back before.
 */
const CLOSE_GRACE_MS = 2_000
/** A member that stands still for so long is replaced, which mends what is wrong with itself. */
const REPLACE_MS = 30_000
/** Others wait meanwhile, so the next time it takes twice as long. */
const REPLACE_MAX_MS = 30 * 60_000

/** What the coordinator of a group answers while it starts or moves to another broker. */
const PASSES = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP'
])

/**
 * Reads as a member of a consumer group: hands batches over and returns at once, however long they
 * take. Commits what was dealt with once a second, when leaving and at a rebalance; never for a
 * generation that is over. A member that has ended is replaced.
 */
export class ConsumerGroup {
  #member: GroupMember | undefined
  readonly #ledgers = new GroupLedgers()
  readonly #commits = new GroupCommits(this.#ledgers)
  readonly #pace: FetchPace
  readonly #watch = new FetchWatch()
  readonly #stillWatch: StillWatch
  #replaceMs: number
  #generation = 0
  /** It is known where to read from. */
  #ready = false
  #readyMs = 0
  #endCommits = () => {}
  readonly #restarts = new Restarts(() => this.#run(), { initialMs: 500, maxMs: 10_000 })
  #closed = false
  readonly #health: Health
  readonly #start: GroupStart

  constructor(
    private readonly options: GroupOptions,
    private readonly events: GroupEvents
  ) {
    this.#health = new Health(events)
    this.#replaceMs = options.replaceMs ?? REPLACE_MS
    this.#pace = new FetchPace(PACES[options.pace ?? 'balanced'].fetchesMs)
    this.#stillWatch = new StillWatch(options, sentence => events.notice(sentence))
    this.#start = new GroupStart(options, {
      failed: error => this.#health.fails(error),
      notice: sentence => events.notice(sentence),
      stopped: error => this.#stop(error)
    })
  }

  /** Joins the group, however long that takes; see the events for how it goes. */
  start(): void {
    this.#endCommits = everySecond(() => {
      void this.#commitNow()
      this.#look(performance.now())
    })
    this.#run()
  }

  /** Until the generation is ready nothing is fetched, and `assigned` says when to look anew. */
  pause(topic: string, partition: number): void {
    this.#ifReady(member => member.pause([{ topic, partitions: [partition] }]))
  }
  resume(topic: string, partition: number): void {
    this.#ifReady(member => member.resume([{ topic, partitions: [partition] }]))
  }

  #ifReady(act: (member: GroupMember) => void): void {
    if (!this.#ready || this.#member === undefined) return
    try {
      act(this.#member)
    } catch {
      // It is just ending, and has not told yet.
    }
  }

  /** For batches of this partition, where offsets are committed elsewhere. */
  transaction(topic: string, partition: number, timeoutMs: number): PartitionTransaction {
    const { client, admin, groupId } = this.options
    const options = { client, admin, groupId, topic, partition, timeoutMs }
    return new PartitionTransaction(options, error => this.#health.trouble(error))
  }

  /** Reads all again that is not committed, of all partitions: as another member. */
  async readAgain(): Promise<void> {
    await this.#commitNow()
    if (this.#closed) return
    // Also of a member that is just being replaced: the next one goes on with nothing of it.
    this.#ledgers.forget()
    if (this.#member !== undefined) this.#replace()
  }

  /** Offsets of the assigned partitions that were not dealt with. */
  get lag(): number {
    return this.#ledgers.lag
  }

  /** Offsets that were dealt with, and that a sink has gathered and not stored. */
  get gathered(): number {
    return this.#ledgers.gathered
  }

  /** The lag of each partition. */
  get lags(): GroupLedgers['lags'] {
    return this.#ledgers.lags
  }

  /** It has partitions, and reads them or is about to. */
  get isReady(): boolean {
    return this.#ready
  }
  /** For how long a broker has not answered. */
  get silentMs(): number {
    return this.#watch.waitingMs(performance.now())
  }
  /** Why it reads nothing, where the brokers answer and there is something to say of it. */
  get still(): Still | undefined {
    return this.#ready ? this.#stillWatch.still(performance.now()) : undefined
  }

  get settings(): ClusterSettings {
    return this.options.client.settings
  }
  get groupId(): string {
    return this.options.groupId
  }
  get isClosed(): boolean {
    return this.#closed
  }
  /**
   * The first offset of each assigned partition that was not dealt with; empty while it is not
   * known which these are.
   */
  get positions(): ReadonlyMap<string, number> {
    return this.#ready ? this.#ledgers.positions : new Map()
  }

  /**
   * Commits what was dealt with and leaves the group, within about 4 s, even when the broker is
   * dead.
   */
  async close(): Promise<void> {
    this.#closed = true
    this.#health.close()
    this.#endCommits()
    this.#restarts.end()
    await this.#member?.close(CLOSE_GRACE_MS, async () => {
      await this.#commits.underWay
      await this.#commitNow()
    })
    this.#generation++
  }

  #run(): void {
    const { groupId, topics, outOfRange, readUncommitted, maxBytesPerPartition } = this.options
    const options: GroupMemberOptions = {
      groupId,
      topics,
      outOfRange: outOfRange === 'latest' ? 'latest' : 'earliest',
      readUncommitted,
      maxBytesPerPartition,
      sessionTimeoutMs: this.options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      metadataMaxAgeMs: this.options.metadataMaxAgeMs ?? METADATA_MAX_AGE_MS
    }
    const isCurrent = () => member === this.#member
    const member = this.options.client.groupMember(options, this.#eventsOf(isCurrent))
    this.#member = member
    member.start()
  }

  #eventsOf(isCurrent: () => boolean): GroupMemberEvents {
    return {
      joined: assignments => {
        if (isCurrent() && !this.#closed) this.#joined(assignments)
      },
      batch: batch => (isCurrent() ? this.#take(batch) : undefined),
      passed: place => {
        if (isCurrent()) this.#passed(place)
      },
      ends: ends => {
        if (isCurrent()) this.#stillWatch.told(ends, performance.now())
      },
      asked: nodeId => {
        if (isCurrent()) this.#watch.asked(nodeId, performance.now())
      },
      answered: nodeId => {
        if (isCurrent()) this.#answered(nodeId)
      },
      heartbeat: () => {
        if (this.#ready && this.#restarts.inARow === 0) this.#health.works()
      },
      rebalancing: () => void this.#commitNow(),
      foreignTopics: topics => this.events.notice(foreignSentence(this.groupId, topics)),
      deleted: (topic, partition) => this.#deleted(topic, partition),
      trouble: error => this.#health.trouble(error),
      ended: error => {
        if (isCurrent()) this.#crashed(error)
      }
    }
  }

  #answered(nodeId: number): void {
    const nowMs = performance.now()
    this.#watch.answered(nodeId)
    this.#pace.answered(nowMs)
    if (this.#ready && nowMs - this.#readyMs >= PROVEN_MS) this.#proven()
  }

  #passed({ topic, partition, offset }: PartitionOffset): void {
    this.#proven()
    const passed = this.#ledgers.of(topic, partition)?.open(offset)
    passed?.done()
  }

  #deleted(topic: string, partition: number): void {
    const sentence = deletedSentence(topic, partition)
    this.events.notice(sentence)
    if (this.options.outOfRange === 'stop')
      this.#stop(new MillraceError('KAFKA_OFFSET_LOST', sentence))
  }

  /**
   * It reads: what a fetch brings may be what a member ends of, again and again, so joining the
   * group proves nothing.
   */
  #proven(): void {
    this.#restarts.works()
    this.#health.works()
  }

  #joined(assignments: readonly Assignment[]): void {
    const generation = ++this.#generation
    this.#ready = false
    this.#ledgers.setAside()
    this.#begin(generation, this.#member!, assignments).catch(error =>
      this.#crashed(error as MillraceError)
    )
  }

  async #begin(
    generation: number,
    member: GroupMember,
    assignments: readonly Assignment[]
  ): Promise<void> {
    const isOver = () => generation !== this.#generation || this.#closed
    const starts = await this.#start.find(assignments, isOver)
    if (starts === undefined || isOver()) return
    const { seeks, isKept } = this.#ledgers.begin(starts)
    for (const seek of seeks) member.seek(seek)
    const isElsewhere = this.options.commits === 'elsewhere'
    if (isElsewhere && !(await this.#start.commit(member, starts, isOver))) return
    this.#ready = true
    this.#readyMs = performance.now()
    if (this.#restarts.inARow === 0 || assignments.length === 0) this.#health.works()
    this.#stillWatch.begin(this.#readyMs)
    member.resume(assignments)
    this.events.assigned(assignments, isKept)
  }

  /** Undefined where it is not known yet, or not any more, what of the partition was dealt with. */
  #take({ topic, partition, messages, nextOffset, end }: ReadBatch): Promise<void> | undefined {
    const ledger = this.#ledgers.of(topic, partition)
    if (ledger === undefined || this.#closed) return undefined
    ledger.end = end
    this.#stillWatch.moved()
    try {
      this.events.batch({ topic, partition, messages, nextOffset, part: next => ledger.open(next) })
    } catch (error) {
      // Nobody knows how much of it was taken over, so all is read again.
      this.#ledgers.forget()
      throw error
    }
    this.#proven()
    this.#pace.add(messages.length, nextOffset >= end)
    return this.#untilNextFetch()
  }

  /**
   * Of the partitions of one fetch, which are taken over at once, each waits; the next fetch begins
   * when all have.
   */
  async #untilNextFetch(): Promise<void> {
    await null
    const waitMs = this.#pace.waitMs(performance.now())
    if (waitMs >= 1) await pause(waitMs)
  }

  #commitNow(): Promise<void> {
    const generation = this.#generation
    const member = this.options.commits === 'elsewhere' ? undefined : this.#member
    return this.#commits.now(member, () => generation === this.#generation)
  }

  /** What stands still is seen here; that brokers are away is told by others. */
  #look(nowMs: number): void {
    if (!this.#ready || this.#closed || !this.#health.isUp) return
    this.#stillWatch.look(this.#ledgers.all, nowMs)
    const still = this.#stillWatch.still(nowMs)
    if (still?.kind !== 'stuck' || nowMs - still.sinceMs < this.#replaceMs) return
    this.#replaceMs = Math.min(2 * this.#replaceMs, REPLACE_MAX_MS)
    this.events.notice(REPLACED)
    this.#replace()
  }

  #crashed(error: MillraceError): void {
    if (this.#member === undefined || this.#closed) return
    if (PASSES.has(answerOf(error) ?? '')) this.#health.waits(error)
    else this.#health.fails(error)
    this.#replace()
  }

  #replace(): void {
    const member = this.#member
    this.#member = undefined
    this.#generation++
    this.#ready = false
    this.#watch.clear()
    this.#ledgers.setAside()
    void member?.close(1_000)
    this.#restarts.later()
  }

  #stop(error: MillraceError): void {
    void this.close()
    this.events.stopped(error)
  }
}
