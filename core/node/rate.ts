/**
 * Records a second over the time since it was last asked (at least 500 ms), by the growth of a
 * count. The first time it is asked it is told where the count stands, which may be far on: counts
 * of a node outlive a deploy.
 */
export class Rate {
  #count: number | undefined
  #atMs: number
  #perSecond = 0

  constructor(nowMs = performance.now()) {
    this.#atMs = nowMs
  }

  of(count: number, nowMs = performance.now()): number {
    const elapsedMs = nowMs - this.#atMs
    if (this.#count === undefined || elapsedMs >= 500) {
      this.#perSecond = this.#count === undefined ? 0 : ((count - this.#count) / elapsedMs) * 1000
      this.#count = count
      this.#atMs = nowMs
    }
    return this.#perSecond
  }
}
