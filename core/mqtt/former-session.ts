import { pause, retrying } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { DeferredAcks, type Received } from './deferred-ack.ts'
import type { DeletedSessions } from './deleted-sessions.ts'
import type { Intake } from './intake.ts'
import { hasExpired, type KeptSession, type KeptSessions } from './kept-sessions.ts'
import type { Link } from './link.ts'
import { leadToSame } from './same-server.ts'
import { discardSession, linkOf, queuedIn } from './session-end.ts'
import { SessionMemory } from './session-memory.ts'
import {
  formerEnded,
  formerFails,
  formerGoesOn,
  formerLeft,
  formerWaits,
  MAY_BE_SAME,
  NO_WAY
} from './session-notices.ts'
import { MAX_RECEIVE_MAXIMUM, type MqttSettings, shownUrl } from './settings.ts'
import { StaleSubscriptions } from './stale-subscriptions.ts'

export interface FormerSessionOptions {
  /** Under which it is kept; see `KeptSessions.begin`. */
  readonly key: string
  /** Of the session that the node has now, and its connection, if there is one. */
  readonly settings: MqttSettings
  own(): Link | undefined
  /** The session that the node has now is this one, by another address. */
  goesOn(session: KeptSession): void
  readonly kept: KeptSessions
  readonly deleted: DeletedSessions
  readonly intake: Intake
  log(line: string, isProblem: boolean): void
  /** The status has something else to say. */
  changed(): void
}

const GRACE_MS = 3000
const BACKOFF = { initialMs: 1000, maxMs: 60_000 }
const LOOK_EVERY_MS = 100
const BEAT_MS = 1000
const CAME_ANEW = 'The connection to the new server was made anew meanwhile.'

/**
 * The session that a node had before its client id or server was changed. Nobody would fetch what
 * the server goes on queueing for it, so it ends: but first what waits in it goes through the flow,
 * beside what the new session brings, and is acknowledged there.
 */
export class FormerSession {
  readonly #abort = new AbortController()
  #memory = new SessionMemory()
  #acks: DeferredAcks | undefined
  #link: Link | undefined
  #work: Promise<void> | undefined
  #taken = 0
  #isEnding = false
  #isDrained = false
  /** It is on another server, as was found out where the client id is the same. */
  #isElsewhere = false

  constructor(private readonly options: FormerSessionOptions) {}

  /** Messages taken of it while it ends; undefined when nothing is taken. */
  get taken(): number | undefined {
    return this.#isEnding ? this.#taken : undefined
  }

