/** So many looks in a row, one a second, find no room before the host says that it is gone. */
const STALLED_LOOKS = 5

/**
 * Says that the host is gone while the flow has no room: edge nodes that have it as their primary
 * host then keep their data, which the server would not do with QoS 0.
 */
export class Presence {
  #stalled = 0
  #isAway = false

  constructor(private readonly say: (isThere: boolean) => void) {}

  /** It has been said that the host is gone. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** Call once a second. */
  look(isHolding: boolean): void {
    this.#stalled = isHolding ? this.#stalled + 1 : 0
    const isAway = this.#stalled >= STALLED_LOOKS
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    this.say(!isAway)
  }

  /** A new connection has said that the host is there. */
  restart(): void {
    this.#stalled = 0
    this.#isAway = false
  }
}
