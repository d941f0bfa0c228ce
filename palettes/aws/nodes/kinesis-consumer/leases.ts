import { pause } from '@millrace/node-red-telemetry'
import { AwsError } from '../../core/problem.ts'
import { END, type Lease } from './lease.ts'
import type { ApplicationStart, LeaseTable } from './lease-table.ts'
import type { ShardFacts } from './shards.ts'
import { LeaseWatch, planOf } from './share.ts'

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

export interface LeasesOptions {
  readonly me: string
  readonly leaseMs: number
  readonly checkpointMs: number
  readonly table: LeaseTable
  /** Where a new application begins. */
  start(): Promise<ApplicationStart>
  shards(): Promise<ShardFacts[]>
  open(lease: Lease): HeldReader
  up(): void
  down(error: unknown): void
  /** Other shards are held than before. */
  changed(): void
}

interface Held {
  lease: Lease
  readonly reader: HeldReader
  /** By the own clock, before the table was asked. */
  renewedMs: number
  writtenMs: number
  /** Another reader has asked for it: it gets it by then at the latest. */
  leavesByMs: number | undefined
}

/** A reader that was asked for a shard may still store what is on its way. */
const LEAVES_MS = 5_000
/** Shards that are made by others are looked for so often; those of a shard that ends at once. */
const SHARDS_MS = 30_000
const GOODBYE_MS = 5_000
const MOST_PAUSE_MS = 5_000

/** Shares the shards of a stream with other readers, by the leases of a table. */
export class Leases {
  readonly #held = new Map<string, Held>()
  readonly #watch: LeaseWatch
  readonly #end = new AbortController()
  #start: ApplicationStart | undefined
  #listed: ReadonlySet<string> = new Set()
  #shardsDueMs = 0
  #looksMs = 0
  #total: number | undefined
  #failures = 0
  #running: Promise<void> | undefined

  constructor(private readonly options: LeasesOptions) {
    this.#watch = new LeaseWatch(options.leaseMs)
  }

