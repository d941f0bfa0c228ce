import type { Admin as KafkajsAdmin } from 'kafkajs'
import { pause } from '../../backoff.ts'
import type {
  ClusterDescription,
  CommittedTopic,
  FoundRecord,
  GroupDescription,
  LogEnd,
  NewTopic,
  PartitionEnds,
  RecordPlace
} from '../admin/admin.ts'
import type { AdminConnection } from '../port.ts'
import type { ClusterSettings } from '../settings.ts'
import { orTopicMissing } from '../topic-missing.ts'
import { brokerVersion } from './broker-version.ts'
import { KafkajsInstance } from './instance.ts'
import { kafkajs } from './kafkajs.ts'
import { LogEnds } from './log-ends.ts'
import { LogReader } from './log-reader.ts'
import { NewGroups } from './new-groups.ts'
import { whenKnown } from './when-known.ts'

/** As the protocol numbers what has settings. */
const TOPIC_RESOURCE = 2
const LIMIT_MS = 30_000
const EVERY_MS = 100
/** kafkajs' ConfigResourceTypes, which it declares as an enum and is not loaded for. */
const TOPIC = 2

export class AdminOfKafkajs implements AdminConnection {
  readonly ready: Promise<void>
  readonly #instance: KafkajsInstance
  readonly #admin: KafkajsAdmin
  readonly #log: LogReader
  readonly #ends: LogEnds
  readonly #newGroups: NewGroups
  readonly #shareGroups = new Set<string>()

