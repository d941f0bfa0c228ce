/**
 * kafkajs asks again, or another broker, long before: what was asked then is not waited for any
 * more.
 */
const FORGOTTEN_MS = 30_000

interface Asked {
  readonly sinceMs: number
  lastMs: number
}

/**
 * Which brokers owe the answer to a fetch. They answer within a fraction of a second, records or
 * not; a broker that is gone without a word is noticed by kafkajs after ten seconds at the
 * earliest, and while the coordinator of the group lives the group looks well all the time.
 */
export class FetchWatch {
  readonly #asked = new Map<number, Asked>()

  asked(broker: number, nowMs: number): void {
    const known = this.#asked.get(broker)
    if (known === undefined || nowMs - known.lastMs > FORGOTTEN_MS)
      this.#asked.set(broker, { sinceMs: nowMs, lastMs: nowMs })
    else known.lastMs = nowMs
  }
  answered(broker: number): void {
    this.#asked.delete(broker)
  }
  clear(): void {
    this.#asked.clear()
  }

  /** For how long the answer is awaited that is awaited longest. */
  waitingMs(nowMs: number): number {
    let longestMs = 0
    for (const [broker, { sinceMs, lastMs }] of this.#asked) {
      if (nowMs - lastMs > FORGOTTEN_MS) this.#asked.delete(broker)
      else longestMs = Math.max(longestMs, nowMs - sinceMs)
    }
    return longestMs
  }
}
