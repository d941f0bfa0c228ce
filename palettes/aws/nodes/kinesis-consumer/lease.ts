/** All of a shard was read and stored. The words of the table are those of KCL. */
export const END = 'SHARD_END'
export const OLDEST = 'TRIM_HORIZON'
const AT = 'AT_TIMESTAMP:'

/** From where a shard is read when nothing of it was stored: what came at this time or later. */
export const startingAt = (ms: number): string => `${AT}${ms}`

/** Who reads a shard, and how far it has stored, as the table has it. */
export interface Lease {
  readonly shard: string
  readonly owner: string | undefined
  /** Who has asked the owner for it. */
  readonly wanted: string | undefined
  /** Goes up with each word of its owner. */
  readonly counter: number
  /** `END`, `OLDEST`, a time by `startingAt`, or the sequence number that was stored last. */
  readonly checkpoint: string
  /** Shards that have to be read to their end first. */
  readonly parents: readonly string[]
}

/** What a request for an iterator says. */
export function positionOf(checkpoint: string) {
  if (checkpoint === OLDEST) return { ShardIteratorType: 'TRIM_HORIZON' } as const
  if (checkpoint.startsWith(AT))
    return {
      ShardIteratorType: 'AT_TIMESTAMP',
      Timestamp: new Date(Number(checkpoint.slice(AT.length)))
    } as const
  return {
    ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
    StartingSequenceNumber: checkpoint
  } as const
}
