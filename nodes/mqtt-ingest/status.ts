import type { IngestSession } from '../../core/mqtt/ingest-session.ts'
import { type SessionState, sessionTrouble } from '../../core/mqtt/session-trouble.ts'
import { compact } from '../../core/node/status.ts'
import type { SourceTrouble } from '../../core/source/define-source.ts'
import type { DeliverySource } from '../../core/source/source.ts'

/** What keeps messages from coming: the session, or a flow that has no room. */
export function troubleOf(
  session: SessionState & Pick<IngestSession, 'takenOfFormer'>,
  source: Pick<DeliverySource, 'waiting'>,
  open: number
): SourceTrouble | undefined {
  const trouble = sessionTrouble(session)
  if (trouble !== undefined) return trouble
  const { takenOfFormer } = session
  if (takenOfFormer !== undefined && source.waiting.retrying === 0)
    return { words: `old session ends, ${compact(takenOfFormer)} taken`, mend: false }
  // Why it is sent again says more than that nothing else is taken meanwhile.
  if (!session.holding || source.waiting.retrying > 0) return undefined
  return { words: `waiting for the flow, ${compact(open)} in flight`, mend: false }
}

export interface AtWork {
  readonly open: number
  /** Messages so far that were for others than this node. */
  readonly forOthers: number
  /** Messages so far that were left out as published here. */
  readonly own: number
  readonly elsewhere: string | undefined
}

export function workingText(
  perSecond: number,
  { open, forOthers, own, elsewhere }: AtWork
): string {
  const others = forOthers > 0 ? ` · ${compact(forOthers)} for others` : ''
  const left = own > 0 ? ` · ${compact(own)} own left out` : ''
  const at = elsewhere === undefined ? '' : ` · at ${elsewhere}`
  return `${compact(perSecond)}/s · ${compact(open)} in flight${others}${left}${at}`
}
