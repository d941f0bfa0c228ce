import type { Tracker } from '../delivery/types.ts'

/** What takes longer in the flow is held by something: sinks gather for a second at most. */
const HELD_MS = 2_000
/** What came within it still comes, also on a way that is none of wires. */
const LATELY_MS = 3_600_000
/** Wires are followed no more often. */
const LOOK_MS = 5_000

interface Heard {
  lastMs: number
  /** Something of it came since the node was started. */
  hasCome: boolean
  /** Whether wires lead from it to the node, and when that was seen. */
  leads: boolean
  lookedMs: number
  /** How far apart its messages have come, at most; what lies long ago counts less and less. */
  gapMs: number
}

/** The sources that a node hears from: whether what they have cannot come now. */
export class Upstream {
  readonly #heard = new Map<string, Heard>()

  constructor(
    private readonly tracker: Pick<Tracker, 'backlogOf'>,
    /** Whether wires lead from this source to the node: they may have been laid anew. */
    private readonly leads: (source: string) => boolean = () => true
  ) {}

  knows(source: string): boolean {
    return this.#heard.has(source)
  }

  /** It has heard of this source before the node was started. */
  expect(source: string, nowMs: number): void {
    if (!this.#heard.has(source)) this.#heard.set(source, begin(nowMs, false))
  }

  /** A message of this source has come. */
  heard(source: string, nowMs: number): void {
    const known = this.#heard.get(source)
    if (known === undefined) {
      this.#heard.set(source, begin(nowMs, true))
      return
    }
    known.hasCome = true
    // A gap in which it was held up is none of its own.
    if (!this.#isHeldUp(source, known, nowMs))
      known.gapMs = Math.max(nowMs - known.lastMs, known.gapMs * 0.9)
    known.lastMs = nowMs
  }

  /**
   * A source has no connection, or may send no more until the flow is done with what it has; or it
   * has something in the flow that does not come to its end, and nothing of it reaches the node.
   */
  isHeldUp(nowMs: number): boolean {
    for (const [source, heard] of this.#heard)
      if (this.#isHeldUp(source, heard, nowMs) && this.#mayCome(source, heard, nowMs)) return true
    return false
  }

  /** Forgets the sources from which nothing can come any more. */
  forget(): void {
    for (const source of this.#heard.keys()) if (!this.leads(source)) this.#heard.delete(source)
  }

  #mayCome(source: string, heard: Heard, nowMs: number): boolean {
    if (heard.hasCome && nowMs - heard.lastMs < LATELY_MS) return true
    if (Math.abs(nowMs - heard.lookedMs) >= LOOK_MS) {
      heard.leads = this.leads(source)
      heard.lookedMs = nowMs
    }
    return heard.leads
  }

  #isHeldUp(source: string, { lastMs, gapMs }: Heard, nowMs: number): boolean {
    const backlog = this.tracker.backlogOf(source)
    if (backlog === undefined) return false
    if (backlog.isAway) return true
    if (backlog.oldestMs < HELD_MS) return false
    if (backlog.isBlocked) return true
    // Where messages come in bursts, as from a batch node, the time between them is no outage.
    return backlog.stalledMs >= HELD_MS && nowMs - lastMs >= Math.max(HELD_MS, 2 * gapMs)
  }
}

const begin = (nowMs: number, hasCome: boolean): Heard => ({
  lastMs: nowMs,
  hasCome,
  leads: true,
  lookedMs: Number.NEGATIVE_INFINITY,
  gapMs: 0
})
