import { pause } from '@millrace/node-red-telemetry'
import { END, type Lease } from './lease.ts'
import type { LeaseTable } from './lease-table.ts'

/** What reads a shard. */
export interface HeldReader {
  /** How far it has stored; `END` when all of the shard is. */
  readonly checkpoint: string
  /** Nothing of it is on its way. */
  readonly isSettled: boolean
  /** Reads no more; what is on its way may still be stored. */
  stop(): void
  /** The shard is not ours any more. */
  drop(): void
  /** The shard is not among those of the stream any more. */
  gone(): void
}

export interface HeldLeaseOptions {
  readonly reader: HeldReader
  readonly table: LeaseTable
  readonly leaseMs: number
  readonly checkpointMs: number
  readonly signal: AbortSignal
  down(error: unknown): void
  /** It is not ours any more, or read to its end. */
  left(held: HeldLease): void
}

/** A reader that was asked for a shard may still store what is on its way. */
const LEAVES_MS = 5_000
const MOST_PAUSE_MS = 5_000

/** A lease that we have. It is renewed by itself, however long others wait for an answer. */
export class HeldLease {
  readonly shard: string
  readonly reader: HeldReader
  /** Failed requests in a row. */
  failures = 0
  #writtenMs: number
  /** Another reader has asked for it: it gets it by then at the latest. */
  #leavesByMs: number | undefined
  #isOver = false
  #running: Promise<void> | undefined

  /** @param renewedMs by the own clock, before the table was asked */
  constructor(
    private lease: Lease,
    private renewedMs: number,
    private readonly options: HeldLeaseOptions
  ) {
    this.shard = lease.shard
    this.reader = options.reader
    this.#writtenMs = renewedMs
  }

  /** Whether nobody else can have taken it yet. */
  get isFresh(): boolean {
    return this.#leavesByMs === undefined && this.#isOurs
  }
  get #isOurs(): boolean {
    return performance.now() - this.renewedMs < this.options.leaseMs
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** What was asked of the table has come to its end. */
  ended(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  /** Says how far it is stored, and gives it to whoever comes. */
  async giveAway(): Promise<void> {
    await this.options.table.give(this.lease, this.reader.checkpoint, undefined)
  }

  async #run(): Promise<void> {
    const { signal, down } = this.options
    while (!signal.aborted && !this.#isOver) {
      try {
        await this.#write()
        this.failures = 0
      } catch (error) {
        if (signal.aborted) return
        this.failures++
        down(error)
      }
      await pause(this.#pauseMs, { signal })
    }
  }

  /** After an outage it has to be renewed before others take it for one that nobody has. */
  get #pauseMs(): number {
    const { leaseMs, checkpointMs } = this.options
    const turnMs = Math.min(checkpointMs, leaseMs / 4)
    const mostMs = this.#isOurs ? turnMs : Math.min(MOST_PAUSE_MS, leaseMs / 3)
    return Math.min(turnMs * 2 ** Math.min(this.failures, 10), Math.max(turnMs, mostMs))
  }

  /** Renews it, and does with it what is due. */
  async #write(): Promise<void> {
    const { lease, reader } = this
    const { table, leaseMs, checkpointMs } = this.options
    const { checkpoint } = reader
    const nowMs = performance.now()
    if (checkpoint === END || this.#isLeaving(nowMs)) {
      await table.give(lease, checkpoint, checkpoint === END ? undefined : lease.wanted)
      this.#leave()
      return
    }
    const isNews = checkpoint !== lease.checkpoint && nowMs - this.#writtenMs >= checkpointMs
    if (!isNews && nowMs - this.renewedMs < leaseMs / 3) return
    const renewed = await table.renew(lease, checkpoint)
    if (renewed === undefined) this.#leave()
    else this.#renewed(renewed, nowMs)
  }

  #renewed(lease: Lease, askedMs: number): void {
    this.lease = lease
    this.renewedMs = askedMs
    this.#writtenMs = askedMs
    if (lease.wanted === undefined || this.#leavesByMs !== undefined) return
    this.#leavesByMs = askedMs + LEAVES_MS
    this.reader.stop()
  }

  #isLeaving(nowMs: number): boolean {
    const leavesByMs = this.#leavesByMs
    return leavesByMs !== undefined && (this.reader.isSettled || nowMs >= leavesByMs)
  }

  #leave(): void {
    this.#isOver = true
    this.options.left(this)
  }
}
