import { isSameSession, type KeptSession, nodeNameOf } from './kept-sessions.ts'
import type { Queued } from './session-end.ts'
import { type MqttSettings, shownUrl } from './settings.ts'

/**
 * What a person must know where the session of a node does not go on; undefined if there is
 * nothing. One with another client id or server is dealt with by `FormerSession`.
 */
export function changeWarning(before: KeptSession, settings: MqttSettings): string | undefined {
  const now = { server: shownUrl(settings.url), clientId: settings.clientId }
  return isSameSession(before, now) && settings.clean
    ? `The session "${before.clientId}" on ${before.server} ends with the clean start that was chosen, and what was queued in it is gone.`
    : undefined
}

const nameOf = ({ clientId, server }: KeptSession) => `"${clientId}" on ${server}`

/** Said before what waits in the session from before a change is taken. */
export function formerWaits(session: KeptSession, { messages, isAll }: Queued): string {
  const before = `This node had the session ${nameOf(session)} before it was changed`
  if (messages === 0 && isAll) return `${before}. Nothing waits in it, so it ends.`
  const count = `${isAll ? '' : 'at least '}${messages} ${messages === 1 ? 'message waits' : 'messages wait'}`
  return `${before}: ${count} in it. They are taken now and acknowledged once the flow has dealt with them; then it ends.`
}

export const formerEnded = (session: KeptSession, taken: number): string =>
  `The session ${nameOf(session)} of before the change has ended. Taken from it: ${taken}.`

export const formerFails = (session: KeptSession, reason: string): string =>
  `The session ${nameOf(session)} of before the change could not be ended: ${reason} This is tried until it works.`

export const NO_WAY = 'no node is left that says how to reach that server'
export const MAY_BE_SAME =
  'these servers do not let it be told whether the new address leads to the same one, where it would be this one'

/** The other address leads to the same server. */
export const formerGoesOn = (session: KeptSession, server: string): string =>
  `${server} leads to the same server as ${session.server}, so the session "${session.clientId}" goes on.`

/** It cannot be ended here: only a person can fetch what waits. */
export function formerLeft(session: KeptSession, why: string): string {
  const { server, clientId, open } = session
  const waiting = open
    ? ` At least ${open} ${open === 1 ? 'message waits' : 'messages wait'} in it.`
    : ''
  return `This node had the session "${clientId}" on ${server} before it was changed. It is left as it is, since ${why}.${waiting} If it is another, the server keeps it with all that is queued in it until it expires, and goes on queueing for it. To lose nothing, add ${nodeNameOf(session)} with the client id "${clientId}", that server and the former topics until nothing comes from it any more, then delete it: that ends the session.`
}

/** The session goes on where its topics were changed; how much waits cannot be seen by topic. */
export const staleSentence = (filters: readonly string[]): string =>
  `The session is subscribed to "${filters.join('", "')}" from before its topics were changed. What waits of that is taken first; then the subscription ends.`

/** What a person must know who has just disabled a node, or its tab. */
export function pausedNotice(
  session: KeptSession | undefined,
  qos: number
): { line: string; isProblem: boolean } {
  if (session === undefined || qos === 0) {
    const why = qos === 0 ? 'QoS 0 is asked for' : 'the server keeps no session for it'
    return {
      line: `Disabled: what is published until it is enabled again is lost, since ${why}.`,
      isProblem: true
    }
  }
  const { clientId, expiryS } = session
  const time = expiryS === null ? '' : ` for ${durationText(expiryS)}`
  const line = `Disabled: the server keeps the session "${clientId}"${time}, and queues what comes as far as its own limits allow. It arrives when the node is enabled again; the session ends when the node is deleted.`
  return { line, isProblem: false }
}

const durationText = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
