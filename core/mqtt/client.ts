import { backoffMs } from '../backoff.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import { Link } from './link.ts'
import { discardSession } from './session-end.ts'
import { type MqttSettings, shownUrl } from './settings.ts'

export interface ConnectionEvents {
  /** The server has accepted a connection; comes before its first message. */
  linked?(link: Link): void
  /** Subscribe here. Failing ends the connection, which is then tried again. */
  ready(link: Link): void | Promise<void>
  /** The connection is gone, or could not be made. Comes for every try; `first` is true where it is news. */
  lost(error: MillraceError, first: boolean): void
  /** One line for the log at every change of state. */
  log(line: string, isProblem: boolean): void
}

/** A connection that has lasted this long was a good one: after its end the next try follows soon. */
const STABLE_MS = 10_000
const BACKOFF = { initialMs: 250, maxMs: 15_000 }

/** Keeps a client connected: tries again with backoff until it is closed, and says each change of state once. */
export class MqttConnection {
  #link: Link | undefined
  #timer: NodeJS.Timeout | undefined
  #attempt = 0
  #upSinceMs = 0
  #complaint = ''
  #closed = false

  constructor(
    readonly settings: MqttSettings,
    private readonly events: ConnectionEvents
  ) {}

  get connected(): boolean {
    return this.#link?.up ?? false
  }

  /** Starts to connect; returns at once. */
  start(): void {
    void this.#open()
  }

  /** Ends the connection within `graceMs`, even when the other side is dead. `endSession`: and has the server forget the session. */
  async close(graceMs = 5000, { endSession = false } = {}): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    const link = this.#link
    if (link?.up) await this.#sayGoodbye(link)
    const wasUp = link?.up ?? false
    await link?.end(graceMs)
    if (endSession && wasUp && !this.settings.clean) await discardSession(this.settings, graceMs).catch(() => {})
  }

  async #open(): Promise<void> {
    try {
      // Loaded at first use: Node-RED starts faster.
      const library = await import('mqtt')
      if (this.#closed) return
      this.#link = new Link(library, this.settings, {
        up: link => this.events.linked?.(link),
        down: (_link, error) => this.#down(error)
      })
    } catch (error) {
      this.#down(new MillraceError('MQTT_CONNECT_FAILED', reasonOf(error), { cause: error }))
      return
    }
    this.#link.client.once('connect', () => void this.#ready(this.#link!))
  }

  async #ready(link: Link): Promise<void> {
    try {
      await this.events.ready(link)
      if (!link.up) return
      this.#complaint = ''
      this.#upSinceMs = performance.now()
      this.events.log(`connected to ${shownUrl(this.settings.url)} as "${this.settings.clientId}"`, false)
      const { birth } = this.settings
      if (birth) link.publish(birth.topic, birth.payload, birth.qos, birth.retain, () => {})
    } catch (error) {
      await link.end(
        1000,
        error instanceof MillraceError ? error : new MillraceError('MQTT_CONNECT_FAILED', reasonOf(error), { cause: error })
      )
    }
  }

  #down(error: MillraceError): void {
    this.#link = undefined
    if (this.#closed) {
      this.events.lost(error, false)
      return
    }
    if (this.#upSinceMs > 0 && performance.now() - this.#upSinceMs > STABLE_MS) this.#attempt = 0
    this.#upSinceMs = 0
    this.#complain(error)
    this.#timer = setTimeout(() => void this.#open(), backoffMs(this.#attempt++, BACKOFF))
  }

  #complain(error: MillraceError): void {
    const first = error.message !== this.#complaint
    this.#complaint = error.message
    if (first) this.events.log(`${error.message} Trying again until it works.`, true)
    this.events.lost(error, first)
  }

  /** A server publishes the will only when the connection breaks; whoever watches it wants to know of an orderly end as well. */
  async #sayGoodbye(link: Link): Promise<void> {
    const { will } = this.settings
    if (!will) return
    const published = new Promise<void>(resolve => link.publish(will.topic, will.payload, will.qos, will.retain, () => resolve()))
    await Promise.race([published, new Promise(resolve => setTimeout(resolve, 1000).unref())])
  }
}
