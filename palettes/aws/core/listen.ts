import type { _Record, Kinesis } from '@aws-sdk/client-kinesis'
import type { Heard } from '@millrace/node-red-telemetry'
import { type AwsAccess, streamOf } from './access.ts'
import { withKinesis } from './streams.ts'

/** Of a stream with more, a dialog shows some. */
const MOST_SHARDS = 8
const MOST_RECORDS = 20
const LOOKS_BACK_MS = 10 * 60_000

/** What came last to a stream, the newest first. Nothing is taken from anybody. */
export const listen = (access: AwsAccess, stream: string, signal: AbortSignal): Promise<Heard[]> =>
  withKinesis(access, signal, `stream "${stream}"`, async (kinesis, options) => {
    const asked = streamOf(stream)
    const { Shards = [] } = await kinesis.listShards(asked, options)
    const open = Shards.filter(shard => !shard.SequenceNumberRange?.EndingSequenceNumber)
    const found = await Promise.all(
      open.slice(0, MOST_SHARDS).map(({ ShardId }) => lastOf(kinesis, asked, ShardId!, options))
    )
    return found
      .flat()
      .map(record => heard(record, stream))
      .sort((a, b) => b.seenMs - a.seenMs)
      .slice(0, MOST_RECORDS)
  })

/** Those of the last minutes, or else the first that are there. */
async function lastOf(
  kinesis: Kinesis,
  stream: ReturnType<typeof streamOf>,
  ShardId: string,
  options: { abortSignal: AbortSignal }
): Promise<_Record[]> {
  const recent = {
    ShardIteratorType: 'AT_TIMESTAMP',
    Timestamp: new Date(Date.now() - LOOKS_BACK_MS)
  }
  for (const from of [recent, { ShardIteratorType: 'TRIM_HORIZON' }] as const) {
    const iterator = await kinesis.getShardIterator(
      { ...stream, ShardId, ...(from as { ShardIteratorType: 'TRIM_HORIZON' }) },
      options
    )
    const arn = 'StreamARN' in stream ? stream : {}
    const { Records = [] } = await kinesis.getRecords(
      { ShardIterator: iterator.ShardIterator, Limit: 1000, ...arn },
      options
    )
    if (Records.length > 0) return Records.slice(-MOST_RECORDS)
  }
  return []
}

const heard = (
  { Data = new Uint8Array(), ApproximateArrivalTimestamp }: _Record,
  stream: string
): Heard => ({
  seenMs: ApproximateArrivalTimestamp?.getTime() ?? Date.now(),
  topic: stream,
  bytes: Buffer.from(Data).toString('base64')
})
