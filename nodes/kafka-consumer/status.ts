import type { MillraceError } from '../../core/errors.ts'
import type { ConsumerGroup, Still } from '../../core/kafka/consume/consumer-group.ts'
import { shortReason } from '../../core/kafka/short-reason.ts'
import { compact, SILENT_MS } from '../../core/node/status.ts'
import type { SourceTrouble } from '../../core/source/define-source.ts'
import type { Waiting } from '../../core/source/types.ts'

/**
 * What keeps records from coming: the brokers, a right that is missing, a group that is not joined
 * yet.
 */
export function troubleOf(
  { silentMs, isReady, still }: Pick<ConsumerGroup, 'silentMs' | 'isReady' | 'still'>,
  away: MillraceError | undefined,
  { retrying, reason }: Pick<Waiting, 'retrying' | 'reason'>
): SourceTrouble | undefined {
  // Of a transaction it is the attempt that fails, not the group.
  const why = away?.message ?? (retrying > 0 ? reason : undefined)
  const wrong = shortReason(why ?? '')
  if (wrong !== undefined) return { words: wrong, mend: true }
  if (away?.code === 'KAFKA_TOPIC_MISSING') return { words: 'topic missing', mend: true }
  if (away !== undefined) return { words: 'broker away', mend: false }
  if (!isReady) return { words: 'joining the group', mend: false }
  if (silentMs >= SILENT_MS)
    return { words: `broker silent for ${Math.round(silentMs / 1000)} s`, mend: false }
  if (still?.kind === 'stuck')
    return { words: `${compact(still.records)} wait in Kafka, none come`, mend: false }
  if (still?.kind === 'left out')
    return { words: `has none of ${compact(still.partitions)} partitions`, mend: false }
  return undefined
}

export const lagText = (lag: number): string => `lag ${compact(lag)}`

export function workingText(perSecond: number, lag: number, still: Still | undefined): string {
  if (still?.kind === 'spare') return 'waits as a spare member'
  if (still?.kind === 'held') return `${compact(still.records)} wait for a transaction`
  return `${compact(perSecond)}/s · ${lagText(lag)}`
}
