/**
 * What this project asks of a client of Kafka. `kafkajs/` is the one that is used; nothing outside
 * of it knows how it works. test/core/kafka/port holds what any other would have to do as well.
 */
import { type Code, MillraceError } from '../errors.ts'
import type { HeaderValue } from '../record/record.ts'
import type { Admin } from './admin/admin.ts'
import type { Compression } from './compression.ts'
import type { ProduceRecord } from './produce/produce-record.ts'
import type { ClusterSettings } from './settings.ts'

/**
 * A client of one cluster. It connects when something is asked of it, and each part has connections
 * of its own.
 */
export interface KafkaClient {
  readonly settings: ClusterSettings
  /** `retries` of one question, about a second each. */
  admin(options?: { readonly retries?: number }): AdminConnection
  /** @throws MillraceError KAFKA_TOPIC_MISSING, or KAFKA_CONNECT_FAILED with the reason in words */
  producer(options: ProducerOptions): Promise<Producer>
  transactional(options: TransactionalOptions): TransactionalProducer
  groupMember(options: GroupMemberOptions, events: GroupMemberEvents): GroupMember
  reader(options: KafkaReaderOptions, events: ReaderEvents): KafkaReader
}

/** An error of a broker, or on the way to one, in words for the person who must act. */
export class KafkaError extends MillraceError {
  constructor(
    code: Code,
    message: string,
    /**
     * The broker's own name of the error, such as MESSAGE_TOO_LARGE, where it answered with one.
     */
    readonly answer: string | undefined,
    options: { cause?: unknown }
  ) {
    super(code, message, options)
  }
}

/**
 * The broker's own name of an error. By its shape: another node may have loaded this module a
 * second time.
 */
export const answerOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null ? (error as { answer?: string }).answer : undefined

export interface AdminConnection extends Admin {
  /** Settles when it is connected, or cannot be. */
  readonly ready: Promise<void>
  close(graceMs?: number): Promise<void>
}

/** A record as it was read. */
export interface KafkaRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: ReadHeaders
  /** Milliseconds since 1970 as decimal text. */
  readonly timestamp: string
  readonly offset: string
}

/** A list where a name stands several times. */
export type ReadHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>

/** The partitions of a topic. */
export interface Assignment {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** A place in a partition: for a group, the first offset that was not dealt with. */
export interface PartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

export interface PartitionEnd {
  readonly topic: string
  readonly partition: number
  /** Of the record that comes next, behind what transactions hold back that are under way. */
  readonly end: bigint
}

export interface TroubleEvents {
  /** A try has failed and is repeated; told for every try. */
  trouble?(error: MillraceError): void
}

export interface ProducerOptions extends TroubleEvents {
  readonly topic: string
  readonly compression: Compression
}

/**
 * Writes to one topic, acknowledged by all replicas, and no record twice because an answer was
 * lost. Its user sends one batch at a time, and makes a new one after every rejection.
 */
export interface Producer {
  /** The largest record batch that the topic takes. */
  readonly maxMessageBytes: number
  /** Records above are refused without a try; infinite where compression leaves it open. */
  readonly maxRecordBytes: number
  /**
   * Resolves once all replicas have the records, each in the partition of `partitionOf`; those
   * without a key all go to the one that `keyless` names by its remainder. @throws KafkaError
   */
  send(records: readonly ProduceRecord[], keyless: number): Promise<void>
  close(graceMs?: number): Promise<void>
}

export interface TransactionalOptions {
  readonly transactionalId: string
  /** After this long the broker ends a transaction by itself. */
  readonly timeoutMs?: number
}

/** Writes in transactions, one after the other. After an error it is of no use any more. */
export interface TransactionalProducer {
  /** Takes on the id: whoever had it is fenced, and its transaction is ended. @throws KafkaError */
  connect(): Promise<void>
  /** @throws KafkaError */
  begin(): Promise<Transaction>
  /** The largest record batch that a topic takes. @throws KafkaError KAFKA_TOPIC_MISSING too */
  maxMessageBytes(topic: string): Promise<number>
  close(graceMs?: number): Promise<void>
}

export interface Transaction {
  /**
   * Sends as many of the records as may go at a time, and gives those sent and those left. @throws
   * KafkaError
   */
  send(
    topic: string,
    compression: Compression,
    records: readonly ProduceRecord[],
    keyless: number
  ): Promise<Sent>
  /** What the group has dealt with is committed with the transaction. @throws KafkaError */
  sendOffset(groupId: string, offset: PartitionOffset): Promise<void>
  /** @throws KafkaError if it is not known to be committed */
  commit(): Promise<void>
  /** @throws KafkaError */
  abort(): Promise<void>
}

export interface Sent {
  readonly sent: readonly ProduceRecord[]
  readonly rest: readonly ProduceRecord[]
}

export interface GroupMemberOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** Where to go on if what comes next was deleted while it is being read. */
  readonly outOfRange: 'earliest' | 'latest'
  readonly readUncommitted: boolean
  readonly maxBytesPerPartition: number
  /** How long the group waits for a member that has vanished. */
  readonly sessionTimeoutMs: number
  /** How soon new partitions are found. */
  readonly metadataMaxAgeMs: number
}

