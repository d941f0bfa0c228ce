import type { Admin } from '../admin/admin.ts'
import type { Assignment } from '../port.ts'

/** Asks for the offsets of these partitions. */
export async function partitionOffsets(
  admin: Admin,
  groupId: string,
  assignments: readonly Assignment[]
): Promise<PartitionOffsets[]> {
  const topics = assignments.map(({ topic }) => topic)
  const groups = topics.length === 0 ? [] : await admin.committedOffsets(groupId, topics)
  const ends = await Promise.all(topics.map(topic => admin.listOffsets(topic)))
  return assignments.flatMap(({ topic, partitions }, index) => {
    const commits = groups.find(group => group.topic === topic)?.partitions ?? []
    // Kafka adds partitions behind the others; those before are of a member that is only just
    // beginning.
    const begun = commits.filter(({ offset }) => offset >= 0n)
    const lastBegun = Math.max(-1, ...begun.map(({ partition }) => partition))
    return partitions.map(partition => {
      const committed = commits.find(commit => commit.partition === partition)?.offset ?? NOTHING
      const end = ends[index]?.find(found => found.partition === partition)
      const isAdded = lastBegun >= 0 && partition > lastBegun
      // The list of partitions that the admin client knows can be older than the assignment: then
      // this one is new.
      const high = end?.high ?? (committed > 0n ? committed : 0n)
      return { topic, partition, committed, isAdded, low: end?.low ?? 0n, high }
    })
  })
}

/** What Kafka knows of one partition, and what the group has committed there. */
export interface PartitionOffsets {
  readonly topic: string
  readonly partition: number
  /** Of the first record that is still there. */
  readonly low: bigint
  /** Of the record that comes next; for read_committed the last stable offset. */
  readonly high: bigint
  /**
   * -1 if nothing is committed; -2 if the offset was out of range, and a client has committed what
   * it was to do instead.
   */
  readonly committed: bigint
  /** Its number is above those of all partitions in which the group has committed something. */
  readonly isAdded: boolean
}

export interface StartPolicy {
  /** For a group that has committed nothing in the topic. */
  readonly startFrom: 'earliest' | 'latest'
  /** For a committed offset that is no longer, or not yet, in the topic. */
  readonly outOfRange: 'earliest' | 'latest' | 'stop'
  /** Uncommitted records lie above `high`, so offsets there are no error. */
  readonly readUncommitted: boolean
}

export interface StartPosition extends PartitionOffsets {
  /** Where to read from in place of the committed offset; undefined to go on there. */
  readonly seek?: bigint
  /**
   * The committed offset is out of range: records were lost to retention, or the topic was made
   * anew.
   */
  readonly isLost?: true
}

/**
 * Where to read from. A client may decide this by itself only when a fetch fails, commit a literal
 * -1 or -2 then, and skip what is there (kafkajs with `fromBeginning` off).
 */
export function startOffsets(
  partitions: readonly PartitionOffsets[],
  policy: StartPolicy
): StartPosition[] {
  return partitions.map(offsets => {
    const { low, high, committed, isAdded } = offsets
    if (committed === NOTHING) {
      // A partition added to a topic that the group reads already: its first records are news,
      // whatever the policy.
      const earliest = isAdded || policy.startFrom === 'earliest'
      return { ...offsets, seek: earliest ? low : high }
    }
    if (committed >= low && (committed <= high || policy.readUncommitted)) return offsets
    return { ...offsets, seek: policy.outOfRange === 'latest' ? high : low, isLost: true }
  })
}

const NOTHING = -1n

/** What happened, for the log: which records are gone, and where reading goes on. */
export function lostSentence(start: StartPosition, policy: StartPolicy['outOfRange']): string {
  const { topic, partition, seek, committed, low, high } = start
  const why =
    committed < 0n
      ? 'what came next was deleted before being read (retention)'
      : committed < low
        ? `${low - committed === 1n ? '1 record was' : `${low - committed} records were`} deleted before being read (retention)`
        : `the topic ends at ${high}; it may have been deleted and made anew`
  const then =
    policy === 'stop'
      ? 'The node stops, as it was told to'
      : `Reading goes on at ${seek ?? low} (${policy})`
  return `Partition ${partition} of "${topic}" ${committed < 0n ? 'was being read' : `was read up to ${committed}`}, but ${why}. ${then}.`
}
