import type { ClockOptions } from './types.ts'

/** A partition of the input. */
interface Partition {
  newestMs: number
  /** When its last record came, by the computer's clock. */
  seenMs: number
}

const NEVER = Number.NEGATIVE_INFINITY

/** As a store keeps it. */
interface SavedClock {
  readonly allMs: number | null
  readonly newestMs: number | null
  readonly partitions: readonly (readonly [name: string, newestMs: number])[]
  readonly number: number
  /** When it was kept, and when the last record had come, less `downMs`. */
  readonly atMs?: number | null
  readonly seenMs?: number | null
}

/** How far event time has come. It never goes back. */
export class Clock {
  readonly #partitions = new Map<string, Partition>()
  #last: { name: string; partition: Partition } | undefined
  #allMs = NEVER
  #newestMs = NEVER
  #seenMs = NEVER
  /** Counts the records that wait. */
  number = 0
  /** Now, by the computer's clock. */
  nowMs = NEVER
  #downMs = 0

  /** When the first record came, by the computer's clock. */
  #beganMs = Number.POSITIVE_INFINITY

  constructor(
    private readonly options: ClockOptions,
    private readonly settleMs: number
  ) {}

  /** Of all keys. */
  get allMs(): number {
    return this.#allMs
  }
  /** The newest record of all. */
  get newestMs(): number {
    return this.#newestMs
  }

  /**
   * How long nothing ran between the first start and now. Times of the computer's clock are kept
   * less that, so that a silence goes on after a restart, and the time in between is no part of it.
   */
  get downMs(): number {
    return this.#downMs
  }

  /** A record of a partition has come. */
  see(timeMs: number, name: string, nowMs: number): void {
    if (timeMs > this.#newestMs) this.#newestMs = timeMs
    const isBack = nowMs - this.#seenMs >= this.options.idleMs
    this.#seenMs = nowMs
    if (this.options.runs === 'key') return
    if (nowMs < this.#beganMs) this.#beganMs = nowMs
    // After a time without any connection each partition gets its time to be heard again.
    if (isBack) for (const each of this.#partitions.values()) each.seenMs = nowMs
    const partition =
      this.#last?.name === name ? this.#last.partition : this.#partitionOf(name, nowMs)
    if (timeMs > partition.newestMs) partition.newestMs = timeMs
    partition.seenMs = nowMs
  }

  /** Lets the clock of all keys go on as far as records have brought it; gives where it stands. */
  advance(nowMs: number): number {
    if (nowMs - this.#beganMs < this.settleMs) return this.#allMs
    let slowestMs = Number.POSITIVE_INFINITY
    for (const { newestMs, seenMs } of this.#partitions.values())
      if (nowMs - seenMs < this.options.idleMs && newestMs < slowestMs) slowestMs = newestMs
    if (slowestMs !== Number.POSITIVE_INFINITY) this.reach(slowestMs - this.options.latenessMs)
    return this.#allMs
  }

  /** Something has happened at this time. */
  reach(timeMs: number): void {
    if (timeMs > this.#allMs) this.#allMs = timeMs
  }

  /**
   * How far time has come if a silence counts too. The clock itself goes on only to what happens
   * (`reach`), so that what comes after a time without any connection is not late.
   */
  advanceSilent(nowMs: number): number {
    return Math.max(this.advance(nowMs), this.silentOfKey(this.#newestMs, this.#seenMs, nowMs))
  }

  /** The same of a key by itself. */
  silentOfKey(newestMs: number, seenMs: number, nowMs: number): number {
    const silentMs = nowMs - seenMs - this.options.idleMs
    return silentMs < 0 ? NEVER : newestMs - this.options.latenessMs + silentMs
  }

  /** When a key that stays silent comes to this time, by the computer's clock. */
  wallOfKey(timeMs: number, newestMs: number, seenMs: number): number {
    const { latenessMs, idleMs } = this.options
    return seenMs + idleMs + Math.max(0, timeMs - newestMs + latenessMs)
  }

  saved(): SavedClock {
    return {
      allMs: finite(this.#allMs),
      newestMs: finite(this.#newestMs),
      partitions: [...this.#partitions].map(([name, { newestMs }]) => [name, newestMs] as const),
      number: this.number,
      atMs: finite(this.nowMs - this.#downMs),
      seenMs: finite(this.#seenMs - this.#downMs)
    }
  }

  load({ allMs, newestMs, partitions, number, atMs, seenMs }: SavedClock, nowMs: number): void {
    this.#allMs = allMs ?? NEVER
    this.#newestMs = newestMs ?? NEVER
    this.nowMs = nowMs
    // What an outage has held up gets its time to come, before a silence goes on.
    const graceMs = Math.max(this.settleMs, this.options.idleMs)
    if (typeof atMs === 'number') this.#downMs = nowMs - atMs + graceMs
    this.#seenMs = this.resumedMs(seenMs ?? Number.NaN, nowMs)
    this.number = number
    for (const [name, newest] of partitions)
      this.#partitions.set(name, { newestMs: newest, seenMs: nowMs })
  }

  /** By the computer's clock, of a time that was kept; one that was not kept is now. */
  resumedMs(keptMs: number, nowMs: number): number {
    return Number.isNaN(keptMs) ? nowMs : Math.min(nowMs, keptMs + this.#downMs)
  }

  clear(): void {
    this.#partitions.clear()
    this.#last = undefined
    this.#allMs = this.#newestMs = this.#seenMs = NEVER
  }

  #partitionOf(name: string, nowMs: number): Partition {
    let partition = this.#partitions.get(name)
    if (partition === undefined) {
      partition = { newestMs: NEVER, seenMs: nowMs }
      this.#partitions.set(name, partition)
    }
    this.#last = { name, partition }
    return partition
  }
}

const finite = (ms: number) => (ms === NEVER ? null : ms)
