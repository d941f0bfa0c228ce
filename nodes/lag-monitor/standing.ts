import type { GroupLag, PartitionLag } from '../../core/kafka/admin/lag.ts'

/**
 * A member that lives may leave so long between two commits, until it has shown that it takes
 * longer.
 */
const COMMIT_MS = 20_000
/** Of the longest time between two commits that was seen. */
const PATIENCE = 1.5

/** What one look showed of a partition, and what is known from the looks before. */
interface Seen {
  readonly atMs: number
  readonly end: number
  readonly committed: number
  /** When the committed offset was first seen to be this. */
  readonly sinceMs: number
  /** The end of the partition before that: what the commit may not have known of lies behind it. */
  readonly endBefore: number
  readonly longestMs: number
}

export interface Standing {
  /**
   * Records that were there at the look before and are still not dealt with, beyond what the time
   * between commits explains.
   */
  readonly standingLag: number
  /**
   * For how many seconds the group has committed nothing of what lags; null where its members are
   * here, or nothing lags.
   */
  readonly commitAgeSeconds: number | null
}

/**
 * Tells what is really behind from what is only on its way. A commit says how far a group had come
 * when it was made: what was written since says nothing of it. So of a group of others only that
 * counts which was in the topic before its last commit, as long as its members live and commits
 * come as they did; the position of members of this process is exact.
 */
export class StandingLags {
  #seen = new Map<string, Seen>()
  #current = new Map<string, Seen>()

  /** Call once a look with all its groups. */
  of(lags: readonly GroupLag[], nowMs: number): Standing[] {
    this.#current = new Map()
    const standing = lags.map(lag => this.#ofGroup(lag, nowMs))
    this.#seen = this.#current
    return standing
  }

  /** The time at which a partition's `offset` was not there yet, as far as that was seen. */
  notBefore(group: string, { topic, partition }: PartitionLag, offset: number): number | undefined {
    const seen = this.#seen.get(keyOf(group, topic, partition))
    return seen !== undefined && offset >= seen.end ? seen.atMs : undefined
  }

  #ofGroup(group: GroupLag, nowMs: number): Standing {
    let standingLag = 0
    let oldestMs: number | undefined
    for (const partition of group.partitions) {
      const key = keyOf(group.group, partition.topic, partition.partition)
      const before = this.#seen.get(key)
      const now = look(partition, before, nowMs)
      this.#current.set(key, now)
      standingLag += standingOf(partition, before, now, group.members !== 0)
      if (partition.lag > 0 && partition.position === undefined)
        oldestMs = Math.min(oldestMs ?? now.sinceMs, now.sinceMs)
    }
    return {
      standingLag,
      commitAgeSeconds: oldestMs === undefined ? null : Math.round((nowMs - oldestMs) / 1000)
    }
  }
}

const keyOf = (group: string, topic: string, partition: number) =>
  JSON.stringify([group, topic, partition])

function look({ committed, end, lag }: PartitionLag, before: Seen | undefined, atMs: number): Seen {
  const offset = committed ?? -1
  const seen = { atMs, end, committed: offset }
  // A topic that was made anew counts anew.
  if (before === undefined || end < before.end)
    return { ...seen, sinceMs: atMs, endBefore: end - lag, longestMs: 0 }
  const { sinceMs, endBefore, longestMs } = before
  // While nothing lags there is nothing to commit, and no time passes.
  if (offset === before.committed && lag > 0) return { ...seen, sinceMs, endBefore, longestMs }
  const tookMs = before.committed === offset ? 0 : atMs - sinceMs
  return { ...seen, sinceMs: atMs, endBefore: before.end, longestMs: Math.max(longestMs, tookMs) }
}

function standingOf(
  { end, lag, position }: PartitionLag,
  before: Seen | undefined,
  now: Seen,
  mayCommit: boolean
): number {
  const from = end - lag
  const isOwn = position !== undefined
  // At the first look only that is sure which nobody will commit any more.
  if (before === undefined) return mayCommit || isOwn ? 0 : lag
  const isExplained =
    !isOwn && mayCommit && now.atMs - now.sinceMs < Math.max(COMMIT_MS, now.longestMs * PATIENCE)
  return Math.max(0, Math.min(end, isExplained ? now.endBefore : before.end) - from)
}
