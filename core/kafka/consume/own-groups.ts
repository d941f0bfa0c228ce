import type { ClusterSettings } from '../settings.ts'

/** A member of a consumer group in this process. */
interface OwnMember {
  readonly settings: ClusterSettings
  readonly groupId: string
  readonly isClosed: boolean
  /**
   * The first offset that was not dealt with, by `topic/partition`; empty while it is not known
   * which partitions it has.
   */
  readonly positions: ReadonlyMap<string, number>
}

const members = new Set<OwnMember>()

export function rememberMember(member: OwnMember): void {
  members.add(member)
}

/**
 * How far the members in this process have come, of a group of the cluster that has one of these
 * brokers.
 */
export function positionsOf(
  groupId: string,
  { brokers }: ClusterSettings
): ReadonlyMap<string, number> {
  const positions = new Map<string, number>()
  for (const member of members) {
    if (member.isClosed) members.delete(member)
    else if (
      member.groupId === groupId &&
      member.settings.brokers.some(broker => brokers.includes(broker))
    ) {
      for (const [key, position] of member.positions) positions.set(key, position)
    }
  }
  return positions
}
