import { PassingSet } from '../passing-map.ts'
import type { Link, PublishProperties } from './link.ts'
import type { Qos } from './settings.ts'

export interface Outgoing {
  readonly topic: string
  readonly payload: string | Buffer
  readonly qos: Qos
  readonly retain: boolean
  /** MQTT 5 only. */
  readonly properties?: PublishProperties
}

export interface PublisherOptions {
  /** How many messages may be unacknowledged at a time, if the server takes as many. */
  readonly window: number
  /** There is room again, after `publish` has returned false. */
  onRoom(): void
  /** The server has a message; one of QoS 0 was sent. */
  onAcknowledged?(message: Outgoing): void
  /** The server does not take a message, e.g. for want of rights; it is not sent again. */
  onRefused(message: Outgoing, error: Error): void
}

/**
 * Bytes waiting in the socket up to which messages of QoS 0, which nobody acknowledges, are sent.
 */
const MAX_WAITING_BYTES = 1 << 20

/**
 * Publishes over changing connections with a window of its own. mqtt.js does not keep to the
 * server's Receive Maximum: a burst of QoS 1 is cut off with reason 147, and the callbacks of what
 * was open are never called. What a broken connection leaves unacknowledged is sent again on the
 * next one, before anything new.
 */
export class Publisher {
  published = 0
  acknowledged = 0
  refused = 0
  /** Messages sent once more because the connection broke before their acknowledgement. */
  resent = 0
  #link: Link | undefined
  readonly #open = new PassingSet<Outgoing>()
  #again: Outgoing[] = []
  #asked = false

  constructor(private readonly options: PublisherOptions) {}

  /** Published and neither acknowledged nor refused. */
  get inFlight(): number {
    return this.#open.size + this.#again.length
  }

  /** Publishes from now on over this connection. */
  attach(link: Link): void {
    this.#link = link
    this.#resend()
    this.#tellRoom()
  }

  /** The connection broke. */
  detach(): void {
    this.#link = undefined
    this.#again = [...this.#open, ...this.#again]
    this.#open.clear()
  }

  /** False if there is no connection or no room; `onRoom` tells when to try again. */
  publish(message: Outgoing): boolean {
    if (this.#again.length > 0 || !this.#hasRoom(message.qos)) {
      this.#asked = true
      return false
    }
    this.published++
    this.#send(message)
    return true
  }

  #hasRoom(qos: Qos): boolean {
    const link = this.#link
    if (!link?.up) return false
    if (qos === 0) return link.client.stream.writableLength < MAX_WAITING_BYTES
    return this.#open.size < Math.min(this.options.window, link.serverReceiveMaximum)
  }

  #send(message: Outgoing): void {
    const link = this.#link!
    const { topic, payload, qos, retain, properties } = message
    this.#open.add(message)
    const done = (error?: Error) => {
      if (link !== this.#link || !this.#open.delete(message)) return
      if (error === undefined) {
        this.acknowledged++
        this.options.onAcknowledged?.(message)
      } else {
        this.refused++
        this.options.onRefused(message, error)
      }
      this.#resend()
      this.#tellRoom()
    }
    link.publish(topic, payload, qos, retain, done, properties)
  }

  #resend(): void {
    while (this.#again.length > 0 && this.#hasRoom(this.#again[0]!.qos)) {
      this.resent++
      this.#send(this.#again.shift()!)
    }
  }

  #tellRoom(): void {
    if (!this.#asked || this.#again.length > 0) return
    this.#asked = false
    this.options.onRoom()
  }
}
