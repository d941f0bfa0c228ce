import { isSameSession, type KeptSession, nodeNameOf } from './kept-sessions.ts'
import { type MqttSettings, shownUrl } from './settings.ts'

/**
 * What a person must know of the session that a node had before its settings were changed;
 * undefined if there is nothing.
 */
export function changeWarning(before: KeptSession, settings: MqttSettings): string | undefined {
  const isSame = isSameSession(before, {
    server: shownUrl(settings.url),
    clientId: settings.clientId
  })
  if (!isSame) return abandonedSentence(before)
  return settings.clean
    ? `The session "${before.clientId}" on ${before.server} ends with the clean start that was chosen, and what was queued in it is gone.`
    : undefined
}

/**
 * To end a session is to lose what is queued in it, so this is left to the user, who can have it
 * fetched first.
 */
function abandonedSentence(session: KeptSession): string {
  const { server, clientId, open } = session
  const waiting = open
    ? ` At least ${open} ${open === 1 ? 'message waits' : 'messages wait'} in it.`
    : ''
  return `This node had the session "${clientId}" on ${server} before it was changed.${waiting} The server keeps it with all that is queued in it until it expires, goes on queueing for it, and in a shared group gives it a share that nobody takes. To lose nothing, add ${nodeNameOf(session)} with the client id "${clientId}", that server and the former topics until nothing comes from it any more, then delete it: that ends the session.`
}

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