  get held(): number {
    return this.#held.size
  }
  /** Shards that are not read to their end, whoever reads them; undefined before it has looked. */
  get total(): number | undefined {
    return this.#total
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Whether nobody else can have taken the shard yet. */
  isFresh(shard: string): boolean {
    const held = this.#held.get(shard)
    if (held === undefined || held.leavesByMs !== undefined) return false
    return performance.now() - held.renewedMs < this.options.leaseMs
  }

  /** Looks for new shards at the next turn. */
  lookForShards(): void {
    this.#shardsDueMs = 0
  }

  /** Says how far all is stored, and gives all shards away. */
  async close(): Promise<void> {
    this.#end.abort()
    const limit = pause(GOODBYE_MS, { unref: true })
    await Promise.race([this.#running, limit])
    const { table } = this.options
    const given = [...this.#held.values()].map(({ lease, reader }) =>
      table.give(lease, reader.checkpoint, undefined).catch(() => undefined)
    )
    await Promise.race([Promise.all(given), limit])
    this.#held.clear()
  }

  async #run(): Promise<void> {
    const { leaseMs, checkpointMs, up, down } = this.options
    const { signal } = this.#end
    const turnMs = Math.min(checkpointMs, leaseMs / 4)
    while (!signal.aborted) {
      try {
        await this.#turn()
        this.#failures = 0
        up()
      } catch (error) {
        if (signal.aborted) return
        this.#failures++
        down(error)
      }
      await pause(Math.min(turnMs * 2 ** Math.min(this.#failures, 10), MOST_PAUSE_MS), { signal })
    }
  }

  async #turn(): Promise<void> {
    const { table, leaseMs } = this.options
    if (this.#start === undefined) {
      await table.ready()
      this.#start = await this.#begin()
    }
    await Promise.all([...this.#held.values()].map(held => this.#write(held)))
    const nowMs = performance.now()
    if (nowMs < this.#looksMs && nowMs < this.#shardsDueMs) return
    let leases = await table.all()
    if (nowMs >= this.#shardsDueMs) leases = await this.#compare(leases)
    await this.#share(leases)
    this.#looksMs = nowMs + leaseMs / 3
  }

  async #begin(): Promise<ApplicationStart> {
    const wanted = await this.options.start()
    const found = await this.options.table.begin(wanted)
    const { name } = this.options.table
    const otherwise = (why: string) =>
      new AwsError(
        'KINESIS_APPLICATION_INVALID',
        `The table "${name}" ${why}. Choose another application, or delete the table.`,
        { short: 'application of another stream', needsPerson: true }
      )
    if (found.stream !== wanted.stream) throw otherwise(`is of the stream "${found.stream}"`)
    if (found.createdMs !== wanted.createdMs)
      throw otherwise(`is of a stream "${found.stream}" that was deleted and made anew`)
    return found
  }

  /** Renews a lease, and does with it what is due. */
  async #write(held: Held): Promise<void> {
    const { lease, reader } = held
    const { table, leaseMs, checkpointMs } = this.options
    const { checkpoint } = reader
    const nowMs = performance.now()
    if (checkpoint === END || this.#isLeaving(held, nowMs)) {
      await table.give(lease, checkpoint, checkpoint === END ? undefined : lease.wanted)
      this.#leave(held)
      if (checkpoint === END) this.lookForShards()
      return
    }
    const isNews = checkpoint !== lease.checkpoint && nowMs - held.writtenMs >= checkpointMs
    if (!isNews && nowMs - held.renewedMs < leaseMs / 3) return
    const renewed = await table.renew(lease, checkpoint)
    if (renewed === undefined) {
      this.#leave(held)
      return
    }
    held.lease = renewed
    held.renewedMs = nowMs
    held.writtenMs = nowMs
    if (renewed.wanted === undefined || held.leavesByMs !== undefined) return
    held.leavesByMs = nowMs + LEAVES_MS
    reader.stop()
  }

  #isLeaving({ leavesByMs, reader }: Held, nowMs: number): boolean {
    return leavesByMs !== undefined && (reader.isSettled || nowMs >= leavesByMs)
  }

  #leave({ lease, reader }: Held): void {
    this.#held.delete(lease.shard)
    reader.drop()
    this.options.changed()
  }

  /** Leases for shards that have none; none for shards that are gone. */
  async #compare(leases: readonly Lease[]): Promise<Lease[]> {
    const { table, shards } = this.options
    const found = await shards()
    this.#listed = new Set(found.map(({ shard }) => shard))
    const known = new Set(leases.map(({ shard }) => shard))
    // In their order, so that no reader sees a shard whose parents have no lease yet.
    for (const { shard, parents } of found)
      if (!known.has(shard))
        await table.create(
          shard,
          parents.filter(parent => this.#listed.has(parent)),
          this.#start!.checkpoint
        )
    for (const { shard, checkpoint } of leases)
      if (!this.#listed.has(shard)) {
        this.#held.get(shard)?.reader.gone()
        if (checkpoint === END) await table.forget(shard)
      }
    this.#shardsDueMs = performance.now() + SHARDS_MS
    return table.all()
  }

  async #share(leases: readonly Lease[]): Promise<void> {
    const { me, table, changed } = this.options
    const nowMs = performance.now()
    this.#watch.saw(leases, nowMs)
    this.#total = leases.filter(({ checkpoint }) => checkpoint !== END).length
    // Another one has given it, or it was taken by a request whose answer was lost.
    for (const lease of leases)
      if (lease.owner === me && !this.#held.has(lease.shard) && lease.checkpoint !== END)
        this.#hold(lease, nowMs)
    const isFree = (lease: Lease) => lease.owner !== me && this.#watch.isFree(lease, nowMs)
    const plan = planOf({ me, leases, listed: this.#listed, isFree })
    for (const lease of plan.take) {
      const askedMs = performance.now()
      const taken = await table.take(lease, me)
      if (taken !== undefined) this.#hold(taken, askedMs)
    }
    for (const lease of plan.ask) await table.ask(lease, me)
    changed()
  }

  #hold(lease: Lease, nowMs: number): void {
    if (this.#end.signal.aborted) return
    const reader = this.options.open(lease)
    this.#held.set(lease.shard, {
      lease,
      reader,
      renewedMs: nowMs,
      writtenMs: nowMs,
      leavesByMs: undefined
    })
  }
}
