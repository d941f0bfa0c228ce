import { createHash } from 'node:crypto'
import type { Codec, Datagram, Outgoing } from './datagram.ts'
import { Exchange } from './exchange.ts'
import { Retransmissions } from './retransmissions.ts'

/** RFC 7252, 4.8.2, EXCHANGE_LIFETIME: after so long a message id may stand for another request. */
const KEEP_MS = 247_000
/** Answers that are remembered; the oldest go first. */
const MAX_ANSWERS = 50_000
const MESSAGE_IDS = 65_536

export interface ExchangesOptions {
  readonly codec: Codec
  send(bytes: Buffer, peer: string): void
  /** Milliseconds, of a clock that is never set. */
  now(): number
}

interface Answered {
  readonly reply: Buffer | undefined
  readonly atMs: number
}

/**
 * The message layer of an endpoint, RFC 7252, 4: requests are acknowledged, copies of them get what
 * the first one got, answers are sent until they are acknowledged.
 */
export class Exchanges {
  readonly #open = new Map<string, Exchange>()
  /** The oldest first. */
  readonly #answered = new Map<string, Answered>()
  readonly #retransmissions: Retransmissions
  #messageId = Math.floor(Math.random() * MESSAGE_IDS)

  constructor(private readonly options: ExchangesOptions) {
    this.#retransmissions = new Retransmissions(options)
  }

  /** Requests that have no answer yet. */
  get open(): number {
    return this.#open.size
  }
  /** Requests whose copies would get the answer of the first. */
  get remembered(): number {
    return this.#answered.size
  }
  /** Answers that are not acknowledged. */
  get unacknowledged(): number {
    return this.#retransmissions.size
  }

  /** Undefined for a copy of a request that came before, which then has got what it can get. */
  begin(peer: string, request: Datagram): Exchange | undefined {
    const key = keyOf(peer, request)
    this.#tidy()
    const open = this.#open.get(key)
    const answered = this.#answered.get(key)
    if (open !== undefined || answered !== undefined) {
      const reply = open === undefined ? answered?.reply : open.acknowledgement
      if (request.type === 'con' && reply !== undefined) this.options.send(reply, peer)
      return undefined
    }
    const exchange = new Exchange(request, {
      ...this.#sendingTo(peer),
      answered: (reply, isKept) => {
        this.#open.delete(key)
        if (isKept) this.#answered.set(key, { reply, atMs: this.options.now() })
      }
    })
    this.#open.set(key, exchange)
    return exchange
  }

  /** An answer of ours has come, or its receiver does not want it. */
  acknowledged(peer: string, messageId: number): void {
    this.#retransmissions.end(peer, messageId)
  }

  /** Says that a message cannot be dealt with; to an empty one, that somebody is here. */
  reset(peer: string, messageId: number): void {
    this.options.send(this.options.codec.write({ type: 'rst', code: '0.00', messageId }), peer)
  }

  end(): void {
    for (const exchange of this.#open.values()) exchange.end()
    this.#open.clear()
    this.#retransmissions.endAll()
  }

  #sendingTo(peer: string) {
    const { codec, send } = this.options
    const written = (message: Outgoing) => codec.write(message)
    return {
      written,
      nextMessageId: () => {
        this.#messageId = (this.#messageId + 1) % MESSAGE_IDS
        return this.#messageId
      },
      send: (message: Outgoing) => {
        const bytes = written(message)
        send(bytes, peer)
        return bytes
      },
      sendConfirmable: (message: Outgoing) =>
        this.#retransmissions.begin(peer, message.messageId, written(message))
    }
  }

  #tidy(): void {
    const oldMs = this.options.now() - KEEP_MS
    for (const [key, { atMs }] of this.#answered) {
      if (atMs >= oldMs && this.#answered.size <= MAX_ANSWERS) return
      this.#answered.delete(key)
    }
  }
}

/**
 * A copy is the same to the byte. What is not is another request, whatever its message id: a device
 * that was started anew begins with the same ids, and one that sends fast comes round to them.
 */
const keyOf = (peer: string, { messageId, bytes }: Datagram): string => {
  const digest = createHash('sha256').update(bytes).digest('base64')
  return `${peer} ${messageId} ${digest.slice(0, DIGEST_LETTERS)}`
}
/** 128 bits. */
const DIGEST_LETTERS = 22
