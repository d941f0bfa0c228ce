/** RFC 7252, 4.8: the first pause, how far it is drawn out at random, and how often it is sent. */
const ACK_TIMEOUT_MS = 2_000
const ACK_RANDOM_FACTOR = 1.5
const MAX_RETRANSMIT = 4
/** What goes beyond is sent once: whoever sends without ever listening costs no more. */
const MAX_WAITING = 5_000

interface Waiting {
  timer: NodeJS.Timeout
}

export interface RetransmissionsOptions {
  send(bytes: Buffer, peer: string): void
}

/** Messages that are sent until they are acknowledged, or nobody answers. */
export class Retransmissions {
  readonly #waiting = new Map<string, Waiting>()

  constructor(private readonly options: RetransmissionsOptions) {}

  get size(): number {
    return this.#waiting.size
  }

  begin(peer: string, messageId: number, bytes: Buffer): void {
    this.options.send(bytes, peer)
    if (this.#waiting.size >= MAX_WAITING) return
    const key = keyOf(peer, messageId)
    const first = ACK_TIMEOUT_MS * (1 + Math.random() * (ACK_RANDOM_FACTOR - 1))
    const again = (pauseMs: number, left: number): NodeJS.Timeout =>
      setTimeout(() => {
        const waiting = this.#waiting.get(key)
        if (waiting === undefined) return
        if (left === 0) {
          this.#waiting.delete(key)
          return
        }
        this.options.send(bytes, peer)
        waiting.timer = again(2 * pauseMs, left - 1)
      }, pauseMs).unref()
    this.end(peer, messageId)
    this.#waiting.set(key, { timer: again(first, MAX_RETRANSMIT) })
  }

  end(peer: string, messageId: number): void {
    const key = keyOf(peer, messageId)
    clearTimeout(this.#waiting.get(key)?.timer)
    this.#waiting.delete(key)
  }

  endAll(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }
}

const keyOf = (peer: string, messageId: number) => `${peer} ${messageId}`
