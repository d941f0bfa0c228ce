/**
 * How many records go on together while one of them may be the one that kills Node-RED: one, then
 * twice as many each time that all have passed. A machine whose power was cut again and again is
 * through in seconds; where one of them kills, it is among the few that were under way then, and
 * these go on one by one.
 */
export class Caution {
  #size = 1
  #alone = 0

  /**
   * @param left so many records go on with caution: as many as may have been on their way
   * @param most so many go on together without it
   */
  constructor(
    public left: number,
    private readonly most: number
  ) {}

  /** How many go on next. */
  next(): number {
    if (this.left <= 0) return this.most
    const size = this.#alone > 0 ? 1 : Math.min(this.#size, this.most, this.left)
    if (this.#alone > 0) this.#alone--
    else this.#size = 2 * size
    this.left -= size
    return size
  }

  /** So many are next of which one killed Node-RED, together. */
  suspect(records: number): void {
    this.#size = 1
    this.#alone = records
    // Some of them may lie beyond what was on its way when it was counted.
    this.left = Math.max(this.left, records)
  }
}
