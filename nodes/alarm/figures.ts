/**
 * What ISA-18.2 and IEC 62682 count to say whether people can still follow: alarms in ten minutes,
 * and those that chatter. By when the node told them, which is what people have to follow: the time
 * of one device that is ahead says nothing of the others.
 */
const SPAN_MS = 600_000
/** A flood begins with more in ten minutes, and is over with fewer than five. */
const FLOOD_FROM = 10
const FLOOD_TO = 5
/** Beyond that it makes no difference to a person. */
const MAX_KNOWN = 10_000

export class AlarmFigures {
  /** When alarms were raised in the last ten minutes, in order. */
  readonly #raised: number[] = []
  readonly #chattering = new Map<string, number>()
  #most = 0
  #isFlood = false

  /** `now` in milliseconds, from any beginning; it never goes back. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  raised(key: string, chatters: boolean): void {
    this.#forgetPast()
    const nowMs = this.now()
    if (this.#raised.length >= MAX_KNOWN) this.#raised.shift()
    this.#raised.push(nowMs)
    if (chatters) this.#chattering.set(key, nowMs)
    if (this.#raised.length > this.#most) this.#most = this.#raised.length
    if (this.#raised.length > FLOOD_FROM) this.#isFlood = true
  }

  /** For the status: undefined while there are few enough. */
  get note(): string | undefined {
    this.#forgetPast()
    if (this.#isFlood) return `flood: ${this.#raised.length} in 10 min`
    return this.#chattering.size > 0 ? `${this.#chattering.size} chattering` : undefined
  }

  /** For the metrics. */
  get gauges(): [name: string, value: number][] {
    this.#forgetPast()
    return [
      ['alarms in 10 min', this.#raised.length],
      ['most alarms in 10 min', this.#most],
      ['chattering alarms', this.#chattering.size]
    ]
  }

  #forgetPast(): void {
    const fromMs = this.now() - SPAN_MS
    if (this.#raised.length === 0 || this.#raised[0]! > fromMs) return
    const first = this.#raised.findIndex(raisedMs => raisedMs > fromMs)
    this.#raised.splice(0, first === -1 ? this.#raised.length : first)
    for (const [key, lastMs] of this.#chattering) if (lastMs <= fromMs) this.#chattering.delete(key)
    if (this.#raised.length < FLOOD_TO) this.#isFlood = false
  }
}
