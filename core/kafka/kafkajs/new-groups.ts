import type { Kafka } from 'kafkajs'
import { loadModule } from '../../load-module.ts'
import type { CommittedTopic, GroupDescription } from '../admin/admin.ts'
import { FlexibleReader, FlexibleWriter } from './flexible.ts'
import { type Broker, type Cluster, clusterOf } from './log-reader.ts'

/** Of kafkajs 2.2.4. */
interface Coordinating extends Cluster {
  findGroupCoordinator(asked: { groupId: string }): Promise<Broker>
}

interface Api {
  readonly apiKey: number
  /** Those that are read here; what is asked is the same in all. */
  readonly least: number
  readonly most: number
  readonly apiName: string
}

const CONSUMER_GROUP_DESCRIBE: Api = {
  apiKey: 69,
  least: 0,
  most: 1,
  apiName: 'ConsumerGroupDescribe'
}
const SHARE_GROUP_DESCRIBE: Api = { apiKey: 77, least: 1, most: 1, apiName: 'ShareGroupDescribe' }
const SHARE_GROUP_OFFSETS: Api = {
  apiKey: 90,
  least: 0,
  most: 1,
  apiName: 'DescribeShareGroupOffsets'
}
/**
 * GROUP_ID_NOT_FOUND: it is a group of another kind, or none. UNSUPPORTED_VERSION: the coordinator
 * knows the request and has it turned off, as Kafka 3.9. GROUP_AUTHORIZATION_FAILED: the user may
 * not ask, and sees such groups as before.
 */
const NOT_TOLD = new Set([69, 35, 30])

interface Described extends GroupDescription {
  readonly error: number
}

/**
 * Groups that kafkajs does not know: those of the new protocol (KIP-848), whose members it cannot
 * be told of, and share groups (KIP-932), which commit no offsets.
 */
export class NewGroups {
  readonly #cluster: Coordinating | undefined
  #connected: Promise<void> | undefined

  constructor(kafka: Kafka) {
    this.#cluster = clusterOf(kafka) as Coordinating | undefined
  }

  /** Undefined for a group of another kind, for none, and where the broker does not tell. */
  async describe(groupId: string): Promise<GroupDescription | undefined> {
    for (const api of [CONSUMER_GROUP_DESCRIBE, SHARE_GROUP_DESCRIBE]) {
      const [found] = (await this.#ask(groupId, api, groupRequest(groupId), readGroup(api))) ?? []
      if (found !== undefined && found.error === 0) return found
      if (found !== undefined && !NOT_TOLD.has(found.error)) throw errorOf(found.error)
    }
    return undefined
  }

  /** Where a share group has come to: before these offsets all is dealt with. */
  async shareOffsets(groupId: string): Promise<CommittedTopic[]> {
    const request = new FlexibleWriter().length(1).string(groupId).length(null).end().end()
    const found = await this.#ask(groupId, SHARE_GROUP_OFFSETS, request, readShareOffsets)
    return found ?? []
  }

  /** Undefined where the coordinator does not know the request. */
  async #ask<T>(
    groupId: string,
    { apiKey, least, most, apiName }: Api,
    request: FlexibleWriter,
    read: (answer: FlexibleReader, apiVersion: number) => T
  ): Promise<T | undefined> {
    const cluster = this.#cluster
    if (cluster === undefined) return undefined
    this.#connected ??= cluster.connect()
    await this.#connected
    const broker = await cluster.findGroupCoordinator({ groupId })
    const known = broker.versions?.[apiKey]
    if (known === undefined || known.minVersion > most || known.maxVersion < least) return undefined
    const apiVersion = Math.min(most, known.maxVersion)
    const connection = await broker.connectionPool.getConnection()
    return connection.send<T>({
      request: { apiKey, apiVersion, apiName, encode: async () => request.body },
      response: {
        decode: async (answer: Buffer): Promise<T> => read(new FlexibleReader(answer), apiVersion),
        parse: async (found: T): Promise<T> => found
      }
    })
  }
}

const groupRequest = (groupId: string): FlexibleWriter =>
  new FlexibleWriter().length(1).string(groupId).bool(false).end()

const readGroup =
  ({ apiKey }: Api) =>
  (answer: FlexibleReader, apiVersion: number): Described[] => {
    const isShare = apiKey === SHARE_GROUP_DESCRIBE.apiKey
    answer.int32()
    return answer.array(() => {
      const error = answer.int16()
      answer.string()
      const [groupId, state] = [answer.string(), answer.string()]
      // Epochs of the group and of its assignment.
      answer.int32()
      answer.int32()
      answer.string()
      const partitions = new Map<string, number>()
      const members = answer.array(() => readMember(answer, isShare, apiVersion, partitions))
      answer.int32()
      answer.end()
      const kind = isShare ? 'share' : 'consumer'
      return { error, groupId, state, kind, members: members.length, partitions } as const
    })
  }

/** Adds what the member has to `partitions`, by topic. */
function readMember(
  answer: FlexibleReader,
  isShare: boolean,
  apiVersion: number,
  partitions: Map<string, number>
): void {
  answer.string()
  if (!isShare) answer.string()
  answer.string()
  answer.int32()
  // Client and host.
  answer.string()
  answer.string()
  answer.array(() => answer.string())
  if (!isShare) answer.string()
  for (const { topic, count } of readAssignment(answer))
    partitions.set(topic, (partitions.get(topic) ?? 0) + count)
  if (!isShare) readAssignment(answer)
  if (!isShare && apiVersion > 0) answer.int8()
  answer.end()
}

function readAssignment(answer: FlexibleReader): { topic: string; count: number }[] {
  const assigned = answer.array(() => {
    answer.uuid()
    const topic = answer.string()
    const count = answer.array(() => answer.int32()).length
    answer.end()
    return { topic, count }
  })
  answer.end()
  return assigned
}

function readShareOffsets(answer: FlexibleReader, apiVersion: number): CommittedTopic[] {
  answer.int32()
  const groups = answer.array(() => {
    answer.string()
    const topics = answer.array(() => readShareTopic(answer, apiVersion))
    const error = answer.int16()
    answer.string()
    answer.end()
    if (error !== 0) throw errorOf(error)
    return topics
  })
  return groups.flat()
}

function readShareTopic(answer: FlexibleReader, apiVersion: number): CommittedTopic {
  const topic = answer.string()
  answer.uuid()
  const partitions = answer.array(() => {
    const [partition, offset] = [answer.int32(), answer.int64()]
    // The epoch of the leader, and how far it is behind by the broker's own count.
    answer.int32()
    if (apiVersion > 0) answer.int64()
    const error = answer.int16()
    answer.string()
    answer.end()
    return { partition, offset: error === 0 ? offset : -1n }
  })
  answer.end()
  return { topic, partitions }
}

const errorOf = (code: number): Error =>
  loadModule<{ createErrorFromCode(code: number): Error }>(
    'kafkajs/src/protocol/error'
  ).createErrorFromCode(code)
