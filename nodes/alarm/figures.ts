/**
 * What ISA-18.2 and IEC 62682 count to say whether people can still follow: alarms in ten minutes,
 * and those that chatter. By the times of the records, so that a replay gives the same.
 */
const SPAN_MS = 600_000
/** A flood begins with more in ten minutes, and is over with fewer than five. */
const FLOOD_FROM = 10
const FLOOD_TO = 5
/** Beyond that it makes no difference to a person. */
const MAX_KNOWN = 10_000

export class AlarmFigures {
  /** When alarms were raised in the last ten minutes, in the order in which they were told. */
  #raised: number[] = []
  readonly #chattering = new Map<string, number>()
  #newestMs = Number.NEGATIVE_INFINITY
  #most = 0
  #isFlood = false

  /** The time of a reading has come. */
  pass(timeMs: number): void {
    if (timeMs <= this.#newestMs) return
    this.#newestMs = timeMs
    const fromMs = timeMs - SPAN_MS
    if (this.#raised.length > 0 && this.#raised[0]! <= fromMs) {
      this.#raised = this.#raised.filter(raisedMs => raisedMs > fromMs)
      for (const [key, lastMs] of this.#chattering)
        if (lastMs <= fromMs) this.#chattering.delete(key)
    }
    if (this.#raised.length < FLOOD_TO) this.#isFlood = false
  }

  raised(key: string, timeMs: number, chatters: boolean): void {
    if (this.#raised.length >= MAX_KNOWN) return
    this.#raised.push(timeMs)
    if (chatters) this.#chattering.set(key, timeMs)
    this.pass(timeMs)
    if (this.#raised.length > this.#most) this.#most = this.#raised.length
    if (this.#raised.length > FLOOD_FROM) this.#isFlood = true
  }

  /** For the status: undefined while there are few enough. */
  get note(): string | undefined {
    if (this.#isFlood) return `flood: ${this.#raised.length} in 10 min`
    return this.#chattering.size > 0 ? `${this.#chattering.size} chattering` : undefined
  }

  /** For the metrics. */
  get gauges(): [name: string, value: number][] {
    return [
      ['alarms in 10 min', this.#raised.length],
      ['most alarms in 10 min', this.#most],
      ['chattering alarms', this.#chattering.size]
    ]
  }
}
