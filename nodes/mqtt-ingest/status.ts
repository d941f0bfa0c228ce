import { shownProblem } from '../../core/mqtt/connect-errors.ts'
import { SILENT_MS, silentText } from '../../core/mqtt/pulse.ts'
import { compact } from '../../core/node/status.ts'
import type { SourceTrouble } from '../../core/source/define-source.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { IngestSession } from './session.ts'

type Connection = Pick<IngestSession, 'subscribed' | 'problem' | 'silentMs' | 'holding'>

/**
 * What keeps messages from coming: the connection, a server that does not answer, or a flow that
 * has no room.
 */
export function troubleOf(
  session: Connection,
  source: Pick<DeliverySource, 'waiting'>,
  open: number
): SourceTrouble | undefined {
  const { subscribed, problem, silentMs, holding } = session
  if (!subscribed || problem !== undefined) {
    const { short, needsPerson } = shownProblem(problem)
    return { words: short, mend: needsPerson }
  }
  if (silentMs >= SILENT_MS) return { words: silentText(silentMs), mend: false }
  // Why it is sent again says more than that nothing else is taken meanwhile.
  if (!holding || source.waiting.retrying > 0) return undefined
  return { words: `waiting for the flow, ${compact(open)} in flight`, mend: false }
}

export function workingText(perSecond: number, open: number, forOthers: number): string {
  const others = forOthers > 0 ? ` · ${compact(forOthers)} for others` : ''
  return `${compact(perSecond)}/s · ${compact(open)} in flight${others}`
}
