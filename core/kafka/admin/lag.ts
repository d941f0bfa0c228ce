import type { Admin, CommittedOffset, GroupKind, PartitionEnds } from './admin.ts'

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** The next offset the group reads; null where it has not committed. */
  readonly committed: number | null
  /**
   * The first offset that was not dealt with, where a member of the group in this process has the
   * partition.
   */
  readonly position?: number
  /** The offset the next record will get, as read_committed consumers see it. */
  readonly end: number
  /**
   * Offsets from `position`, else from `committed` to the end. More than records in compacted
   * topics and where transactions were aborted.
   */
  readonly lag: number
}

export interface GroupLag {
  readonly group: string
  readonly kind: GroupKind
  /** Kafka's name of the state, e.g. Stable, Empty, PreparingRebalance. */
  readonly state: string
  /**
   * Null where the broker does not tell: a group that is measured and looks "Dead", as those of the
   * new protocol (KIP-848) do where nobody may describe them.
   */
  readonly members: number | null
  readonly partitions: readonly PartitionLag[]
  readonly total: number
}

/** The lag of these groups on topics that `wanted` takes, in the order of `groups`. */
export async function readLag(
  admin: Admin,
  groups: readonly string[],
  wanted: (topic: string) => boolean = () => true,
  positionsOf: PositionsOf = () => NONE
): Promise<GroupLag[]> {
  const described = new Map(
    (await admin.describeGroups(groups)).map(group => [group.groupId, group])
  )
  // Without topics: one request a group brings them all, a third of the time of asking by topic.
  const committed = await inParallel(groups, group => admin.committedOffsets(group))
  // A group keeps the offsets of a topic for a while after it was deleted.
  const existing = new Set(await admin.listTopics())
  const isMeant = (topic: string) => existing.has(topic) && wanted(topic)
  const begun = groups.flatMap(group => [...positionsOf(group).keys()].map(topicOf))
  const topics = [
    ...new Set([...committed.flat().map(({ topic }) => topic), ...begun].filter(isMeant))
  ]
  const found = await inParallel(topics, topic => admin.listOffsets(topic))
  const ends = new Map(found.map((offsets, index) => [topics[index]!, offsets]))
  return groups.map((group, index) => {
    // Asked after the ends: what was dealt with since they were is no lag.
    const positions = positionsOf(group)
    const commits = new Map(committed[index]!.map(({ topic, partitions: known }) => [topic, known]))
    for (const key of positions.keys()) commits.set(topicOf(key), commits.get(topicOf(key)) ?? [])
    const partitions = [...commits].flatMap(([topic, known]) =>
      partitionsOf(topic, known, ends.get(topic) ?? [], positions)
    )
    const { kind = 'classic', state = 'Unknown', members = 0 } = described.get(group) ?? {}
    const total = partitions.reduce((sum, { lag }) => sum + lag, 0)
    return {
      group,
      kind,
      state,
      members: state === 'Dead' && partitions.length > 0 ? null : members,
      partitions,
      total
    }
  })
}

/** How far the members of a group in this process have come, by `topic/partition`. */
export type PositionsOf = (group: string) => ReadonlyMap<string, number>
const NONE: ReadonlyMap<string, number> = new Map()
const topicOf = (key: string) => key.slice(0, key.lastIndexOf('/'))

function partitionsOf(
  topic: string,
  known: readonly CommittedOffset[],
  ends: readonly PartitionEnds[],
  positions: ReadonlyMap<string, number>
): PartitionLag[] {
  const offsets = new Map(known.map(({ partition, offset }) => [partition, Number(offset)]))
  return ends
    .map(({ partition, high, low }) => {
      const offset = offsets.get(partition) ?? -1
      const committed = offset < 0 ? null : offset
      const position = positions.get(`${topic}/${partition}`)
      // What retention has removed cannot be read any more: it is no lag.
      const from = Math.max(position ?? committed ?? 0, Number(low))
      const lag = Math.max(0, Number(high) - from)
      return {
        topic,
        partition,
        committed,
        ...(position === undefined ? {} : { position }),
        end: Number(high),
        lag
      }
    })
    .sort((a, b) => a.partition - b.partition)
}

const PARALLEL = 8

/** Asks for each, eight at a time, and keeps the order. */
async function inParallel<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>
): Promise<Answer[]> {
  const answers: Answer[] = new Array(items.length)
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++)
      answers[index] = await ask(items[index]!)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
  return answers
}
