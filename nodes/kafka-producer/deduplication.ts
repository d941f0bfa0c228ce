import { identityOf } from '../../core/dead-letter/identity.ts'
import { reasonOf } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { TopicFollower } from '../../core/kafka/consume/topic-follower.ts'
import type { HealthEvents } from '../../core/kafka/health.ts'
import type { KafkaRecord } from '../../core/kafka/port.ts'
import type { ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import { acknowledge } from '../../core/kafka/produce/refusals.ts'
import type { TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import { Candidate, candidateOf, leaveOut, refuse } from './candidate.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { SeenRecords } from './seen-records.ts'
import { UnreadWrites } from './unread-writes.ts'

/** The clocks of those who write may differ by so much. */
const SKEW_MS = 60_000
/**
 * A transaction that has not ended after so long never will; the broker's own bound is 15 minutes.
 */
const OLD_MS = 900_000
/** Reading takes milliseconds, and seconds where a broker lets a new consumer group wait. */
const SLOW_MS = 5_000

export interface DeduplicationOptions {
  readonly cluster: KafkaCluster
  readonly topic: string
  readonly windowMs: number
  /**
   * Writes these, all of one message. Their callback tells what becomes of them; a rejection, that
   * nothing does.
   */
  readonly write: (message: OutgoingMessage, records: readonly ProduceRecord[]) => Promise<void>
  readonly health: HealthEvents
}

interface Undecided {
  readonly message: OutgoingMessage
  readonly candidates: readonly Candidate[]
}

/**
 * Leaves out records that the topic got within the window, from whomever. Before it decides it has
 * read all that is in the topic: whatever wrote it is dead or has lost the source's partition, or
 * it is under way here.
 */
export class Deduplication {
  readonly #seen: SeenRecords
  readonly #follower: TopicFollower
  /** On their way, by identity; those in a transaction until that is known to be over. */
  readonly #pending = new Map<string, Candidate>()
  readonly #unread = new UnreadWrites()
  #queue: Undecided[] = []
  #running = false
  #askedMs = 0

  constructor(private readonly options: DeduplicationOptions) {
    const { cluster, topic, windowMs, health } = options
    this.#seen = new SeenRecords(windowMs)
    const sinceMs = Date.now() - windowMs - SKEW_MS
    this.#follower = cluster.follower(
      { topic, sinceMs },
      { ...health, read: messages => this.#read(messages), anew: () => this.#forgetAll() }
    )
  }

  start(): void {
    this.#follower.start()
  }

  /** Records wait for the reader longer than reading takes. */
  get isSlow(): boolean {
    return this.#running && performance.now() - this.#askedMs > SLOW_MS
  }

  /** The callback of a record that is to be added. */
  candidate(message: OutgoingMessage): Candidate {
    return new Candidate(message, candidate => this.#settled(candidate))
  }

  /**
   * Takes records of a message whose callbacks are candidates; they are written in the order in
   * which they came.
   */
  add(message: OutgoingMessage, records: readonly ProduceRecord[]): void {
    const candidates: Candidate[] = []
    for (const record of records) {
      const candidate = candidateOf(record)
      try {
        candidate.record = record
        candidates.push(candidate)
      } catch (error) {
        const reason = `The record cannot be written: ${reasonOf(error)}.`
        message.refused(record, { code: 'KAFKA_RECORD_REFUSED', message: reason })
        message.less()
      }
    }
    if (candidates.length === 0) return
    this.#queue.push({ message, candidates })
    void this.#run()
  }

  /** What still waits is not written. */
  close(): Promise<void> {
    this.#queue = []
    return this.#follower.close()
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    while (this.#queue.length > 0) {
      const waiting = this.#queue
      this.#queue = []
      this.#askedMs = performance.now()
      this.#sweep()
      this.#unread.ask()
      const isAll = await this.#follower.caughtUp().catch(() => undefined)
      if (isAll === undefined) return
      if (isAll) for (const identity of this.#unread.missing()) this.#seen.forget(identity)
      this.#sweep()
      for (const { message, candidates } of waiting) {
        try {
          this.#decide(message, candidates)
        } catch (error) {
          message.fail(error as Error)
        }
      }
    }
    this.#running = false
  }

  #decide(message: OutgoingMessage, candidates: readonly Candidate[]): void {
    const fresh = candidates.filter(candidate => this.#isFresh(candidate))
    if (fresh.length === 0) return
    const records = fresh.map(({ record }) => record)
    this.options.write(message, records).catch(error => this.#failed(fresh, error as Error))
  }

  #isFresh(candidate: Candidate): boolean {
    const { identity, message } = candidate
    if (this.#seen.has(identity, Date.now())) {
      leaveOut(candidate)
      return false
    }
    const before = this.#pending.get(identity)
    const scope = before?.message.transaction
    // In a transaction both are written, or neither is and both come again. For another's end one
    // cannot wait: it may wait for this.
    if (
      before !== undefined &&
      (scope === undefined || (scope === message.transaction && !isUndone(scope)))
    ) {
      if (before.open > 0) before.twins.push(candidate)
      else leaveOut(candidate)
      return false
    }
    this.#pending.set(identity, candidate)
    return true
  }

  #settled(candidate: Candidate): void {
    const { message, reason, twins } = candidate
    if (reason !== undefined || message.transaction === undefined) this.#forget(candidate)
    if (reason === undefined && message.transaction === undefined)
      this.#written(candidate, Date.now())
    for (const twin of twins) {
      if (reason === undefined) leaveOut(twin)
      else refuse(twin, reason)
    }
    if (reason === undefined) message.less()
    else refuse(candidate, reason)
  }

  /** Its own reader may have been faster. */
  #written({ identity, wasSeen }: Candidate, atMs: number): void {
    this.#seen.add(identity, atMs, Date.now())
    if (!wasSeen) this.#unread.written(identity)
  }

  #failed(candidates: readonly Candidate[], error: Error): void {
    for (const candidate of candidates) {
      this.#forget(candidate)
      for (const { message } of [candidate, ...candidate.twins]) message.fail(error)
    }
  }

  #forget(candidate: Candidate): void {
    if (this.#pending.get(candidate.identity) === candidate)
      this.#pending.delete(candidate.identity)
  }

  /**
   * What a transaction holds is in the topic when that is committed; the answer comes before
   * readers see it.
   */
  #sweep(): void {
    const nowMs = Date.now()
    for (const [identity, candidate] of this.#pending) {
      const { message, open, sinceMs } = candidate
      if (message.transaction === undefined) continue
      if (message.transaction.over === 'committed' && open === 0) {
        this.#written(candidate, sinceMs)
        this.#pending.delete(identity)
      } else if (sinceMs < nowMs - OLD_MS) this.#pending.delete(identity)
    }
  }

  /** Of records whose send has failed: settles those that the topic has, and gives the others. */
  readonly unsent = async (
    records: readonly ProduceRecord[]
  ): Promise<readonly ProduceRecord[]> => {
    // A node that is being closed reads no more: then all are sent again, as without deduplication.
    await this.#follower.caughtUp().catch(() => undefined)
    acknowledge(records.filter(record => candidateOf(record).wasSeen))
    return records.filter(record => candidateOf(record).open > 0)
  }

  /** The topic was made anew: nothing of what was written is in it. */
  #forgetAll(): void {
    this.#sweep()
    this.#seen.clear()
    this.#unread.clear()
    for (const candidate of this.#pending.values()) candidate.wasSeen = false
  }

  #read(messages: readonly KafkaRecord[]): void {
    const nowMs = Date.now()
    for (const { key, value, headers, timestamp } of messages) {
      const identity = identityOf(key, value, headers)
      this.#seen.add(identity, Math.min(Number(timestamp), nowMs), nowMs)
      this.#unread.read(identity)
      const pending = this.#pending.get(identity)
      if (pending) pending.wasSeen = true
    }
  }
}

const isUndone = (scope: TransactionScope | undefined) =>
  scope?.over === 'undone' || scope?.failure !== undefined
