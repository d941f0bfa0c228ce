/** Kinesis from outside: a client beside the one under test, and flows of one test. */
import { type _Record, Kinesis, type Shard } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { report } from '../../../core/node/metrics.ts'
import { type Collector, collectorOf } from '../../collector.ts'
import type { FlowEntry } from '../../node-red.ts'
import { until } from '../../until.ts'

let count = 0
/** A name that no other test has. */
export const unique = (name: string): string => `${name}-${process.pid}-${Date.now()}-${++count}`

export const REGION = 'eu-central-1'
/** Servers that check no keys take any. */
export const KEYS = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' }

export class Client {
  readonly kinesis: Kinesis

  constructor(endpoint: string, credentials = KEYS) {
    const requestHandler = new NodeHttpHandler()
    // The client writes into what it is given.
    const keys = { ...credentials }
    this.kinesis = new Kinesis({ endpoint, region: REGION, credentials: keys, requestHandler })
  }

  /** A stream of its own for one test. */
  async stream(shards = 1): Promise<string> {
    const StreamName = unique('stream')
    await this.kinesis.createStream({ StreamName, ShardCount: shards })
    await this.active(StreamName)
    return StreamName
  }

  async active(StreamName: string): Promise<void> {
    await until('the stream to be active', async () => {
      const { StreamDescriptionSummary } = await this.kinesis.describeStreamSummary({ StreamName })
      return StreamDescriptionSummary?.StreamStatus === 'ACTIVE'
    })
  }

  async shards(StreamName: string): Promise<Shard[]> {
    return (await this.kinesis.listShards({ StreamName })).Shards ?? []
  }

  /** All that the stream holds, shard by shard. */
  async read(StreamName: string): Promise<_Record[]> {
    const found: _Record[] = []
    for (const { ShardId } of await this.shards(StreamName)) {
      let { ShardIterator } = await this.kinesis.getShardIterator({
        StreamName,
        ShardId,
        ShardIteratorType: 'TRIM_HORIZON'
      })
      for (let behind = 1; behind > 0 && ShardIterator !== undefined; ) {
        const answer = await this.kinesis.getRecords({ ShardIterator })
        found.push(...(answer.Records ?? []))
        behind = (answer.MillisBehindLatest ?? 0) + (answer.Records?.length ?? 0)
        ShardIterator = answer.NextShardIterator
      }
    }
    return found
  }

  async put(StreamName: string, records: readonly { key: string; data: unknown }[]): Promise<void> {
    for (let at = 0; at < records.length; at += 500) {
      const Records = records.slice(at, at + 500).map(({ key, data }) => ({
        PartitionKey: key,
        Data: Buffer.isBuffer(data) ? data : Buffer.from(JSON.stringify(data))
      }))
      const { FailedRecordCount } = await this.kinesis.putRecords({ StreamName, Records })
      if (FailedRecordCount) throw new Error(`${FailedRecordCount} records were not taken`)
    }
  }

  close(): void {
    this.kinesis.destroy()
  }
}

export const accessNode = (id: string, endpoint: string, keys: object = KEYS): FlowEntry => ({
  id,
  type: 'millrace-aws-access',
  region: REGION,
  endpoint,
  credentials: keys
})

/** A node of the palette with a collector at each of its outputs. */
export interface Scene {
  readonly node: string
  readonly first: Collector
  readonly rejected: Collector
  readonly flow: FlowEntry[]
}

export function sceneOf(type: string, endpoint: string, options: object, keys?: object): Scene {
  const [tab, access, node] = [unique('tab'), unique('access'), unique('node')]
  const [first, rejected] = [unique('first'), unique('rejected')]
  const flow: FlowEntry[] = [
    { id: tab, type: 'tab' },
    accessNode(access, endpoint, keys),
    { id: node, z: tab, type, access, wires: [[first], [rejected]], ...options },
    { id: first, z: tab, type: 'collect', wires: [] },
    { id: rejected, z: tab, type: 'collect', wires: [] }
  ]
  return { node, flow, first: collectorOf(first), rejected: collectorOf(rejected) }
}

export const stateOf = ({ node }: Scene) => report().nodes.find(({ id }) => id === node)!

/** The numbers that a collector got, each once, in order. */
export const numbersOf = ({ records }: Collector): number[] =>
  [...new Set((records as { n: number }[]).map(({ n }) => n))].sort((a, b) => a - b)

export const upTo = (length: number): number[] => Array.from({ length }, (_, n) => n)

export const textOf = ({ Data }: _Record): string => Buffer.from(Data!).toString()
export const numberIn = (record: _Record): number => (JSON.parse(textOf(record)) as { n: number }).n
