/**
 * Below this many records a second, making records wait for company costs more latency than it saves CPU time: the nodes
 * pass on at once what they have. Above, they gather: a send, a fetch or a transaction costs nearly the same with 10 records
 * as with 500.
 */
export const CALM_PER_SECOND = 1_500

/** Records a second over the time since it was last asked (at least 500 ms), by the growth of a count. */
export class Rate {
  #count = 0
  #atMs: number
  #perSecond = 0

  constructor(nowMs = performance.now()) {
    this.#atMs = nowMs
  }

  of(count: number, nowMs = performance.now()): number {
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs >= 500) {
      this.#perSecond = ((count - this.#count) / elapsedMs) * 1000
      this.#count = count
      this.#atMs = nowMs
    }
    return this.#perSecond
  }
}
