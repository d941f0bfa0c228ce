import type { Kinesis } from '@aws-sdk/client-kinesis'
import type { streamOf } from '../../core/access.ts'

/** A shard, as far as it matters who may read it when. */
export interface ShardFacts {
  readonly shard: string
  readonly parents: readonly string[]
}

type Stream = ReturnType<typeof streamOf>

/** The shards of a stream, those that were split or merged too while they hold records. */
export async function shardsOf(
  kinesis: Kinesis,
  stream: Stream,
  abortSignal: AbortSignal
): Promise<ShardFacts[]> {
  const found: ShardFacts[] = []
  let token: string | undefined
  do {
    const answer = await kinesis.listShards(token === undefined ? stream : { NextToken: token }, {
      abortSignal
    })
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of answer.Shards ?? [])
      found.push({
        shard: ShardId!,
        parents: [ParentShardId, AdjacentParentShardId].filter(parent => parent !== undefined)
      })
    token = answer.NextToken
  } while (token !== undefined)
  return found
}

/** When the stream was made, which tells it from another one of the same name. */
export async function createdMsOf(
  kinesis: Kinesis,
  stream: Stream,
  abortSignal: AbortSignal
): Promise<number> {
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary(stream, { abortSignal })
  return StreamDescriptionSummary?.StreamCreationTimestamp?.getTime() ?? 0
}
