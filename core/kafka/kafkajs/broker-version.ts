import type { Kafka } from 'kafkajs'
import { clusterOf } from './log-reader.ts'

/**
 * The newest level of `metadata.version` that each Kafka has
 * (org.apache.kafka.server.common.MetadataVersion).
 */
const RELEASES: readonly (readonly [level: number, version: string])[] = [
  [7, '3.3'],
  [8, '3.4'],
  [11, '3.5'],
  [14, '3.6'],
  [19, '3.7'],
  [20, '3.8'],
  [21, '3.9'],
  [25, '4.0'],
  [27, '4.1'],
  [29, '4.2'],
  [30, '4.3']
]

/**
 * Which Kafka it is, such as "4.3"; undefined for what is older than 3.3, newer than is known here,
 * or no Apache Kafka.
 */
export async function brokerVersion(kafka: Kafka): Promise<string | undefined> {
  const cluster = clusterOf(kafka)
  if (cluster === undefined) return undefined
  await cluster.connect()
  await cluster.refreshMetadata()
  const broker = await cluster.findControllerBroker()
  const connection = await broker.connectionPool.getConnection()
  const { level } = await connection.send<Answer>({ request: API_VERSIONS, response: LEVEL })
  return level === undefined ? undefined : RELEASES.find(([newest]) => level <= newest)?.[1]
}

/**
 * Name and version of a client; the first byte belongs to the header of a flexible request
 * (KIP-482): no tags.
 */
const BODY = Buffer.from('\0\x09millrace\x021\0', 'latin1')

/** Version 3 tells the features of a broker (KIP-584); kafkajs asks for version 2 at most. */
const API_VERSIONS = {
  apiKey: 18,
  apiVersion: 3,
  apiName: 'ApiVersions',
  encode: async () => ({ buf: BODY, buffer: BODY, size: () => BODY.length })
}

interface Answer {
  readonly level: number | undefined
}

const LEVEL = {
  decode: async (answer: Buffer): Promise<Answer> => ({ level: newestLevel(answer) }),
  parse: async (answer: Answer) => answer
}

const SUPPORTED_FEATURES = 0

/**
 * The highest level of `metadata.version` that the broker supports, from its answer to ApiVersions
 * 3.
 */
export function newestLevel(answer: Buffer): number | undefined {
  let at = 0
  const int16 = () => {
    at += 2
    return answer.readInt16BE(at - 2)
  }
  const varint = (): number => {
    const byte = answer.readUInt8(at++)
    return byte < 128 ? byte : byte - 128 + 128 * varint()
  }
  if (int16() !== 0) return undefined
  // Of each API its number, the lowest and the highest version, and no tags; then how long the
  // client is to wait.
  const apis = varint() - 1
  at += apis * 7 + 4
  for (let tags = varint(); tags > 0; tags--) {
    const tag = varint()
    const bytes = varint()
    const end = at + bytes
    for (let features = tag === SUPPORTED_FEATURES ? varint() - 1 : 0; features > 0; features--) {
      const length = varint() - 1
      const name = answer.toString('latin1', at, at + length)
      at += length + 2
      const newest = int16()
      if (name === 'metadata.version') return newest
      at += 1
    }
    at = end
  }
  return undefined
}
