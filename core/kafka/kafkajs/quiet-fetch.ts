import { loadModule } from '../../load-module.ts'

interface Fetched {
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
}

/** So many fetches that brought nothing, one after the other, and nothing is to come. */
const IDLE_FETCHES = 10

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
    if (waits !== undefined) pace(this, waits, some.length > 0)
    return some
  }
}

/** A partition that is resumed waits for the fetch that is under way, so that must be short. */
function pace(group: ConsumerGroup, { usualMs, idleMs }: FetchWaits, hasSome: boolean): void {
  const empty = hasSome || group.paused().length > 0 ? 0 : (emptyOf.get(group) ?? 0) + 1
  emptyOf.set(group, empty)
  group.maxWaitTime = empty >= IDLE_FETCHES ? idleMs : usualMs
}
