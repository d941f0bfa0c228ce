import type { Admin } from './admin/admin.ts'
import { SharedAdmin } from './admin/shared-admin.ts'
import { ConsumerGroup, type GroupEvents, type GroupOptions } from './consume/consumer-group.ts'
import { type LastMessage, lastMessages } from './consume/last-messages.ts'
import { gatheredOf, positionsOf, rememberMember } from './consume/own-groups.ts'
import {
  type FollowerEvents,
  type FollowerOptions,
  TopicFollower
} from './consume/topic-follower.ts'
import type { HealthEvents } from './health.ts'
import { kafkajsClient } from './kafkajs/kafkajs-client.ts'
import type { KafkaClient } from './port.ts'
import { KafkaProducer, type ProducerSettings } from './produce/producer.ts'
import type { ClusterSettings } from './settings.ts'

/** With the time between two questions less than ten seconds. */
const IDLE_DEADLINE_MS = 5_000

/** A cluster as its nodes share it. Nothing is connected until one of them needs it. */
export class KafkaCluster {
  readonly client: KafkaClient
  readonly admin: SharedAdmin

  #isKnown = false

  constructor(
    readonly settings: ClusterSettings,
    /**
     * Told once what the first connection has met, e.g. "Kafka 4.3 at a:9092, b:9092, cluster id
     * 4ZyZ…".
     */
    private readonly met?: (sentence: string) => void
  ) {
    this.client = kafkajsClient(settings)
    this.admin = new SharedAdmin(this.client, () => this.meet())
  }

  /** Something of the cluster has answered: asks who it is, unless that is known. */
  meet(): void {
    if (this.#isKnown || this.met === undefined) return
    this.#isKnown = true
    this.admin.ask(introduce).then(this.met, () => {
      this.#isKnown = false
    })
  }

  producer(options: Omit<ProducerSettings, 'client' | 'ask'>, events: HealthEvents): KafkaProducer {
    const up = () => {
      this.meet()
      events.up()
    }
    const ask = () =>
      this.admin.ask(asked => asked.requireLeaders(options.topic), { deadlineMs: IDLE_DEADLINE_MS })
    return new KafkaProducer({ ...options, client: this.client, ask }, { ...events, up })
  }

  consumer(options: Omit<GroupOptions, 'client' | 'admin'>, events: GroupEvents): ConsumerGroup {
    const group = new ConsumerGroup({ ...options, client: this.client, admin: this.admin }, events)
    rememberMember(group)
    return group
  }

  /**
   * How far the members of a group in this process have come: the first offset not dealt with, by
   * `topic/partition`.
   */
  positionsOf(groupId: string): ReadonlyMap<string, number> {
    return positionsOf(groupId, this.settings)
  }

  /** How many records sinks behind these members have gathered, and not stored. */
  gatheredOf(groupId: string): number {
    return gatheredOf(groupId, this.settings)
  }

  follower(
    options: Omit<FollowerOptions, 'client' | 'admin'>,
    events: FollowerEvents
  ): TopicFollower {
    return new TopicFollower({ ...options, client: this.client, admin: this.admin }, events)
  }

  close(): Promise<void> {
    return this.admin.close()
  }
}

/**
 * Asks a cluster with settings that are not saved yet, over a connection that is closed at once.
 */
export async function askOnce<T>(
  settings: ClusterSettings,
  signal: AbortSignal,
  question: (admin: Admin) => Promise<T>
): Promise<T> {
  const admin = new SharedAdmin(kafkajsClient(settings))
  try {
    return await admin.ask(question, { signal, deadlineMs: 9_000 })
  } finally {
    await admin.close()
  }
}

/** The last messages of topics, with settings that are not saved yet. */
export const readLast = (
  settings: ClusterSettings,
  topics: readonly string[],
  signal: AbortSignal
): Promise<LastMessage[]> => lastMessages(kafkajsClient(settings), topics, signal)

/** Says what answers there, e.g. "Connected: 3 brokers (a:9092, b:9092, c:9092), cluster 4ZyZ…". */
export async function describeCluster(admin: Admin): Promise<string> {
  const { brokers, clusterId } = await admin.describeCluster()
  const count = `${brokers.length} broker${brokers.length === 1 ? '' : 's'}`
  return `Connected: ${count} (${brokers.join(', ')}), cluster ${clusterId}`
}

async function introduce(admin: Admin): Promise<string> {
  const { brokers, clusterId } = await admin.describeCluster()
  const version = await admin.version()
  const name = version === undefined ? 'Kafka' : `Kafka ${version}`
  return `${name} at ${brokers.join(', ')}, cluster id ${clusterId}`
}

/** Topics by name, without Kafka's own. */
export const listTopics = async (admin: Admin): Promise<string[]> =>
  (await admin.listTopics()).filter(topic => !topic.startsWith('__')).sort()

export const listGroups = async (admin: Admin): Promise<string[]> =>
  (await admin.listGroups()).sort()

/** With those that no member of a consumer group may join. */
export const listAllGroups = async (admin: Admin): Promise<string[]> =>
  (await admin.listGroups({ withShare: true })).sort()
