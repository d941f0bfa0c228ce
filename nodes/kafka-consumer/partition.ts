import type { PendingRange } from '../../core/kafka/consume/offset-ledger.ts'
import type { PartitionTransaction } from '../../core/kafka/consume/partition-transaction.ts'
import type { TakenBatch, TakenMany, TakenMessage } from '../../core/source/types.ts'
import type { BatchSlice, KafkaBatch } from './batch.ts'
import type { Care, CarefulSlice, Manner } from './care.ts'
import type { Shape, Shaping } from './shapes.ts'

/** A batch that was fetched and is not in the flow yet. */
export interface FetchedSlice {
  readonly batch: KafkaBatch
  readonly slice: CarefulSlice
  readonly shape: Shape
  /** It may hold any number of records. */
  readonly isMany: boolean
  readonly bytes: number
  /** The offset behind it. */
  readonly next: bigint
  readonly pending: PendingRange
}

/** A partition that is ours, with what of it waits for room in the flow. */
export interface Partition {
  /** Its lane in the source. */
  readonly key: string
  readonly topic: string
  readonly number: number
  readonly waiting: FetchedSlice[]
  readonly transaction: PartitionTransaction | undefined
  paused: boolean
  readonly care: Care
  /** How what was sent last goes on. */
  sent: Manner
}

export const recordsOf = ({ from, to }: BatchSlice): number => to - from

export function bytesOf({ messages }: KafkaBatch, { from, to }: BatchSlice): number {
  let bytes = 0
  for (let index = from; index < to; index++) bytes += messages[index]!.value?.length ?? 0
  return bytes
}

/**
 * What tells the one who fetched it, and the trial if there is one, that the flow is done with it.
 */
export type WayBack = Pick<TakenMessage, 'acknowledge' | 'dealtWith' | 'survived'>

export function batchOf(
  { key, topic }: Partition,
  fetched: FetchedSlice,
  isSingle: boolean,
  back: WayBack
): TakenBatch {
  const { batch, slice, shape, bytes, next } = fetched
  const splitAgain = () => shape(batch, slice.from, slice.to)
  return {
    lane: key,
    from: batch.messages[slice.from]!.offset,
    next: String(next),
    bytes,
    split: splitAgain(),
    splitAgain,
    isSingle,
    properties: { topic },
    ...back
  }
}

/** How the records of what holds many leave. */
interface Leaving extends Pick<TakenMany, 'isSingle' | 'portion' | 'inTurn'> {
  /** A message that holds no record has been read. */
  onNone(): void
  readonly piecesOf: Shaping['piecesOf']
}

export function manyOf(
  { key, topic }: Partition,
  { batch, slice, bytes, next }: FetchedSlice,
  { onNone, piecesOf, ...leaving }: Leaving,
  back: WayBack
): TakenMany {
  const { from } = slice
  return {
    lane: key,
    from: batch.messages[from]!.offset,
    next: String(next),
    length: recordsOf(slice),
    bytes,
    piecesOf: index => piecesOf(batch, from + index),
    holdsNone: onNone,
    properties: { topic },
    ...leaving,
    ...back
  }
}

/**
 * A message for each output, which together are all that the transaction holds. What others have
 * committed of it meanwhile is left out.
 */
export function inTransaction(
  { key, topic }: Partition,
  { batch, slice, shape, bytes, next, pending }: FetchedSlice,
  transaction: PartitionTransaction,
  isSingle: boolean
): Omit<TakenMessage, keyof WayBack> {
  let { from } = slice
  const { accepted, rejected } = shape(batch, from, slice.to)
  const messageOf = (payload: readonly object[]) =>
    payload.length === 0
      ? null
      : { topic, payload: isSingle && payload.length === 1 ? payload[0] : payload }
  return {
    lane: key,
    from: batch.messages[from]!.offset,
    records: accepted.length + rejected.length,
    bytes,
    rejected,
    rebuild() {
      const split = shape(batch, from, slice.to)
      return [messageOf(split.accepted), messageOf(split.rejected)]
    },
    transaction: {
      async begin() {
        const begun = await transaction.begin(next)
        while (begun && from < slice.to && BigInt(batch.messages[from]!.offset) < begun.committed)
          from++
        return from < slice.to ? begun?.scope : undefined
      },
      async commit() {
        await transaction.commit(next)
        pending.committed()
      },
      get broken() {
        return transaction.broken
      }
    }
  }
}
