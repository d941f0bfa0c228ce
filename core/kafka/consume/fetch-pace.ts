/** A fetch of so many records is large enough: the cost of a record is near its floor. */
const LARGE = 500

/** Batches that are so many times as far apart as the pace come by themselves. */
const APART = 1.4

/**
 * How long a consumer leaves alone a broker that it has just emptied. Brokers answer as soon as
 * they have one record, so a steady stream arrives in ever smaller fetches, and a message of ten
 * records costs a flow as much as one of five hundred. What comes in batches that are further apart
 * meets a fetch that waits for it, and begins at once: it would gather nothing by waiting.
 */
export class FetchPace {
  #fetched = 0
  #isEmptied = true
  #fetchMs = 0
  #apartMs = 0

  constructor(private readonly gatherMs: number) {}

  /** The broker has answered: what is added from now on belongs to this fetch. */
  answered(nowMs: number): void {
    this.#apartMs = nowMs - this.#fetchMs
    this.#fetchMs = nowMs
    this.#fetched = 0
    this.#isEmptied = true
  }

  /** `isAll`: the partition had no more. */
  add(records: number, isAll: boolean): void {
    this.#fetched += records
    if (!isAll) this.#isEmptied = false
  }

  get #isApart(): boolean {
    return this.#apartMs >= APART * this.gatherMs
  }

  /** Milliseconds until the next fetch should begin. */
  waitMs(nowMs: number): number {
    if (this.#fetched >= LARGE || !this.#isEmptied || this.#isApart) return 0
    return Math.max(0, this.#fetchMs + this.gatherMs - nowMs)
  }
}
