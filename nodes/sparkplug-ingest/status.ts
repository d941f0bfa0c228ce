import { type SessionState, sessionTrouble } from '../../core/mqtt/session-trouble.ts'
import { compact } from '../../core/node/status.ts'
import type { SourceTrouble } from '../../core/source/define-source.ts'
import type { DeliverySource } from '../../core/source/source.ts'
import type { Host } from './logic.ts'

/** What keeps messages from coming: the session, or a flow that has no room. */
export function troubleOf(
  session: SessionState,
  { waiting, inFlight }: Pick<DeliverySource, 'waiting' | 'inFlight'>
): SourceTrouble | undefined {
  const trouble = sessionTrouble(session)
  if (trouble !== undefined) return trouble
  if (!session.holding || waiting.retrying > 0) return undefined
  return { words: `waiting for the flow, ${compact(inFlight)} in flight`, mend: false }
}

export function workingText(
  perSecond: number,
  inFlight: number,
  { online, held }: Pick<Host, 'online' | 'held'>
): string {
  const rate = `${compact(perSecond)}/s`
  if (held > 0) return `${rate} · ${compact(held)} wait for births`
  return `${rate} · ${compact(inFlight)} in flight · ${compact(online)} online`
}

export const askedSentence = (edgeNodes: number, first: string): string =>
  edgeNodes === 1
    ? `The edge node ${first} was asked for its births, since one was missed or never came.`
    : `Edge nodes were asked for their births ${edgeNodes} times, since some were missed or never came; the first was ${first}.`