  start(): void {
    const { signal } = this.#abort
    const { key, kept, log } = this.options
    const onRetry = (error: unknown, attempt: number) => {
      const session = kept.get(key)
      if (attempt === 0 && session) log(formerFails(session, reasonOf(error)), true)
    }
    this.#work ??= retrying(() => this.#attempt(), {
      backoff: BACKOFF,
      signal,
      unref: true,
      onRetry
    })
      .catch(() => undefined)
      .finally(() => this.#set(false))
  }

  /** There is room for more messages. */
  resume(): void {
    this.#acks?.resume()
  }

  /** What is not acknowledged by now waits in it for the next start. */
  async close(): Promise<void> {
    const { key, kept } = this.options
    const open = this.#open()
    this.#abort.abort()
    await this.#link?.end(1000)
    await this.#work
    if (this.#link !== undefined) kept.leave(key, open, Date.now())
  }

  async #attempt(): Promise<void> {
    const { key, kept, deleted, log } = this.options
    const session = kept.get(key)
    if (session === undefined) return
    const heir = deleted.heirOf(session.formerOf ?? key, session)
    const settings = deleted.settingsFor(key, session)
    if (hasExpired(session, Date.now())) kept.forget(key)
    else if (heir !== undefined) {
      log(`The session "${session.clientId}" goes on with ${heir}.`, false)
      kept.forget(key)
    } else if (settings === undefined) this.#leave(session, NO_WAY)
    else if (await this.#isApart(session, settings)) await this.#end(session, settings)
  }

  /**
   * False where it is the session that the node has now, or may be: then nothing of it is touched.
   * @throws MillraceError where one of the servers cannot be reached
   */
  async #isApart(session: KeptSession, settings: MqttSettings): Promise<boolean> {
    const { key, kept, log, settings: own } = this.options
    if (session.clientId !== own.clientId || this.#isElsewhere) return true
    const isSame = await leadToSame(own, settings, GRACE_MS)
    if (this.#abort.signal.aborted) return false
    if (isSame === undefined) this.#leave(session, MAY_BE_SAME)
    else if (isSame) {
      log(formerGoesOn(session, shownUrl(own.url)), false)
      kept.forget(key)
      this.options.goesOn(session)
    }
    this.#isElsewhere = isSame === false
    return this.#isElsewhere
  }

  #leave(session: KeptSession, why: string): void {
    this.options.log(formerLeft(session, why), true)
    this.options.kept.forget(this.options.key)
  }

  async #end(session: KeptSession, settings: MqttSettings): Promise<void> {
    const { key, kept, log } = this.options
    const own = this.options.own()
    if (!this.#isDrained || this.#isElsewhere) {
      const queued = await queuedIn(settings, GRACE_MS)
      if (this.#abort.signal.aborted) return
      log(formerWaits(session, queued), queued.messages > 0)
      const waits = queued.messages > 0 || !queued.isAll
      if (waits && !(await this.#drain(session, settings))) return
      this.#isDrained = true
    }
    // Were it the session of the node after all, to connect to it would have thrown this one out.
    if (this.#isElsewhere && !(own?.up && this.options.own() === own))
      throw new MillraceError('MQTT_CONNECTION_LOST', CAME_ANEW)
    await discardSession(settings, GRACE_MS)
    kept.forget(key)
    log(formerEnded(session, this.#taken), false)
  }

  /** Takes what waits; true once the flow has dealt with all of it. */
  async #drain(session: KeptSession, settings: MqttSettings): Promise<boolean> {
    const { signal } = this.#abort
    const stale = new StaleSubscriptions()
    const link = await linkOf(
      { ...settings, receiveMaximum: MAX_RECEIVE_MAXIMUM },
      GRACE_MS,
      made => this.#linked(made, stale)
    )
    this.#link = link
    this.#set(true)
    stale.begin([session.clientId], performance.now())
    let nextBeatMs = performance.now() + BEAT_MS
    while (link.up && !signal.aborted && (stale.exist || this.#open() > 0)) {
      await pause(LOOK_EVERY_MS, { signal })
      if (performance.now() < nextBeatMs) continue
      nextBeatMs += BEAT_MS
      const full = this.#isFull()
      stale.due({ taken: this.#taken, open: this.#open(), full }, performance.now())
    }
    const isDrained = link.up && !signal.aborted
    await link.end(1000)
    this.#acks?.end(this.#acks ? this.options.intake.openOf(this.#acks) : [])
    this.#acks = undefined
    if (!isDrained && !signal.aborted)
      throw new MillraceError('MQTT_CONNECTION_LOST', 'The connection to it was lost.')
    return isDrained
  }

  #linked(link: Link, stale: StaleSubscriptions): void {
    if (!link.sessionPresent) this.#memory = new SessionMemory()
    const acks: DeferredAcks = new DeferredAcks(link.client, this.#memory, packet =>
      this.#take(packet, acks, stale)
    )
    this.#acks = acks
  }

  #take(packet: Received, acks: DeferredAcks, stale: StaleSubscriptions): boolean {
    if (this.#abort.signal.aborted || (this.#isEnding && !stale.exist)) return false
    const { intake, changed } = this.options
    const isTaken = this.#memory.isAgain(packet, acks) || intake.offer(packet, acks)
    stale.arrived(performance.now(), intake.full)
    if (isTaken && this.#taken++ === 0) changed()
    return isTaken
  }

  #isFull(): boolean {
    return (this.#acks?.holding ?? false) || this.options.intake.full
  }

  /** Messages of it that the flow has. */
  #open(): number {
    let open = 0
    if (this.#acks !== undefined) for (const _ of this.options.intake.openOf(this.#acks)) open++
    return open
  }

  #set(isEnding: boolean): void {
    this.#isEnding = isEnding
    this.options.changed()
  }
}
