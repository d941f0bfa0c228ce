import { loadModule } from '../../load-module.ts'
import type { PartitionEnd } from '../port.ts'

/** What a fetch has brought of one partition. */
interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: string
  readonly rawMessages: readonly unknown[]
}
interface Cluster {
  readonly brokerPool: unknown
}
interface ConsumerGroup {
  readonly cluster: Cluster
  maxWaitTime: number
  paused(): readonly unknown[]
  fetch(nodeId: number): Promise<readonly Fetched[]>
}

/** How long a fetch waits at the broker: where records come, and where none have come lately. */
export interface FetchWaits {
  readonly usualMs: number
  readonly idleMs: number
  /** Gets where partitions end, also those of which nothing came. */
  ends?(ends: readonly PartitionEnd[]): void
}

/** So many fetches that brought nothing, one after the other, and nothing is to come. */
const IDLE_FETCHES = 10

/** How often it is told where partitions end, for each broker. */
const TELL_MS = 1_000

const toldMs = new WeakMap<ConsumerGroup, Map<number, number>>()
const waitsOf = new WeakMap<Cluster, FetchWaits>()
const emptyOf = new WeakMap<ConsumerGroup, number>()

/** Has the consumer group that has this cluster of kafkajs wait longer while it is idle. */
export function waitLongerWhenIdle(cluster: unknown, waits: FetchWaits): void {
  waitsOf.set(cluster as Cluster, waits)
}

/**
 * kafkajs 2.2.4 takes every partition of a fetch through all that it does with a batch, those too
 * of which the broker has sent nothing: that is most of them where little comes, and all where
 * nothing does. They are left out here; that the group is still there is told all the same.
 */
export function fetchQuietly(): void {
  const { prototype } = loadModule<{ prototype: ConsumerGroup }>(
    'kafkajs/src/consumer/consumerGroup'
  )
  const fetch = prototype.fetch
  prototype.fetch = async function (nodeId) {
    const all = await fetch.call(this, nodeId)
    const some = all.filter(({ rawMessages }) => rawMessages.length > 0)
    const waits = waitsOf.get(this.cluster)
    if (waits === undefined) return some
    pace(this, waits, some.length > 0)
    if (waits.ends !== undefined && mayTell(this, nodeId)) waits.ends(all.map(endOf))
    return some
  }
}

/** Not with each fetch: there are hundreds a second where much comes. */
function mayTell(group: ConsumerGroup, nodeId: number): boolean {
  const told = toldMs.get(group) ?? new Map<number, number>()
  toldMs.set(group, told)
  const nowMs = performance.now()
  if (nowMs - (told.get(nodeId) ?? 0) < TELL_MS) return false
  told.set(nodeId, nowMs)
  return true
}

const endOf = ({ topic, partition, highWatermark }: Fetched): PartitionEnd => ({
  topic,
  partition,
  end: BigInt(highWatermark)
})

/** A partition that is resumed waits for the fetch that is under way, so that must be short. */
function pace(group: ConsumerGroup, { usualMs, idleMs }: FetchWaits, hasSome: boolean): void {
  const empty = hasSome || group.paused().length > 0 ? 0 : (emptyOf.get(group) ?? 0) + 1
  emptyOf.set(group, empty)
  group.maxWaitTime = empty >= IDLE_FETCHES ? idleMs : usualMs
}
