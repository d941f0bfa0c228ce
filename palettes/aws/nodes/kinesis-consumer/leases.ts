import { pause } from '@millrace/node-red-telemetry'
import { AwsError } from '../../core/problem.ts'
import { HeldLease, type HeldReader } from './held-lease.ts'
import { END, type Lease } from './lease.ts'
import type { ApplicationStart, LeaseTable } from './lease-table.ts'
import type { ShardFacts } from './shards.ts'
import { LeaseWatch, planOf } from './share.ts'

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

/** What the table said, and when it was asked. */
interface Scan {
  readonly leases: readonly Lease[]
  readonly askedMs: number
}

/** Shards that are made by others are looked for so often; those of a shard that ends at once. */
const SHARDS_MS = 30_000
const GOODBYE_MS = 5_000
const MOST_PAUSE_MS = 5_000

/** Shares the shards of a stream with other readers, by the leases of a table. */
export class Leases {
  readonly #held = new Map<string, HeldLease>()
  /** When shards were left: what the table said before is not so any more. */
  readonly #leftMs = new Map<string, number>()
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
    return this.#held.get(shard)?.isFresh ?? false
  }

  /** Looks for new shards at the next turn. */
  lookForShards(): void {
    this.#shardsDueMs = 0
  }

  /** Says how far all is stored, and gives all shards away. */
  async close(): Promise<void> {
    this.#end.abort()
    const limit = pause(GOODBYE_MS, { unref: true })
    const ended = [...this.#held.values()].map(held => held.ended())
    await Promise.race([Promise.all([this.#running, ...ended]), limit])
    const given = [...this.#held.values()].map(held => held.giveAway().catch(() => undefined))
    await Promise.race([Promise.all(given), limit])
    this.#held.clear()
  }

  async #run(): Promise<void> {
    const { leaseMs, checkpointMs, down } = this.options
    const { signal } = this.#end
    const turnMs = Math.min(checkpointMs, leaseMs / 4)
    while (!signal.aborted) {
      try {
        await this.#look()
        this.#failures = 0
        this.#up()
      } catch (error) {
        if (signal.aborted) return
        this.#failures++
        down(error)
      }
      await pause(Math.min(turnMs * 2 ** Math.min(this.#failures, 10), MOST_PAUSE_MS), { signal })
    }
  }

  #up(): void {
    if ([...this.#held.values()].every(({ failures }) => failures === 0)) this.options.up()
  }

  /** Who has what, and what of that should be ours. */
  async #look(): Promise<void> {
    const { table, leaseMs } = this.options
    if (this.#start === undefined) {
      await table.ready()
      this.#start = await this.#begin()
    }
    const nowMs = performance.now()
    if (nowMs < this.#looksMs && nowMs < this.#shardsDueMs) return
    let scan = await this.#scan()
    if (nowMs >= this.#shardsDueMs) scan = await this.#compare(scan)
    await this.#share(scan)
    this.#looksMs = nowMs + leaseMs / 3
  }

  async #scan(): Promise<Scan> {
    const askedMs = performance.now()
    try {
      const leases = await this.options.table.all()
      this.#watch.saw(leases, performance.now())
      return { leases, askedMs }
    } catch (error) {
      this.#watch.missed()
      throw error
    }
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

  #left({ shard, reader }: HeldLease): void {
    this.#held.delete(shard)
    this.#leftMs.set(shard, performance.now())
    if (reader.checkpoint === END) this.lookForShards()
    reader.drop()
    this.options.changed()
  }

  /** Leases for shards that have none; none for shards that are gone. */
  async #compare({ leases }: Scan): Promise<Scan> {
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
    return this.#scan()
  }

  async #share({ leases, askedMs }: Scan): Promise<void> {
    const { me, table, leaseMs, changed } = this.options
    this.#total = leases.filter(({ checkpoint }) => checkpoint !== END).length
    // Another one has given it, at an unknown time, or the answer to a request for it was lost.
    for (const lease of leases)
      if (lease.owner === me && this.#isNews(lease, askedMs))
        this.#hold(lease, askedMs - leaseMs / 3)
    const isFree = (lease: Lease) => lease.owner !== me && this.#watch.isFree(lease)
    const plan = planOf({ me, leases, listed: this.#listed, isFree })
    for (const lease of plan.take) {
      const takenMs = performance.now()
      const taken = await table.take(lease, me)
      if (taken !== undefined) this.#hold(taken, takenMs)
    }
    for (const lease of plan.ask) await table.ask(lease, me)
    changed()
  }

  /** It may have been left since the table was asked. */
  #isNews({ shard, checkpoint }: Lease, askedMs: number): boolean {
    if (checkpoint === END || this.#held.has(shard)) return false
    return askedMs > (this.#leftMs.get(shard) ?? 0)
  }

  #hold(lease: Lease, renewedMs: number): void {
    const { table, leaseMs, checkpointMs, open, down } = this.options
    const { signal } = this.#end
    if (signal.aborted) return
    const held = new HeldLease(lease, renewedMs, {
      ...{ table, leaseMs, checkpointMs, signal, down },
      reader: open(lease),
      left: each => this.#left(each)
    })
    this.#leftMs.delete(lease.shard)
    this.#held.set(lease.shard, held)
    held.start()
  }
}
