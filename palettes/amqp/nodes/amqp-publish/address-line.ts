import { backoffMs, type Reason } from '@millrace/node-red-telemetry'
import type { Connection, Delivery, EventContext, Message, Sender } from 'rhea'
import { type AddressKind, terminusOf } from '../../core/address.ts'
import { described, linkProblem } from '../../core/problem.ts'
import type { ServerKind } from '../../core/settings.ts'
import { LineQueue } from './line-queue.ts'
import { refuse, type Sending } from './request.ts'

export interface LineOptions {
  readonly server: ServerKind
  readonly kind: AddressKind
  /** Makes a message of rhea's. */
  encode(sending: Sending): Message
  /** The server serves the address. */
  opened(): void
  /** It does not: true if what waits for this address is to be refused. */
  notServed(problem: ReturnType<typeof linkProblem>): boolean
}

/** Messages that wait for the server's answer at a time. */
const WINDOW = 1000
const BACKOFF = { initialMs: 500, maxMs: 15_000 }
/** What a message has beside its body, at most, for the comparison with what the server takes. */
const OVERHEAD_BYTES = 1024

/** What is published to one address, in order, over a link of its own. */
export class AddressLine {
  #connection: Connection | undefined
  #sender: Sender | undefined
  /** Not sent yet, or given back by the server. */
  readonly #waiting = new LineQueue<Sending>()
  readonly #sent = new Map<Delivery, Sending>()
  #givenBack = 0
  #pause: NodeJS.Timeout | undefined
  #failures = 0
  /** When it was last used, by a count. */
  usedAt = 0

  constructor(
    readonly address: string,
    private readonly options: LineOptions
  ) {}

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#sent.size === 0
  }
  /** How often in a row the server gave messages back. */
  get givenBack(): number {
    return this.#givenBack
  }

  attach(connection: Connection): void {
    this.#connection = connection
    this.#open()
  }

  /** The connection is gone: what was sent and not answered is sent again, in its order. */
  detach(): void {
    clearTimeout(this.#pause)
    this.#pause = undefined
    this.#sender = undefined
    this.#connection = undefined
    this.#takeBack()
  }

  /** No more use of it. */
  end(): void {
    clearTimeout(this.#pause)
    const sender = this.#sender
    this.#sender = undefined
    sender?.close()
  }

  add(sending: Sending): void {
    this.#waiting.push(sending)
    this.#pump()
  }

  /** What was sent and not answered waits again, before all else. */
  #takeBack(): void {
    this.#waiting.giveBack([...this.#sent.values()])
    this.#sent.clear()
  }

  #open(): void {
    this.#pause = undefined
    const { server, kind } = this.options
    const sender = this.#connection?.open_sender({
      target: terminusOf(server, kind, this.address),
      treat_modified_as_released: false
    } as Parameters<Connection['open_sender']>[0])
    if (sender === undefined) return
    this.#sender = sender
    sender.on('sender_open', () => {
      // A link that is refused is answered first, without a target, and ended next.
      if (!sender.target?.address || this.#sender !== sender) return
      this.#failures = 0
      this.options.opened()
    })
    sender.on('sendable', () => this.#pump())
    sender.on('accepted', ({ delivery }: EventContext) => this.#accepted(delivery))
    sender.on('rejected', ({ delivery }: EventContext) => this.#rejected(delivery))
    sender.on('released', ({ delivery }: EventContext) => this.#again(delivery))
    sender.on('modified', ({ delivery }: EventContext) => this.#modified(delivery))
    for (const event of ['sender_error', 'sender_close'])
      sender.on(event, () => this.#ended(sender))
  }

  #pump(): void {
    const sender = this.#sender
    if (sender === undefined || this.#pause !== undefined) return
    while (this.#waiting.size > 0 && this.#sent.size < WINDOW && sender.sendable()) {
      const sending = this.#waiting.shift()!
      const tooLarge = tooLargeFor(sender, sending)
      if (tooLarge === undefined) this.#sent.set(sender.send(this.options.encode(sending)), sending)
      else refuse(sending, tooLarge)
    }
  }

  #settled(delivery: Delivery | undefined): Sending | undefined {
    const sending = delivery && this.#sent.get(delivery)
    if (sending !== undefined) this.#sent.delete(delivery!)
    return sending
  }

  #accepted(delivery: Delivery | undefined): void {
    this.#givenBack = 0
    this.#settled(delivery)?.of.less()
    this.#pump()
  }

  #rejected(delivery: Delivery | undefined): void {
    const { error } = (delivery?.remote_state ?? {}) as { error?: unknown }
    const sending = this.#settled(delivery)
    if (sending !== undefined)
      refuse(sending, {
        code: 'AMQP_MESSAGE_REFUSED',
        message: `The server rejects a message to "${this.address}": ${described(error)}.`
      })
    this.#pump()
  }

  #modified(delivery: Delivery | undefined): void {
    const { undeliverable_here: isFinal } = (delivery?.remote_state ?? {}) as {
      undeliverable_here?: boolean
    }
    if (isFinal !== true) {
      this.#again(delivery)
      return
    }
    const sending = this.#settled(delivery)
    if (sending !== undefined)
      refuse(sending, {
        code: 'AMQP_MESSAGE_REFUSED',
        message: `The server cannot deliver a message to "${this.address}".`
      })
    this.#pump()
  }

  /** The server has no room for it now, or no queue: later, before what came after it. */
  #again(delivery: Delivery | undefined): void {
    const sending = this.#settled(delivery)
    if (sending === undefined) return
    this.#waiting.giveBack([sending])
    this.#pause ??= setTimeout(
      () => {
        this.#pause = undefined
        this.#pump()
      },
      backoffMs(this.#givenBack++, BACKOFF)
    )
  }

  #ended(sender: Sender): void {
    if (this.#sender !== sender) return
    const { error } = sender
    this.#sender = undefined
    this.#takeBack()
    const problem = linkProblem(error, this.address)
    if (this.options.notServed(problem)) {
      const reason = { code: problem.code, message: problem.message }
      for (const sending of this.#waiting.takeAll()) refuse(sending, reason)
    }
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => this.#open(), backoffMs(this.#failures++, BACKOFF))
  }
}

/** AMQP 1.0, 2.7.3: a server that says how large messages may be ends the link for a larger one. */
function tooLargeFor(sender: Sender, { message }: Sending): Reason | undefined {
  const limit = Number(sender.max_message_size ?? 0)
  const bytes = Buffer.byteLength(message.body)
  if (!(limit > 0) || bytes + OVERHEAD_BYTES <= limit) return undefined
  return {
    code: 'AMQP_MESSAGE_TOO_LARGE',
    message: `The message has ${bytes} bytes, and the server takes ${limit}.`
  }
}
