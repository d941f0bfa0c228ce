/** Some 20 MB; at more records in the window than this the oldest are forgotten. */
const MOST = 200_000
const EVICT_EVERY_MS = 1_000

/** Which records a topic got within the last `windowMs` milliseconds, by their identity. */
export class SeenRecords {
  /** The time of each, nearly in order. */
  readonly #times = new Map<string, number>()
  #evictedMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly windowMs: number,
    private readonly most = MOST
  ) {}

  has(identity: string, nowMs: number): boolean {
    const timeMs = this.#times.get(identity)
    return timeMs !== undefined && timeMs >= nowMs - this.windowMs
  }

  forget(identity: string): void {
    this.#times.delete(identity)
  }

  clear(): void {
    this.#times.clear()
  }

  /**
   * The topic got it at `timeMs`, in milliseconds since 1970; the latest time of a record counts.
   */
  add(identity: string, timeMs: number, nowMs: number): void {
    const knownMs = this.#times.get(identity)
    if (knownMs !== undefined) this.#times.delete(identity)
    this.#times.set(identity, Math.max(timeMs, knownMs ?? timeMs))
    this.#evict(nowMs)
  }

  /** Not at each: an iterator steps over all that was deleted before the oldest. */
  #evict(nowMs: number): void {
    if (this.#times.size <= this.most * 1.1 && nowMs - this.#evictedMs < EVICT_EVERY_MS) return
    this.#evictedMs = nowMs
    for (const [oldest, oldestMs] of this.#times) {
      if (oldestMs >= nowMs - this.windowMs && this.#times.size <= this.most) break
      this.#times.delete(oldest)
    }
  }
}
