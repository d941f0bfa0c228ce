import type { Portion, Which } from './portion-cutter.ts'
import type { TakenBatch, TakenMany, TakenMessage } from './types.ts'

type Shape = Pick<TakenBatch, 'isSingle' | 'properties'>

const withPayload = ({ properties, isSingle }: Shape, payload: readonly object[]) => ({
  ...properties,
  payload: isSingle ? payload[0] : payload
})

/**
 * The messages that a batch leaves as: none, or the accepted records, the rejected ones, or both.
 * The last one acknowledges it.
 */
export function messagesOf(batch: TakenBatch, deadLetterOutput: number): TakenMessage[] {
  const kinds = (['accepted', 'rejected'] as const).filter(which => batch.split[which].length > 0)
  return kinds.map((which, index) => {
    const isLast = index === kinds.length - 1
    return partOf(batch, which, deadLetterOutput, isLast ? atTheEnd(batch) : NOT_YET)
  })
}

type AtTheEnd = Pick<TakenMessage, 'next' | 'acknowledge' | 'dealtWith'>
const NOT_YET: AtTheEnd = { acknowledge: () => {} }
const atTheEnd = ({ next, acknowledge, dealtWith }: AtTheEnd): AtTheEnd => ({
  next,
  acknowledge,
  dealtWith
})

function partOf(
  batch: TakenBatch,
  which: Which,
  deadLetterOutput: number,
  end: AtTheEnd
): TakenMessage {
  const { lane, from, split, survived } = batch
  const records = split[which]
  return {
    lane,
    from,
    records: records.length,
    // Shared out by the number of records, since both are in flight as long as one is.
    bytes: Math.round(
      (batch.bytes * records.length) / (split.accepted.length + split.rejected.length)
    ),
    message: withPayload(batch, records),
    rebuild: () => withPayload(batch, batch.splitAgain()[which]),
    ...end,
    survived,
    output: which === 'accepted' ? 0 : deadLetterOutput
  }
}

/**
 * The message that a portion leaves as; the last one of `many` acknowledges it, and counts with the
 * bytes of all of it, which are kept up to then.
 */
export function messageOfPortion(
  many: TakenMany,
  { which, records, again }: Portion,
  deadLetterOutput: number,
  isLast: boolean
): TakenMessage {
  const { lane, from, bytes, survived, handBack } = many
  return {
    lane,
    from,
    records: records.length,
    bytes: isLast ? bytes : 0,
    message: withPayload(many, records),
    rebuild: () => withPayload(many, again()),
    ...(isLast ? atTheEnd(many) : NOT_YET),
    survived,
    handBack,
    output: which === 'accepted' ? 0 : deadLetterOutput
  }
}
