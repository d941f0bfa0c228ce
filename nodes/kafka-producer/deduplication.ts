import type { KafkaMessage as RawMessage } from 'kafkajs'
import { identityOf } from '../../core/dead-letter/identity.ts'
import { reasonOf } from '../../core/errors.ts'
import type { KafkaCluster } from '../../core/kafka/cluster.ts'
import type { TopicFollower } from '../../core/kafka/consume/topic-reader.ts'
import type { HealthEvents } from '../../core/kafka/health.ts'
import type { Parcel, ProduceRecord } from '../../core/kafka/produce/produce-record.ts'
import { acknowledge } from '../../core/kafka/produce/refusals.ts'
import type { TransactionScope } from '../../core/kafka/produce/transaction-scope.ts'
import type { Reason } from '../../core/record/record.ts'
import { Recent } from './recent.ts'
import type { Shipment } from './shipment.ts'

/** The clocks of those who write may differ by so much. */
const SKEW_MS = 60_000
/** A transaction that has not ended after so long never will; the broker's own bound is 15 minutes. */
const OLD_MS = 900_000
/** Reading takes milliseconds, and seconds where a broker lets a new consumer group wait. */
const SLOW_MS = 5_000

export interface DeduplicationOptions {
  readonly cluster: KafkaCluster
  readonly topic: string
  readonly windowMs: number
  /** Writes these, all of one shipment. Their parcel tells what becomes of them; a rejection, that nothing does. */
  readonly write: (shipment: Shipment, records: readonly ProduceRecord[]) => Promise<void>
  readonly failed: (shipment: Shipment, error: Error) => void
  readonly health: HealthEvents
}

/** A record that may be in the topic already. Stands between the record and its shipment. */
export class Candidate implements Parcel {
  open = 1
  reason: Reason | undefined
  /** The same was read from the topic since this was on its way. */
  wasSeen = false
  #record: ProduceRecord | undefined
  #identity = ''
  /** Of the same content, and here while it was on its way: what becomes of it becomes of them. */
  readonly twins: Candidate[] = []
  readonly sinceMs = Date.now()

  constructor(
    readonly shipment: Shipment,
    private readonly settled: (candidate: Candidate) => void
  ) {}

  /** The record, which was made with this as its parcel. */
  get record(): ProduceRecord {
    return this.#record!
  }
  set record(record: ProduceRecord) {
    this.#record = record
    this.#identity = identityOf(record.key, record.value, record.headers)
  }
  get identity(): string {
    return this.#identity
  }

  refused(_record: ProduceRecord, reason: Reason): void {
    this.reason = reason
  }
  finished(): void {
    this.settled(this)
  }
}

interface Waiting {
  readonly shipment: Shipment
  readonly candidates: readonly Candidate[]
}

/**
 * Leaves out records that the topic got within the window, from whomever. Before it decides it has read all that is in the
 * topic: whatever wrote it is dead or has lost the source's partition, or it is under way here.
 */
export class Deduplication {
  readonly #recent: Recent
  readonly #follower: TopicFollower
  /** On their way, by identity; those in a transaction until that is known to be over. */
  readonly #pending = new Map<string, Candidate>()
  #queue: Waiting[] = []
  #running = false
  #askedMs = 0

  constructor(private readonly options: DeduplicationOptions) {
    const { cluster, topic, windowMs, health } = options
    this.#recent = new Recent(windowMs)
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

  /** The parcel of a record that is to be added. */
  candidate(shipment: Shipment): Candidate {
    return new Candidate(shipment, candidate => this.#settled(candidate))
  }

  /** Takes records of a shipment whose parcels are candidates; they are written in the order in which they came. */
  add(shipment: Shipment, records: readonly ProduceRecord[]): void {
    const candidates: Candidate[] = []
    for (const record of records) {
      const candidate = candidateOf(record)
      try {
        candidate.record = record
        candidates.push(candidate)
      } catch (error) {
        const message = `The record cannot be written: ${reasonOf(error)}.`
        shipment.refused(record, { code: 'KAFKA_RECORD_REFUSED', message })
        shipment.less()
      }
    }
    if (candidates.length === 0) return
    this.#queue.push({ shipment, candidates })
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
      const isClosed = await this.#follower.caughtUp().then(
        () => false,
        () => true
      )
      if (isClosed) return
      this.#sweep()
      for (const { shipment, candidates } of waiting) {
        try {
          this.#decide(shipment, candidates)
        } catch (error) {
          this.options.failed(shipment, error as Error)
        }
      }
    }
    this.#running = false
  }