export interface ReadBatch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly KafkaRecord[]
  /** The offset after its last record, transaction markers included. */
  readonly nextOffset: bigint
  /** The end of the partition when it was read. */
  readonly end: bigint
}

export interface GroupMemberEvents extends TroubleEvents {
  /** A generation begins. Nothing is read of these partitions until they are resumed. */
  joined(assignments: readonly Assignment[]): void
  /**
   * The next fetch begins when this has resolved. Undefined if the batch is not taken over: then it
   * comes again.
   */
  batch(batch: ReadBatch): Promise<void> | undefined
  /** What lay before `nextOffset` was nothing but transaction markers and aborted records. */
  passed(place: PartitionOffset): void
  /**
   * What a fetch knows of partitions, whether or not it has brought records; told about once a
   * second and broker.
   */
  ends(ends: readonly PartitionEnd[]): void
  /** A fetch has gone to a broker, and has come back. */
  asked(nodeId: number): void
  answered(nodeId: number): void
  heartbeat(): void
  /** The generation is about to end: the last moment to commit. */
  rebalancing(): void
  /** Topics that other members of the group read, and this one does not. */
  foreignTopics(topics: readonly string[]): void
  /** What comes next in the partition was deleted. */
  deleted(topic: string, partition: number): void
  /** It has ended, for good. */
  ended(error: MillraceError): void
}

/**
 * A member of a consumer group. It commits nothing by itself, and heartbeats however long a batch
 * is held.
 */
export interface GroupMember {
  /** Joins the group, however long that takes. */
  start(): void
  pause(assignments: readonly Assignment[]): void
  resume(assignments: readonly Assignment[]): void
  seek(place: PartitionOffset): void
  /**
   * Tries once, so that nothing of an old generation is carried into the next. @throws KafkaError
   */
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  /** Tries for a while. @throws KafkaError */
  commitPatiently(offsets: readonly PartitionOffset[]): Promise<void>
  /**
   * Leaves the group, after `before`, within about 2 s more than `graceMs` even when the broker is
   * dead.
   */
  close(graceMs: number, before?: () => Promise<void>): Promise<void>
}

export interface KafkaReaderOptions {
  readonly topic: string
  /**
   * Where to begin, by partition; asked when reading begins and after each interruption. Partitions
   * that are not named are read from their beginning.
   */
  positions(): ReadonlyMap<number, bigint>
  /** How long an idle fetch waits at the broker. */
  readonly maxWaitMs?: number
  /**
   * How long a batch may take without a `beat`, and brokers remember a reader that has vanished.
   */
  readonly sessionTimeoutMs?: number
  /** Of one request, about a second each, before it ends with the error. */
  readonly retries?: number
}

export interface ReaderEvents extends TroubleEvents {
  /** `beat` must be called now and then where it takes long. */
  batch(batch: ReadBatch, beat: () => Promise<void>): Promise<void> | void
  /** All before this offset was read, or held nothing that is committed. */
  passed(partition: number, nextOffset: bigint): void
  answered?(): void
  /** It has ended, for good; told once. */
  ended(error: MillraceError): void
}

/**
 * Reads all partitions of a topic without being a member of anybody's group; what is committed, in
 * order.
 */
export interface KafkaReader {
  start(): void
  /** Within about 2 s more than `graceMs`. */
  close(graceMs: number): Promise<void>
}
