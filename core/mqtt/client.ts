import { pause, Restarts } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { Addresses } from './addresses.ts'
import { answersAt } from './answers-at.ts'
import { MqttError, rivalProblem } from './connect-errors.ts'
import { Link, type LinkEvents } from './link.ts'
import { Pulse } from './pulse.ts'
import { discardSession } from './session-end.ts'
import { type MqttSettings, shownUrl } from './settings.ts'

export interface ConnectionEvents {
  /** Whoever is linked takes messages (`DeferredAcks`), and many may come. */
  readonly takesMessages?: boolean
  /** The server has accepted a connection; comes before its first message. */
  linked?(link: Link): void
  /** Subscribe here. Failing ends the connection, which is then tried again. */
  ready(link: Link): void | Promise<void>
  /**
   * The connection is gone, or could not be made. Comes for every try; `first` is true where it is
   * news.
   */
  lost(error: MillraceError, first: boolean): void
  /** One line for the log at every change of state. */
  log(line: string, isProblem: boolean): void
}

/**
 * A connection that has lasted this long was a good one: after its end the next try follows soon.
 */
const STABLE_MS = 10_000
/** So many in a row that end sooner, in the way that a takeover does, are no accident. */
const RIVAL_LIVES = 3
const BACKOFF = { initialMs: 250, maxMs: 15_000 }
/** Reasons that are remembered: a server may put a time or number into them. */
const MAX_COMPLAINTS = 100
/** How often the first address is asked whether it is back, while another one serves. */
const LOOK_BACK_MS = 30_000

/**
 * Keeps a client connected: tries again with backoff until it is closed, and says each change of
 * state once.
 */
export class MqttConnection {
  #link: Link | undefined
  readonly #restarts = new Restarts(() => void this.#open(), BACKOFF)
  #pulse: Pulse | undefined
  /** When the server accepted the connection. */
  #acceptedMs: number | undefined
  #upSinceMs = 0
  /** Connections in a row that ended soon after they were accepted. */
  #shortLives = 0
  #rival: MqttError | undefined
  /** What the log was told since it last worked; several addresses have a reason each. */
  readonly #complaints = new Set<string>()
  #closed = false
  readonly #addresses: Addresses
  #lookBack: NodeJS.Timeout | undefined

  constructor(
    readonly settings: MqttSettings,
    private readonly events: ConnectionEvents
  ) {
    this.#addresses = new Addresses([settings.url, ...(settings.others ?? [])])
  }