  constructor(settings: ClusterSettings, retries: number) {
    const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries }
    this.#instance = new KafkajsInstance(settings, {}, { retry })
    this.#admin = this.#instance.kafka.admin()
    this.#log = new LogReader(this.#instance.kafka)
    this.#ends = new LogEnds(this.#instance.kafka)
    this.#newGroups = new NewGroups(this.#instance.kafka)
    this.ready = this.#instance.inWords(this.#admin.connect())
    this.ready.catch(() => undefined)
  }

  async describeCluster(): Promise<ClusterDescription> {
    const { brokers, clusterId } = await this.#ask(this.#admin.describeCluster())
    return { brokers: brokers.map(({ host, port }) => `${host}:${port}`), clusterId }
  }

  /**
   * Whoever does not tell, or has closed the connection at the question, is somebody else than
   * Apache Kafka.
   */
  version(): Promise<string | undefined> {
    return brokerVersion(this.#instance.kafka).catch(() => undefined)
  }

  listTopics(): Promise<string[]> {
    return this.#ask(this.#admin.listTopics())
  }

  /**
   * Not with kafkajs' `waitForLeaders`: it gives up at the first answer of a broker that has not
   * heard of the topic yet.
   */
  async createTopics(wanted: readonly NewTopic[]): Promise<void> {
    const topics = wanted.map(({ topic, partitions = -1, settings = {} }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: -1,
      configEntries: Object.entries(settings).map(([name, value]) => ({ name, value }))
    }))
    await this.#ask(this.#admin.createTopics({ topics, waitForLeaders: false }))
    const endMs = performance.now() + LIMIT_MS
    for (const { topic } of topics) {
      while (!(await this.#hasLeaders(topic))) {
        if (performance.now() > endMs) {
          const limit = `${LIMIT_MS / 1000} s`
          throw this.#instance.explain(
            new Error(`The topic ${topic} was created, but has no leader after ${limit}.`)
          )
        }
        await pause(EVERY_MS, { unref: true })
      }
    }
  }

  async #hasLeaders(topic: string): Promise<boolean> {
    return (await this.#leaderless(topic).catch(() => undefined)) === 'none'
  }

  /** A partition that nobody leads; undefined where the topic has no partitions. */
  async #leaderless(topic: string): Promise<number | 'none' | undefined> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [topic] })
    const partitions = topics[0]?.partitions ?? []
    if (partitions.length === 0) return undefined
    return partitions.find(({ leader }) => leader < 0)?.partitionId ?? 'none'
  }

  async requireLeaders(topic: string): Promise<void> {
    try {
      const found = await this.#ask(this.#leaderless(topic))
      if (found === 'none') return
      throw new Error(`Partition ${found ?? 0} of the topic "${topic}" has no leader`)
    } catch (error) {
      throw orTopicMissing(this.#instance.explain(error), [topic])
    }
  }

  async cleanupPolicy(topic: string): Promise<string | undefined> {
    const resource = { type: TOPIC, name: topic, configNames: ['cleanup.policy'] }
    const asked = this.#admin.describeConfigs({ includeSynonyms: false, resources: [resource] })
    // Who may not ask may still read and write.
    const found = await asked.catch(() => undefined)
    return found?.resources[0]?.configEntries[0]?.configValue
  }

  async listOffsets(topic: string): Promise<PartitionEnds[]> {
    const asked = whenKnown(topic, () => this.#admin.fetchTopicOffsets(topic))
    const found = await this.#ask(asked)
    return found.map(({ partition, low, high }) => ({
      partition,
      low: BigInt(low),
      high: BigInt(high)
    }))
  }

  logEnds(topic: string): Promise<LogEnd[] | undefined> {
    return this.#ask(this.#ends.of(topic))
  }

  async offsetsSince(
    topic: string,
    sinceMs: number
  ): Promise<{ partition: number; offset: bigint }[]> {
    const ask = () => this.#admin.fetchTopicOffsetsByTimestamp(topic, sinceMs)
    const found = await this.#ask(whenKnown(topic, ask))
    return found.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) }))
  }

  async topicSettings(
    topic: string,
    names: readonly string[]
  ): Promise<ReadonlyMap<string, string>> {
    const asked = { type: TOPIC_RESOURCE, name: topic, configNames: [...names] }
    const { resources } = await this.#ask(
      this.#admin.describeConfigs({ resources: [asked], includeSynonyms: false })
    )
    const entries = resources.flatMap(({ configEntries }) => configEntries)
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
  }

  recordAt(place: RecordPlace): Promise<FoundRecord | undefined> {
    return this.#ask(this.#log.recordAt(place))
  }

  async listGroups({ withShare = false } = {}): Promise<string[]> {
    const { groups } = await this.#ask(this.#admin.listGroups())
    const wanted = withShare ? ['consumer', '', 'share'] : ['consumer', '']
    return groups
      .filter(({ protocolType }) => wanted.includes(protocolType))
      .map(({ groupId }) => groupId)
  }

  async describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]> {
    const { groups } = await this.#ask(this.#admin.describeGroups([...groupIds]))
    const known = groups.map(({ groupId, state, protocolType, members }) => ({
      groupId,
      kind: 'classic' as const,
      state,
      members: members.length,
      get partitions() {
        const isKnown = protocolType === 'consumer'
        return sharedOut(isKnown ? members.map(each => each.memberAssignment) : [])
      }
    }))
    return Promise.all(
      known.map(async group => (group.state === 'Dead' ? await this.#newGroup(group) : group))
    )
  }

  /** Groups of other kinds look dead to those who ask as ever. */
  async #newGroup(group: GroupDescription): Promise<GroupDescription> {
    const found = await this.#ask(this.#newGroups.describe(group.groupId))
    if (found?.kind === 'share') this.#shareGroups.add(group.groupId)
    return found ?? group
  }

  async committedOffsets(groupId: string, topics?: readonly string[]): Promise<CommittedTopic[]> {
    if (this.#shareGroups.has(groupId)) {
      const found = await this.#ask(this.#newGroups.shareOffsets(groupId))
      return found.filter(({ topic }) => topics === undefined || topics.includes(topic))
    }
    const asked = topics === undefined ? { groupId } : { groupId, topics: [...topics] }
    const found = await this.#ask(this.#admin.fetchOffsets(asked))
    return found.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset: BigInt(offset) }))
    }))
  }

  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    await this.#ask(this.#admin.deleteGroups([...groupIds]))
  }

  async close(graceMs = 1_000): Promise<void> {
    await this.#instance.close(() => this.#admin.disconnect(), graceMs)
  }

  #ask<T>(answer: Promise<T>): Promise<T> {
    return this.#instance.inWords(answer)
  }
}

/** How many partitions of each topic the members have together. */
function sharedOut(assignments: readonly Buffer[]): Map<string, number> {
  const { MemberAssignment } = kafkajs().AssignerProtocol
  const partitions = new Map<string, number>()
  for (const bytes of assignments) {
    // Of a member that is just joining there is none.
    const assigned = bytes.length === 0 ? undefined : MemberAssignment.decode(bytes)?.assignment
    for (const [topic, { length }] of Object.entries(assigned ?? {}))
      partitions.set(topic, (partitions.get(topic) ?? 0) + length)
  }
  return partitions
}
