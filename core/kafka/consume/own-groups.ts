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
  /** Offsets that were dealt with, and that a sink has gathered and not stored. */
  readonly gathered: number
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
  settings: ClusterSettings
): ReadonlyMap<string, number> {
  const positions = new Map<string, number>()
  for (const member of membersOf(groupId, settings))
    for (const [key, position] of member.positions) positions.set(key, position)
  return positions
}

/** How many records sinks behind these members have gathered, and not stored. */
export const gatheredOf = (groupId: string, settings: ClusterSettings): number =>
  membersOf(groupId, settings).reduce((sum, { gathered }) => sum + gathered, 0)

function membersOf(groupId: string, { brokers }: ClusterSettings): OwnMember[] {
  for (const member of members) if (member.isClosed) members.delete(member)
  return [...members].filter(
    ({ groupId: group, settings }) =>
      group === groupId && settings.brokers.some(broker => brokers.includes(broker))
  )
}
