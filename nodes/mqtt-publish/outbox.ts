import { MillraceError } from '../../core/errors.ts'
import type { Link } from '../../core/mqtt/link.ts'
import { type Outgoing, Publisher } from '../../core/mqtt/publisher.ts'
import { Unpublishable } from '../../core/record/payload.ts'
import type { Reason } from '../../core/record/record.ts'
import { SlicedQueue } from '../../core/record/sliced-queue.ts'
import type { WriteRequest } from '../../core/sink/types.ts'
import type { DeviceAnswers } from './answers.ts'
import { PublishRequest } from './batch.ts'
import type { Composer } from './logic.ts'

/** Messages that wait for their acknowledgement at a time; the server may allow fewer. */
const WINDOW = 1000
/** MQTT 5.0, 3.1.3.1: what a PUBLISH may have besides topic, payload and user properties. */
const PACKET_OVERHEAD_BYTES = 64
/** MQTT 5.0, 2.4: the server is too busy, or does not say why: that passes. */
const PASSING = new Set([0x80, 0x83, 0x97])

/** Publishes the records of requests in their order, and ends each request when all are through. */
export class Outbox {
  readonly #publisher: Publisher
  readonly #coming = new SlicedQueue<PublishRequest>({
    take: (batch, index) => this.#take(batch, index),
    taken: batch => batch.done(),
    failed: (batch, error) => batch.request.fail(error),
    pause: () => this.#pump()
  })
  readonly #open = new Map<Outgoing, Sending>()
  /** What has no room yet, from `#next` on. */
  #waiting: Sending[] = []
  #next = 0
  #link: Link | undefined

  constructor(
    private readonly composer: Composer,
    /** Where devices are to answer; undefined where nobody is asked. */
    private readonly answers: DeviceAnswers | undefined,
    private readonly hopOf: (message: WriteRequest['message']) => string | undefined
  ) {
    this.#publisher = new Publisher({
      window: WINDOW,
      onRoom: () => this.#pump(),
      onAcknowledged: message => this.#through(message),
      onRefused: (message, error) => this.#refused(message, error)
    })
  }

  attach(link: Link): void {
    this.#link = link
    this.#publisher.attach(link)
    this.#pump()
  }
  detach(): void {
    this.#publisher.detach()
  }
  get isEmpty(): boolean {
    const hasLeft = this.#coming.isEmpty && this.#next === this.#waiting.length
    return hasLeft && this.#open.size === 0
  }

  write(request: WriteRequest): void {
    this.#coming.add(new PublishRequest(request, this.hopOf(request.message)))
  }

  #take(batch: PublishRequest, index: number): void {
    const made = this.composer.message(batch.records[index], batch.hop)
    if (made instanceof Unpublishable) batch.refuse(index, made.reason)
    else this.#waiting.push(this.#sending(made, batch, index))
  }

  #sending(message: Outgoing, batch: PublishRequest, index: number): Sending {
    batch.open++
    const sending: Sending = { message, batch, index }
    return this.answers === undefined
      ? sending
      : { ...sending, message: this.answers.asking(message, batch, index) }
  }

  #pump(): void {
    while (this.#next < this.#waiting.length) {
      const sending = this.#waiting[this.#next]!
      const tooLarge = this.#tooLarge(sending.message)
      if (tooLarge) this.#settle(sending, tooLarge)
      else {
        // Before it is sent: at QoS 0 it is through at once.
        this.#open.set(sending.message, sending)
        if (!this.#publisher.publish(sending.message)) {
          this.#open.delete(sending.message)
          break
        }
        this.answers?.sent(sending.message)
      }
      this.#next++
    }
    if (this.#next === this.#waiting.length || this.#next > WINDOW) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
  }

  /** MQTT 5.0, 3.2.2.3.6: whoever sends more is cut off, again and again. */
  #tooLarge({ topic, payload, properties }: Outgoing): Reason | undefined {
    const limit = this.#link?.serverProperties?.maximumPacketSize
    if (limit === undefined) return undefined
    const told = JSON.stringify(properties ?? {})
    const bytes = [topic, payload, told].reduce((sum, part) => sum + Buffer.byteLength(part), 0)
    if (bytes + PACKET_OVERHEAD_BYTES <= limit) return undefined
    return {
      code: 'MQTT_MESSAGE_TOO_LARGE',
      message: `The message has ${bytes} bytes, and the MQTT server takes ${limit}.`
    }
  }

  #through(message: Outgoing): void {
    const sending = this.#open.get(message)
    if (!sending) return
    this.#open.delete(message)
    // Whoever is asked has still to answer.
    if (this.answers === undefined) sending.batch.less()
  }

  #refused(message: Outgoing, error: Error): void {
    const sending = this.#open.get(message)
    if (!sending) return
    const code = (error as { code?: unknown }).code
    if (PASSING.has(code as number))
      sending.batch.request.fail(
        new MillraceError('MQTT_PUBLISH_REFUSED', `The MQTT server is busy: ${error.message}.`)
      )
    this.#settle(sending, {
      code: 'MQTT_PUBLISH_REFUSED',
      message: `The MQTT server does not take a message to ${message.topic}: ${error.message}.`
    })
  }

  #settle({ message, batch, index }: Sending, reason: Reason): void {
    this.#open.delete(message)
    this.answers?.forget(message)
    batch.refuse(index, reason)
    batch.less()
  }
}

interface Sending {
  readonly message: Outgoing
  readonly batch: PublishRequest
  readonly index: number
}
