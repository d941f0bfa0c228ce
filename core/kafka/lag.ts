import type { Admin } from 'kafkajs'
import { KafkaClient, RETRY } from './client.ts'
import type { ClusterSettings } from './settings.ts'

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** The next offset the group reads; null where it has not committed. */
  readonly committed: number | null
  /** The offset the next record will get, as read_committed consumers see it. */
  readonly end: number
  /** Offsets that the group has not read. More than records in compacted topics and where transactions were aborted. */
  readonly lag: number
}

export interface GroupLag {
  readonly group: string
  /** Kafka's name of the state, e.g. Stable, Empty, PreparingRebalance. */
  readonly state: string
  /** Null where the broker does not tell: groups of the new consumer protocol (KIP-848) look "Dead" to this client. */
  readonly members: number | null
  readonly partitions: readonly PartitionLag[]
  readonly total: number
}

const PARALLEL = 8

/** Asks a cluster how far consumer groups are behind. One connection, made at the first question, made anew after a failure. */
export class LagReader {
  #open: { client: KafkaClient; admin: Admin } | undefined

  constructor(
    private readonly settings: ClusterSettings,
    private readonly deadlineMs = 8_000
  ) {}

  /**
   * The lag of these groups on topics that `wanted` takes, in the order of `groups`.
   * @throws MillraceError KAFKA_CONNECT_FAILED with the reason in words, also when the deadline has passed
   */
  async read(groups: readonly string[], wanted: (topic: string) => boolean = () => true): Promise<GroupLag[]> {
    const { client, admin } = this.#connection()
    try {
      return await this.#withDeadline(this.#ask(admin, groups, wanted))
    } catch (error) {
      await this.close()
      throw client.explain(error)
    }
  }

  async close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.client.close(() => open.admin.disconnect())
  }

  async #ask(admin: Admin, groups: readonly string[], wanted: (topic: string) => boolean): Promise<GroupLag[]> {
    await admin.connect()
    const described = new Map((await admin.describeGroups([...groups])).groups.map(group => [group.groupId, group]))
    const committed = await inParallel(groups, group => admin.fetchOffsets({ groupId: group }))
    const topics = [...new Set(committed.flat().flatMap(({ topic }) => (wanted(topic) ? topic : [])))]
    const ends = new Map(
      (await inParallel(topics, topic => admin.fetchTopicOffsets(topic))).map((offsets, index) => [topics[index]!, offsets])
    )
    return groups.map((group, index) => {
      const partitions = committed[index]!.flatMap(({ topic, partitions: known }) => partitionsOf(topic, known, ends.get(topic) ?? []))
      const { state = 'Unknown', members = [] } = described.get(group) ?? {}
      const total = partitions.reduce((sum, { lag }) => sum + lag, 0)
      return { group, state, members: state === 'Dead' && partitions.length > 0 ? null : members.length, partitions, total }
    })
  }

  #connection(): { client: KafkaClient; admin: Admin } {
    if (this.#open) return this.#open
    const client = new KafkaClient(this.settings)
    this.#open = { client, admin: client.kafka.admin({ retry: { ...RETRY, retries: 3 } }) }
    return this.#open
  }

  async #withDeadline<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, refuse) => {
      timer = setTimeout(() => refuse(new Error(`Kafka did not answer within ${this.deadlineMs / 1000} s`)), this.deadlineMs)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
      work.catch(() => undefined)
    }
  }
}

interface Committed {
  readonly partition: number
  readonly offset: string
}
interface End {
  readonly partition: number
  readonly high: string
  readonly low: string
}

function partitionsOf(topic: string, known: readonly Committed[], ends: readonly End[]): PartitionLag[] {
  const offsets = new Map(known.map(({ partition, offset }) => [partition, Number(offset)]))
  return ends
    .map(({ partition, high, low }) => {
      const offset = offsets.get(partition) ?? -1
      const committed = offset < 0 ? null : offset
      // What retention has removed cannot be read any more: it is no lag.
      const from = Math.max(committed ?? 0, Number(low))
      return { topic, partition, committed, end: Number(high), lag: Math.max(0, Number(high) - from) }
    })
    .sort((a, b) => a.partition - b.partition)
}

/** Asks for each, eight at a time, and keeps the order. */
async function inParallel<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = new Array(items.length)
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) answers[index] = await ask(items[index]!)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
  return answers
}
