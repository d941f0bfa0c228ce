import type { HttpAnswer } from './answer.ts'

/** Keys that are remembered, and for how long after their answer. */
const MAX_KEYS = 10_000
const KEEP_MS = 600_000

/** What is known of a key: an answer, or those who wait for one. */
interface Known {
  answer: HttpAnswer | undefined
  answeredMs: number
  readonly waiting: ((answer: HttpAnswer) => void)[]
}

/**
 * Senders that try again with the same Idempotency-Key get the answer of the first try, also one
 * that is still to come: their records are taken once. Kept in memory, so a restart forgets.
 */
export class Repeats {
  /** The oldest first. */
  readonly #known = new Map<string, Known>()

  constructor(private readonly now: () => number) {}

  /**
   * True if the key is known: then `answer` is called, now or later. Else it is known from now on,
   * and `settle` or `forget` must follow.
   */
  isRepeat(key: string, answer: (answer: HttpAnswer) => void): boolean {
    this.#tidy()
    const known = this.#known.get(key)
    if (known === undefined) {
      this.#known.set(key, { answer: undefined, answeredMs: 0, waiting: [] })
      return false
    }
    if (known.answer === undefined) known.waiting.push(answer)
    else answer(known.answer)
    return true
  }

  settle(key: string, answer: HttpAnswer): void {
    const known = this.#known.get(key)
    if (known === undefined) return
    known.answer = answer
    known.answeredMs = this.now()
    // Goes behind all that were answered before.
    this.#known.delete(key)
    this.#known.set(key, known)
    for (const wait of known.waiting.splice(0)) wait(answer)
  }

  /** Nothing became of it: the next try is a first one. Those who wait are told this. */
  forget(key: string, answer: HttpAnswer): void {
    const known = this.#known.get(key)
    this.#known.delete(key)
    for (const wait of known?.waiting.splice(0) ?? []) wait(answer)
  }

  #tidy(): void {
    const oldMs = this.now() - KEEP_MS
    for (const [key, { answer, answeredMs }] of this.#known) {
      const isOld = answer !== undefined && answeredMs < oldMs
      if (!isOld && this.#known.size < MAX_KEYS) return
      // One without an answer is bounded by what may be in flight.
      if (answer !== undefined) this.#known.delete(key)
      else if (!isOld) return
    }
  }
}