  #decide(shipment: Shipment, candidates: readonly Candidate[]): void {
    const fresh = candidates.filter(candidate => this.#isFresh(candidate))
    if (fresh.length === 0) return
    const records = fresh.map(({ record }) => record)
    this.options.write(shipment, records).catch(error => this.#failed(fresh, error as Error))
  }

  #isFresh(candidate: Candidate): boolean {
    const { identity, shipment } = candidate
    if (this.#recent.has(identity, Date.now())) {
      leaveOut(candidate)
      return false
    }
    const before = this.#pending.get(identity)
    const scope = before?.shipment.transaction
    // In a transaction both are written, or neither is and both come again. For another's end one cannot wait: it may wait for this.
    if (before !== undefined && (scope === undefined || (scope === shipment.transaction && !isUndone(scope)))) {
      if (before.open > 0) before.twins.push(candidate)
      else leaveOut(candidate)
      return false
    }
    this.#pending.set(identity, candidate)
    return true
  }

  #settled(candidate: Candidate): void {
    const { shipment, identity, reason, twins } = candidate
    if (reason !== undefined || shipment.transaction === undefined) this.#forget(candidate)
    if (reason === undefined && shipment.transaction === undefined) this.#recent.add(identity, Date.now(), Date.now())
    for (const twin of twins) {
      if (reason === undefined) leaveOut(twin)
      else refuse(twin, reason)
    }
    if (reason === undefined) shipment.less()
    else refuse(candidate, reason)
  }

  #failed(candidates: readonly Candidate[], error: Error): void {
    for (const candidate of candidates) {
      this.#forget(candidate)
      for (const { shipment } of [candidate, ...candidate.twins]) this.options.failed(shipment, error)
    }
  }

  #forget(candidate: Candidate): void {
    if (this.#pending.get(candidate.identity) === candidate) this.#pending.delete(candidate.identity)
  }

  /** What a transaction holds is in the topic when that is committed; the answer comes before readers see it. */
  #sweep(): void {
    const nowMs = Date.now()
    for (const [identity, { shipment, open, sinceMs }] of this.#pending) {
      if (shipment.transaction === undefined) continue
      if (shipment.transaction.over === 'committed' && open === 0) {
        this.#recent.add(identity, sinceMs, nowMs)
        this.#pending.delete(identity)
      } else if (sinceMs < nowMs - OLD_MS) this.#pending.delete(identity)
    }
  }

  /** Of records whose send has failed: settles those that the topic has, and gives the others. */
  readonly unsent = async (records: readonly ProduceRecord[]): Promise<readonly ProduceRecord[]> => {
    // A node that is being closed reads no more: then all are sent again, as without deduplication.
    await this.#follower.caughtUp().catch(() => undefined)
    acknowledge(records.filter(record => candidateOf(record).wasSeen))
    return records.filter(record => candidateOf(record).open > 0)
  }

  /** The topic was made anew: nothing of what was written is in it. */
  #forgetAll(): void {
    this.#sweep()
    this.#recent.clear()
    for (const candidate of this.#pending.values()) candidate.wasSeen = false
  }

  #read(messages: readonly RawMessage[]): void {
    const nowMs = Date.now()
    for (const { key, value, headers, timestamp } of messages) {
      const identity = identityOf(key, value, headers)
      this.#recent.add(identity, Math.min(Number(timestamp), nowMs), nowMs)
      const pending = this.#pending.get(identity)
      if (pending) pending.wasSeen = true
    }
  }
}

const candidateOf = ({ parcel }: ProduceRecord): Candidate => parcel as Candidate

function leaveOut({ shipment, record }: Candidate): void {
  shipment.repeated(record)
  shipment.less()
}

function refuse({ shipment, record }: Candidate, reason: Reason): void {
  shipment.refused(record, reason)
  shipment.less()
}

const isUndone = (scope: TransactionScope | undefined) => scope?.over === 'undone' || scope?.failure !== undefined
