import type { Kafka } from 'kafkajs'
import { loadModule } from '../../load-module.ts'
import type { LogEnd } from '../admin/admin.ts'
import { protocolErrorOf } from './connect-errors.ts'
import { type Broker, type Cluster, clusterOf } from './log-reader.ts'

/** Of kafkajs 2.2.4. */
interface Encoder {
  writeInt8(value: number): Encoder
  writeInt32(value: number): Encoder
  writeInt64(value: number): Encoder
  writeString(value: string): Encoder
  writeArray(parts: readonly Encoder[]): Encoder
}
interface Decoder {
  readInt16(): number
  readInt32(): number
  readInt64(): bigint | { toString(): string }
  readString(): string
  readArray<T>(read: (decoder: Decoder) => T): T[]
}

interface Led {
  readonly partition: number
  readonly error: number
  readonly offset: bigint
  /** How often the partition has had a new leader. */
  readonly epoch: number
}

/** Of a client; also the default of the protocol. */
const NO_REPLICA = -1
const LATEST = -1
const ANY_EPOCH = -1
/** The lowest version of each that tells, or asks for, the epoch of a leader; no flexible one. */
const LIST_OFFSETS = { apiKey: 2, apiVersion: 4, apiName: 'ListOffsets' }
const OFFSET_FOR_LEADER_EPOCH = { apiKey: 23, apiVersion: 3, apiName: 'OffsetForLeaderEpoch' }

/** What those answer who list a request and do not know it. */
const UNKNOWN = new Set(['UNSUPPORTED_VERSION', 'INVALID_REQUEST'])

/**
 * Asks leaders where their logs end. A client is not told of what lies behind the high watermark;
 * what tells of it is the request by which consumers find out whether a log was cut (KIP-320). Its
 * connections belong to the client that `kafka` is of.
 */
export class LogEnds {
  readonly #cluster: Cluster | undefined
  #connected: Promise<void> | undefined

  constructor(kafka: Kafka) {
    this.#cluster = clusterOf(kafka)
  }

  /**
   * Undefined where brokers do not tell, or another version of kafkajs is loaded. @throws Error of
   * kafkajs, also where a partition has no leader
   */
  async of(topic: string): Promise<LogEnd[] | undefined> {
    const cluster = this.#cluster
    if (cluster === undefined) return undefined
    this.#connected ??= cluster.connect()
    await this.#connected
    await cluster.addMultipleTargetTopics([topic])
    await cluster.refreshMetadataIfNecessary()
    const partitions = cluster.findTopicPartitionMetadata(topic).map(each => each.partitionId)
    const leaders = Object.entries(cluster.findLeaderForPartitions(topic, partitions))
    const found = await Promise.all(
      leaders.map(async ([nodeId, led]) => {
        const broker = await cluster.findBroker({ nodeId })
        return endsAt(broker, topic, led).catch(error => {
          if (UNKNOWN.has(protocolErrorOf(error) ?? '')) return undefined
          throw error
        })
      })
    )
    return found.some(ends => ends === undefined) ? undefined : found.flatMap(ends => ends ?? [])
  }
}

async function endsAt(
  broker: Broker,
  topic: string,
  partitions: readonly number[]
): Promise<LogEnd[] | undefined> {
  if (!knows(broker, LIST_OFFSETS) || !knows(broker, OFFSET_FOR_LEADER_EPOCH)) return undefined
  const replicated = await ask(broker, LIST_OFFSETS, topic, READ_OFFSET, {
    head: make().writeInt32(NO_REPLICA).writeInt8(0),
    partitions: partitions.map(partition =>
      make().writeInt32(partition).writeInt32(ANY_EPOCH).writeInt64(LATEST)
    )
  })
  const ends = await ask(broker, OFFSET_FOR_LEADER_EPOCH, topic, READ_END, {
    head: make().writeInt32(NO_REPLICA),
    partitions: replicated.map(({ partition, epoch }) =>
      make().writeInt32(partition).writeInt32(epoch).writeInt32(epoch)
    )
  })
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]))
  return replicated.map(({ partition, offset }) => ({
    partition,
    replicated: offset,
    end: endOf.get(partition) ?? offset
  }))
}

interface Api {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
}

const knows = ({ versions }: Broker, { apiKey, apiVersion }: Api): boolean => {
  const known = versions?.[apiKey]
  return known !== undefined && known.minVersion <= apiVersion && apiVersion <= known.maxVersion
}

/** What a broker says of the partitions of one topic. @throws Error of kafkajs, of the first */
async function ask(
  broker: Broker,
  api: Api,
  topic: string,
  read: (decoder: Decoder) => Led,
  { head, partitions }: { head: Encoder; partitions: Encoder[] }
): Promise<Led[]> {
  const body = head.writeArray([make().writeString(topic).writeArray(partitions)])
  const connection = await broker.connectionPool.getConnection()
  return connection.send({
    request: { ...api, encode: async () => body },
    response: {
      async decode(answer: Buffer): Promise<Led[]> {
        const decoder = decoderOf(answer)
        decoder.readInt32()
        const topics = decoder.readArray(each => {
          each.readString()
          return each.readArray(read)
        })
        return topics.flat()
      },
      async parse(found: Led[]): Promise<Led[]> {
        const wrong = found.find(({ error }) => error !== 0)
        if (wrong !== undefined) throw errorOf(wrong.error)
        return found
      }
    }
  })
}

const READ_OFFSET = (decoder: Decoder): Led => {
  const [partition, error] = [decoder.readInt32(), decoder.readInt16()]
  decoder.readInt64()
  return { partition, error, offset: int64(decoder), epoch: decoder.readInt32() }
}

const READ_END = (decoder: Decoder): Led => {
  const [error, partition, epoch] = [decoder.readInt16(), decoder.readInt32(), decoder.readInt32()]
  return { partition, error, offset: int64(decoder), epoch }
}

const int64 = (decoder: Decoder) => BigInt(decoder.readInt64().toString())

const make = () => new (loadModule<new () => Encoder>('kafkajs/src/protocol/encoder'))()
const decoderOf = (answer: Buffer) =>
  new (loadModule<new (answer: Buffer) => Decoder>('kafkajs/src/protocol/decoder'))(answer)
const errorOf = (code: number): Error =>
  loadModule<{ createErrorFromCode(code: number): Error }>(
    'kafkajs/src/protocol/error'
  ).createErrorFromCode(code)
