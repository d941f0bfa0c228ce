export interface FoundRecord {
  /** Behind the place that was asked for where compaction has removed what stood there. */
  readonly offset: number
  /** When it was written, milliseconds since 1970. */
  readonly timeMs: number
}

/** An offset in a partition. */
export interface RecordPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface PartitionEnds {
  readonly partition: number
  /** Of the first record that is still there. */
  readonly low: bigint
  /**
   * Of the record that comes next; for those who read what is committed: the last stable offset.
   */
  readonly high: bigint
}

export interface LogEnd {
  readonly partition: number
  /** All before it is on all replicas in sync: what lies behind cannot be read yet. */
  readonly replicated: bigint
  /** Where the log of the leader ends. */
  readonly end: bigint
}

export interface CommittedOffset {
  readonly partition: number
  /** Negative if nothing is committed. */
  readonly offset: bigint
}

export interface CommittedTopic {
  readonly topic: string
  readonly partitions: readonly CommittedOffset[]
}

/**
 * How a group shares its topics out: as ever, by the new protocol (KIP-848), or record by record as
 * a queue does (share groups, KIP-932).
 */
export type GroupKind = 'classic' | 'consumer' | 'share'

export interface GroupDescription {
  readonly groupId: string
  readonly kind: GroupKind
  /** Kafka's name of the state, e.g. Stable, Empty, PreparingRebalance. */
  readonly state: string
  readonly members: number
  /** What the members have, of topics by name. */
  readonly partitions: ReadonlyMap<string, number>
}

export interface NewTopic {
  readonly topic: string
  /** As the broker is configured where absent. */
  readonly partitions?: number
  readonly settings?: Readonly<Record<string, string>>
}

/** Questions to a cluster. Each throws KafkaError with the reason in words. */
export interface Admin {
  describeCluster(): Promise<ClusterDescription>
  /** Of Kafka, such as "4.3"; undefined where the brokers do not tell. */
  version(): Promise<string | undefined>
  listTopics(): Promise<string[]>
  /** Creates topics and waits until each partition can be written to. */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  /** Resolves where the topic exists and each of its partitions has a leader. @throws KafkaError */
  requireLeaders(topic: string): Promise<void>
  /** `compact`, `delete` or both; undefined where the brokers do not tell. */
  cleanupPolicy(topic: string): Promise<string | undefined>
  listOffsets(topic: string): Promise<PartitionEnds[]>
  /** Of all partitions; undefined where the brokers do not tell. */
  logEnds(topic: string): Promise<LogEnd[] | undefined>
  /**
   * The first offset of each partition that was written at this time (ms since 1970) or later; its
   * end if none was.
   */
  offsetsSince(topic: string, sinceMs: number): Promise<{ partition: number; offset: bigint }[]>
  /**
   * Those of these settings that the topic has, such as `cleanup.policy`, its own or the broker's.
   */
  topicSettings(topic: string, names: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** The record at this place, or the next one; undefined where there is none. */
  recordAt(place: RecordPlace): Promise<FoundRecord | undefined>
  /** Of consumer groups, by name; share groups are among them where they are asked for. */
  listGroups(options?: { readonly withShare?: boolean }): Promise<string[]>
  describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]>
  /**
   * What a group has committed, in these topics or in all that it knows; of a share group that was
   * described before, the offsets before which all is dealt with.
   */
  committedOffsets(groupId: string, topics?: readonly string[]): Promise<CommittedTopic[]>
  deleteGroups(groupIds: readonly string[]): Promise<void>
}

export interface ClusterDescription {
  /** `host:port` each. */
  readonly brokers: readonly string[]
  readonly clusterId: string
}
