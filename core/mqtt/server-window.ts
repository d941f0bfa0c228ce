/** Where a server stopped so often, and went on when it was acknowledged, that is its limit. */
const SURE = 8
/** No server stops with fewer; so few are only what came. */
const LEAST = 10

/**
 * How many messages the server sends without acknowledgement. It may be less than the Receive
 * Maximum that we announce, as servers have a limit of their own (mosquitto: 20) and do not tell
 * it. Who gathers there until time is up waits for what cannot come.
 */
export class ServerWindow {
  #limit = Number.POSITIVE_INFINITY
  /** What was open when the last acknowledgement went out. */
  #last = 0
  #times = 0

  get limit(): number {
    return this.#limit
  }

  /** So many are open, with the one that has just come. */
  opened(open: number): void {
    if (open <= this.#limit) return
    this.#limit = Number.POSITIVE_INFINITY
    this.#times = 0
  }

  /** So many are open, and some of them are acknowledged now. */
  acknowledging(open: number): void {
    if (this.#limit !== Number.POSITIVE_INFINITY) return
    this.#times = open === this.#last ? this.#times + 1 : 1
    this.#last = open
    if (this.#times >= SURE && open >= LEAST) this.#limit = open
  }
}
