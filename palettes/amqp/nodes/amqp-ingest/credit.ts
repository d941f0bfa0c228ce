/** Before it is known how large messages are. */
const FIRST = 100
/** By this a large message counts less with each that follows. */
const FADES = 0.99

/**
 * How many messages a server may send that are not settled: as many as are allowed, but no more
 * than fit into memory if they are as large as those that came last.
 */
export class CreditWindow {
  #largest = 0

  constructor(
    private readonly most: number,
    private readonly maxBytes: number
  ) {}

  saw(bytes: number): void {
    this.#largest = Math.max(bytes, this.#largest * FADES)
  }

  get size(): number {
    if (this.#largest === 0) return Math.min(this.most, FIRST)
    return Math.min(this.most, Math.max(1, Math.floor(this.maxBytes / this.#largest)))
  }

  /**
   * How much credit to give beside what the server has, and what came and is not settled; 0 while
   * it would be little, since each grant is a frame.
   */
  more(unsettled: number, given: number): number {
    const missing = this.size - unsettled - given
    return missing > 0 && missing >= this.size / 4 ? missing : 0
  }
}
