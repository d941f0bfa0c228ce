import { isSameSession, type KeptSession } from '../../core/mqtt/kept-sessions.ts'
import { type MqttSettings, shownUrl } from '../../core/mqtt/settings.ts'

/** What a person must know of the session that a node had before its settings were changed; undefined if there is nothing. */
export function warningOf(before: KeptSession, settings: MqttSettings): string | undefined {
  const isSame = isSameSession(before, { server: shownUrl(settings.url), clientId: settings.clientId })
  if (!isSame) return abandonedSentence(before)
  return settings.clean
    ? `The session "${before.clientId}" on ${before.server} ends with the clean start that was chosen, and what was queued in it is gone.`
    : undefined
}

/** To end a session is to lose what is queued in it, so this is left to the user, who can have it fetched first. */
function abandonedSentence({ server, clientId, open }: KeptSession): string {
  const waiting = open ? ` At least ${open} ${open === 1 ? 'message waits' : 'messages wait'} in it.` : ''
  return `This node had the session "${clientId}" on ${server} before it was changed.${waiting} The server keeps it with all that is queued in it until it expires, goes on queueing for it, and in a shared group gives it a share that nobody takes. To lose nothing, add an mqtt ingest with the client id "${clientId}", that server and the former topics until nothing comes from it any more, then delete it: that ends the session.`
}

/** What a person must know who has just disabled a node, or its tab. */
export function pausedNotice(session: KeptSession | undefined, qos: number): { line: string; isProblem: boolean } {
  if (session === undefined || qos === 0) {
    const why = qos === 0 ? 'QoS 0 is asked for' : 'the server keeps no session for it'
    return { line: `Disabled: what is published until it is enabled again is lost, since ${why}.`, isProblem: true }
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

/** A filter without its shared group. */
export const plainFilter = (filter: string): string => filter.replace(/^\$share\/[^/]*\//, '')

/** What an intake has taken, for `FormerFilters`. */
export interface Progress {
  /** Messages taken in all. */
  readonly taken: number
  /** Messages of these that are not acknowledged. */
  readonly open: number
  readonly full: boolean
}

/** A server that has sent nothing for so long has nothing to send. */
const IDLE_MS = 250
/** Before so many beats nothing is decided: a server may be slow to begin. */
const FEWEST_BEATS = 3
/** Where messages come without a pause a backlog cannot be told from live ones; in a minute it has come. */
const ENOUGH_BEATS = 60

/**
 * Subscriptions of the session that are not wanted any more. Servers may drop what is queued for a subscription, or sent and
 * not acknowledged, when it ends (ActiveMQ Artemis 2.55 has a queue for each; so have shared groups elsewhere). So one is
 * left only when it has brought all it had: when the server, which sends as long as it may, has paused without being held
 * back, and what it had sent by then is acknowledged. What is published later comes by the new subscription.
 */
export class FormerFilters {
  #filters: string[] = []
  #beats = 0
  #arrivedMs = 0
  #hasPaused = false
  #mark: number | undefined

  /** A connection stands, and the session has these. */
  begin(filters: string[], nowMs: number): void {
    this.#filters = filters
    this.#arrivedMs = nowMs
    this.#restart()
  }

  get exist(): boolean {
    return this.#filters.length > 0
  }

  /** A message has come. `full`: the server may not send more for now. */
  arrived(nowMs: number, full: boolean): void {
    if (full) this.#restart()
    else if (nowMs - this.#arrivedMs >= IDLE_MS) this.#hasPaused = true
    this.#arrivedMs = nowMs
  }

  /** The filters to leave now. Call once a second. */
  due({ taken, open, full }: Progress, nowMs: number): string[] {
    if (full) this.#restart()
    else this.#beats++
    if (nowMs - this.#arrivedMs >= IDLE_MS) this.#hasPaused = true
    if (this.#mark === undefined) {
      const isDrained = this.#beats >= FEWEST_BEATS && (this.#hasPaused || this.#beats >= ENOUGH_BEATS)
      if (isDrained) this.#mark = taken
    }
    return this.#mark !== undefined && taken - open >= this.#mark ? this.#filters.splice(0) : []
  }

  #restart(): void {
    this.#beats = 0
    this.#hasPaused = false
    this.#mark = undefined
  }
}
