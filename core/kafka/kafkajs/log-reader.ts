import type { Kafka } from 'kafkajs'
import type { FoundRecord, RecordPlace } from '../admin/admin.ts'

/** Of kafkajs 2.2.4, which has no way to read a record outside of a consumer group. */
export interface Cluster {
  connect(): Promise<void>
  refreshMetadata(): Promise<void>
  findControllerBroker(): Promise<Broker>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number }[]
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>
  findBroker(broker: { nodeId: string }): Promise<Broker>
}
export interface Broker {
  readonly connectionPool: { getConnection(): Promise<Connection> }
  /** By the number of the request. */
  readonly versions: Readonly<
    Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>
  > | null
  fetch(
    request: object
  ): Promise<{ responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>
}
interface FetchedPartition {
  readonly messages: readonly { readonly offset: string; readonly timestamp: string }[]
}

export interface Connection {
  send<T>(what: { readonly request: object; readonly response: object }): Promise<T>
}

/**
 * Undefined where another version of kafkajs is loaded. Its connections belong to the client that
 * `kafka` is of.
 */
export function clusterOf(kafka: Kafka): Cluster | undefined {
  const { made, create } = createsClusters<Cluster>(kafka)
  return create && made[create]?.({ metadataMaxAge: 10_000, allowAutoTopicCreation: false })
}

/** Where a client keeps how it makes the connections of each of its parts. */
export function createsClusters<T>(kafka: Kafka) {
  const symbols = Object.getOwnPropertySymbols(kafka)
  const create = symbols.find(({ description }) => description === 'private:Kafka:createCluster')
  return { made: kafka as unknown as Record<symbol, ((options: object) => T) | undefined>, create }
}

/** A fetch gives at least one batch of records, whatever it allows: as little as there is. */
const LEAST_BYTES = 1

/**
 * Reads single records, to see when they were written. Its connections belong to the client that
 * `kafka` is of.
 */
export class LogReader {
  readonly #cluster: Cluster | undefined
  #connected: Promise<void> | undefined

  constructor(kafka: Kafka) {
    this.#cluster = clusterOf(kafka)
  }

  /**
   * The first record at this offset or behind it. Undefined where there is none, or another version
   * of kafkajs is loaded. @throws Error of kafkajs
   */
  async recordAt({ topic, partition, offset }: RecordPlace): Promise<FoundRecord | undefined> {
    const cluster = this.#cluster
    if (cluster === undefined) return undefined
    this.#connected ??= cluster.connect()
    await this.#connected
    await cluster.addMultipleTargetTopics([topic])
    await cluster.refreshMetadataIfNecessary()
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
    if (nodeId === undefined) return undefined
    const broker = await cluster.findBroker({ nodeId })
    const partitions = [{ partition, fetchOffset: String(offset), maxBytes: LEAST_BYTES }]
    const { responses } = await broker.fetch({
      maxWaitTime: 0,
      minBytes: 0,
      maxBytes: LEAST_BYTES,
      topics: [{ topic, partitions }]
    })
    const messages = responses[0]?.partitions[0]?.messages ?? []
    const record = messages.find(message => Number(message.offset) >= offset)
    return record && { offset: Number(record.offset), timeMs: Number(record.timestamp) }
  }
}
