import { deploymentsOf, type FlowPlace } from '../../core/deployments.ts'
import type { HttpAnswer } from './answer.ts'

/** Keys that are remembered, and for how long after their answer. */
const MAX_KEYS = 10_000
const KEEP_MS = 600_000

type Wait = (answer: HttpAnswer) => void

/** The first of those that come with a key; ends once, in one of two ways. */
export interface FirstTry {
  /** What came with it is taken: every further try gets this answer. */
  settle(answer: HttpAnswer): void
  /** Nothing became of it: the next try is a first one. Those who wait are told this. */
  forget(answer: HttpAnswer): void
}

/**
 * Senders that try again with the same Idempotency-Key get the answer of the first try, also one
 * that is still to come: their records are taken once. Kept in memory, so a restart of Node-RED
 * forgets.
 */
export class Repeats {
  /** Without an answer yet, with those who wait for it; as many as are in flight. */
  readonly #open = new Map<string, Set<Wait>>()
  /** The oldest first. */
  readonly #answered = new Map<string, { answer: HttpAnswer; answeredMs: number }>()

  constructor(private readonly now: () => number) {}

  /** Keys that are known, with and without an answer. */
  get size(): number {
    return this.#open.size + this.#answered.size
  }
  /** Further tries that wait. */
  get waiting(): number {
    return [...this.#open.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Undefined where the key is known: then `waitFor` follows. */
  begin(key: string): FirstTry | undefined {
    this.#tidy(MAX_KEYS)
    if (this.#answered.has(key) || this.#open.has(key)) return undefined
    const waiting = new Set<Wait>()
    this.#open.set(key, waiting)
    return {
      settle: answer => {
        if (!this.#end(key, waiting, answer)) return
        this.#tidy(MAX_KEYS - 1)
        this.#answered.set(key, { answer, answeredMs: this.now() })
      },
      forget: answer => void this.#end(key, waiting, answer)
    }
  }

  /** Calls `wait` with the answer, now or later. Returns what ends the waiting. */
  waitFor(key: string, wait: Wait): () => void {
    const answered = this.#answered.get(key)
    if (answered !== undefined) wait(answered.answer)
    const waiting = this.#open.get(key)
    waiting?.add(wait)
    return () => void waiting?.delete(wait)
  }

  /** What has no answer is not known to be stored: the next try is a first one. */
  forgetOpen(): void {
    this.#open.clear()
  }

  /** False where the key was forgotten meanwhile, and may stand for another first try by now. */
  #end(key: string, waiting: Set<Wait>, answer: HttpAnswer): boolean {
    if (this.#open.get(key) !== waiting) return false
    this.#open.delete(key)
    for (const wait of waiting) wait(answer)
    return true
  }

  #tidy(most: number): void {
    const oldMs = this.now() - KEEP_MS
    for (const [key, { answeredMs }] of this.#answered) {
      if (answeredMs >= oldMs && this.#answered.size <= most) return
      this.#answered.delete(key)
    }
  }
}

const kept = new Map<string, { readonly repeats: Repeats; readonly place: FlowPlace }>()

/** Those of a node, which outlive its deployments, until it is deleted. */
export function repeatsOf(
  RED: { readonly events: object },
  id: string,
  place: FlowPlace,
  now: () => number
): Repeats {
  const deployments = deploymentsOf(RED)
  deployments.onStarted('http-ingest repeats', () => {
    for (const [each, known] of kept) if (!deployments.has(known.place)) kept.delete(each)
  })
  const repeats = kept.get(id)?.repeats ?? new Repeats(now)
  kept.set(id, { repeats, place })
  return repeats
}
