import { END, type Lease } from './lease.ts'

interface Standing {
  readonly as: string
  readonly forMs: number
}

/**
 * How long each lease stands as it is, by the own clock: clocks of others play no part. A lease
 * that nobody has touched for long enough is nobody's. Only time counts in which its owner could
 * have touched it: that between two looks at the table that came one after the other.
 */
export class LeaseWatch {
  #seen = new Map<string, Standing>()
  /** Of the look before; undefined where that one failed. */
  #sawMs: number | undefined

  constructor(private readonly leaseMs: number) {}

  /** The table cannot be read, and its owner may find it so as well. */
  missed(): void {
    this.#sawMs = undefined
  }

  saw(leases: readonly Lease[], nowMs: number): void {
    // Whoever was stopped for long, a machine that slept, has not watched.
    const passedMs = Math.min(nowMs - (this.#sawMs ?? nowMs), this.leaseMs / 2)
    this.#sawMs = nowMs
    this.#seen = new Map(
      leases.map(({ shard, owner, counter }) => {
        const as = `${counter} ${owner ?? ''}`
        const before = this.#seen.get(shard)
        return [shard, { as, forMs: before?.as === as ? before.forMs + passedMs : 0 }]
      })
    )
  }

  isFree({ shard, owner }: Lease): boolean {
    return owner === undefined || (this.#seen.get(shard)?.forMs ?? 0) >= this.leaseMs
  }
}

/** What a reader sees of the others. */
export interface View {
  readonly me: string
  readonly leases: readonly Lease[]
  /** Shards that Kinesis has. */
  readonly listed: ReadonlySet<string>
  isFree(lease: Lease): boolean
}

export interface Plan {
  /** Leases of nobody, to take. */
  readonly take: readonly Lease[]
  /** Leases of others, to ask them for. */
  readonly ask: readonly Lease[]
}

/** Whether a shard may be read: all that came before it was stored, or is gone from Kinesis. */
export function mayBeRead(
  { checkpoint, parents }: Lease,
  byShard: ReadonlyMap<string, Lease>,
  listed: ReadonlySet<string>
): boolean {
  if (checkpoint === END) return false
  return parents.every(parent => {
    const lease = byShard.get(parent)
    return lease === undefined ? !listed.has(parent) : lease.checkpoint === END
  })
}

/**
 * What to take of the shards, so that all readers come to have as many, one more or less. Free ones
 * first; where there are none, the reader that has most is asked.
 */
export function planOf({ me, leases, listed, isFree }: View): Plan {
  const byShard = new Map(leases.map(lease => [lease.shard, lease]))
  const open = leases.filter(lease => mayBeRead(lease, byShard, listed))
  const free = open.filter(isFree)
  const loads = new Map<string, Lease[]>([[me, []]])
  for (const lease of open) {
    const reader = isFree(lease) ? undefined : (lease.wanted ?? lease.owner)
    if (reader !== undefined) loads.set(reader, [...(loads.get(reader) ?? []), lease])
  }
  const mine = loads.get(me)!.length
  const missing = Math.max(0, Math.ceil(open.length / loads.size) - mine)
  if (free.length > 0) return { take: shuffled(free).slice(0, missing), ask: [] }
  const askable = [...loads.values()]
    .filter(({ length }) => length - mine >= 2)
    .sort((a, b) => b.length - a.length)
    .map(load => ({ load, free: load.filter(({ wanted }) => wanted === undefined) }))
    .find(({ free: { length } }) => length > 0)
  if (askable === undefined) return { take: [], ask: [] }
  const evens = Math.floor((askable.load.length - mine) / 2)
  return { take: [], ask: shuffled(askable.free).slice(0, Math.min(evens, missing)) }
}

/** Several readers that look at the same time shall not all want the same. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map(item => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