  get connected(): boolean {
    return this.#link?.up ?? false
  }
  /** The address that serves in place of the first one; undefined where that does. */
  get elsewhere(): string | undefined {
    if (!this.connected || this.#addresses.preferred === undefined) return undefined
    return shownUrl(this.#addresses.current)
  }

  /**
   * What ends the connection again and again, until one has lasted: the present one may be no
   * better than those before.
   */
  get rival(): MqttError | undefined {
    const hasLasted =
      this.#acceptedMs !== undefined && performance.now() - this.#acceptedMs > STABLE_MS
    return hasLasted ? undefined : this.#rival
  }

  /**
   * Call about once a second: for how long the server has owed a sign of life. `isReading`: answers
   * would be seen.
   */
  beat(isReading: boolean): number {
    return this.connected ? (this.#pulse?.beat(performance.now(), isReading) ?? 0) : 0
  }

  /** Starts to connect; returns at once. */
  start(): void {
    void this.#open()
  }

  /**
   * Ends the connection within `graceMs`, even when the other side is dead. `endSession`: and has
   * the server forget the session.
   */
  async close(graceMs = 5000, { endSession = false } = {}): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#restarts.end()
    clearTimeout(this.#lookBack)
    const link = this.#link
    if (link?.up) await this.#sayGoodbye(link)
    const wasUp = link?.up ?? false
    await link?.end(graceMs)
    if (endSession && wasUp && !this.settings.clean)
      await discardSession(this.settings, graceMs).catch(() => {})
  }

  async #open(): Promise<void> {
    try {
      // Loaded at first use: Node-RED starts faster.
      const library = await import('mqtt')
      if (this.#closed) return
      const events: LinkEvents = {
        takesMessages: this.events.takesMessages ?? false,
        up: link => {
          this.#acceptedMs = performance.now()
          this.#pulse = new Pulse(link.client)
          this.events.linked?.(link)
        },
        down: (_link, error) => this.#down(error)
      }
      this.#link = new Link(library, this.#announcing(), events, this.#addresses.current)
    } catch (error) {
      this.#down(new MillraceError('MQTT_CONNECT_FAILED', reasonOf(error), { cause: error }))
      return
    }
    this.#link.client.once('connect', () => void this.#ready(this.#link!))
  }

  /** The settings with birth and will of now. */
  #announcing(): MqttSettings {
    return { ...this.settings, ...this.settings.announce?.(Date.now()) }
  }

  async #ready(link: Link): Promise<void> {
    try {
      await this.events.ready(link)
      if (!link.up) return
      this.#complaints.clear()
      this.#upSinceMs = performance.now()
      this.events.log(
        `connected to ${shownUrl(this.#addresses.current)} as "${this.settings.clientId}"`,
        false
      )
      this.#watchFirst()
      const { birth } = link.settings
      if (birth) link.publish(birth.topic, birth.payload, birth.qos, birth.retain, () => {})
    } catch (error) {
      await link.end(
        1000,
        error instanceof MillraceError
          ? error
          : new MillraceError('MQTT_CONNECT_FAILED', reasonOf(error), { cause: error })
      )
    }
  }

  #down(error: MillraceError): void {
    this.#link = undefined
    if (this.#closed) {
      this.events.lost(error, false)
      return
    }
    const wasAccepted = this.#acceptedMs !== undefined
    const known = this.#orRival(error)
    if (this.#upSinceMs > 0 && performance.now() - this.#upSinceMs > STABLE_MS)
      this.#restarts.works()
    this.#upSinceMs = 0
    this.#complain(known)
    this.#again(wasAccepted)
  }

  /** Tries the next address, after a pause where none of them has answered. */
  #again(wasAccepted: boolean): void {
    clearTimeout(this.#lookBack)
    if (wasAccepted) this.#addresses.lost()
    else if (this.#addresses.failed()) {
      setImmediate(() => {
        if (!this.#closed) void this.#open()
      })
      return
    }
    this.#restarts.later()
  }

  /** While another address serves: goes back to the first one as soon as it answers. */
  #watchFirst(): void {
    const { preferred } = this.#addresses
    const link = this.#link
    if (preferred === undefined) return
    const { lookBackMs = LOOK_BACK_MS } = this.settings
    this.#lookBack = setTimeout(async () => {
      const isBack = await answersAt(this.settings, preferred)
      if (this.#closed || this.#link !== link || !link?.up) return
      if (!isBack) return this.#watchFirst()
      const words = `${shownUrl(preferred)} answers again, so the connection moves there.`
      this.events.log(words, false)
      const moving = new MillraceError('MQTT_CONNECTION_LOST', words)
      this.#complaints.add(moving.message)
      await link.end(1000, moving)
    }, lookBackMs).unref()
  }

  /**
   * Servers that give no reason for a takeover (all of MQTT 3.1.1) just close the connection, as
   * often as it is made.
   */
  #orRival(error: MillraceError): MillraceError {
    const lastedMs =
      this.#acceptedMs === undefined
        ? Number.POSITIVE_INFINITY
        : performance.now() - this.#acceptedMs
    this.#acceptedMs = undefined
    const isShort = lastedMs < STABLE_MS && error instanceof MqttError && error.mayBeRival
    this.#shortLives = isShort ? this.#shortLives + 1 : 0
    this.#rival = undefined
    if (!isShort || this.#shortLives < RIVAL_LIVES) return error
    this.#rival = error.needsPerson
      ? error
      : new MqttError('MQTT_CONNECTION_LOST', rivalProblem(this.settings), { cause: error })
    return this.#rival
  }

  #complain(error: MillraceError): void {
    const first = !this.#complaints.has(error.message)
    if (this.#complaints.size >= MAX_COMPLAINTS) this.#complaints.clear()
    this.#complaints.add(error.message)
    if (first) this.events.log(`${error.message} Trying again until it works.`, true)
    this.events.lost(error, first)
  }

  /**
   * A server publishes the will only when the connection breaks; whoever watches it wants to know
   * of an orderly end as well.
   */
  async #sayGoodbye(link: Link): Promise<void> {
    const { will } = this.#announcing()
    if (!will) return
    const published = new Promise<void>(resolve =>
      link.publish(will.topic, will.payload, will.qos, will.retain, () => resolve())
    )
    await Promise.race([published, pause(1000, { unref: true })])
  }
}
