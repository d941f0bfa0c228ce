/** A filter without its shared group. */
export const plainFilter = (filter: string): string => filter.replace(/^\$share\/[^/]*\//, '')

/** What a batcher has taken so far. */
export interface TakenSoFar {
  /** Messages taken in all. */
  readonly taken: number
  /** Messages of these that are not acknowledged. */
  readonly open: number
  readonly full: boolean
}

/** A server that has sent nothing for so long has nothing to send. */
const IDLE_MS = 250
/** Before so many beats nothing is decided: a server may be slow to begin. */
const FEWEST_BEATS = 3
/**
 * Where messages come without a pause a backlog cannot be told from live ones; in a minute it has
 * come.
 */
const ENOUGH_BEATS = 60

/**
 * Subscriptions of the session that are not wanted any more. Servers may drop what is queued for a
 * subscription, or sent and not acknowledged, when it ends (ActiveMQ Artemis 2.55 has a queue for
 * each; so have shared groups elsewhere). So one is left only when it has brought all it had: when
 * the server, which sends as long as it may, has paused without being held back, and what it had
 * sent by then is acknowledged. What is published later comes by the new subscription.
 */
export class StaleSubscriptions {
  #filters: string[] = []
  #beats = 0
  #arrivedMs = 0
  #hasPaused = false
  #mark: number | undefined

  /** A connection stands, and the session has these. */
  begin(filters: string[], nowMs: number): void {
    this.#filters = filters
    this.#arrivedMs = nowMs
    this.#restart()
  }

  get exist(): boolean {
    return this.#filters.length > 0
  }

  /** A message has come. `full`: the server may not send more for now. */
  arrived(nowMs: number, full: boolean): void {
    if (full) this.#restart()
    else if (nowMs - this.#arrivedMs >= IDLE_MS) this.#hasPaused = true
    this.#arrivedMs = nowMs
  }

  /** The filters to leave now. Call once a second. */
  due({ taken, open, full }: TakenSoFar, nowMs: number): string[] {
    if (full) this.#restart()
    else this.#beats++
    if (nowMs - this.#arrivedMs >= IDLE_MS) this.#hasPaused = true
    if (this.#mark === undefined) {
      const isDrained =
        this.#beats >= FEWEST_BEATS && (this.#hasPaused || this.#beats >= ENOUGH_BEATS)
      if (isDrained) this.#mark = taken
    }
    return this.#mark !== undefined && taken - open >= this.#mark ? this.#filters.splice(0) : []
  }

  #restart(): void {
    this.#beats = 0
    this.#hasPaused = false
    this.#mark = undefined
  }
}
