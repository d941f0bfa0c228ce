export interface RebirthOptions {
  readonly askRebirth: boolean
  readonly rebirthPauseS: number
  readonly rebirthsPerSecond: number
}

/** Whom to ask. */
export interface AskedRebirth {
  readonly group: string
  readonly edgeNode: string
}

interface Turn {
  /** Not before this time. */
  nextMs: number
  pauseMs: number
  askedMs: number | undefined
}

const MAX_PAUSE_MS = 300_000
/** Somebody who has not been asked for so many pauses is asked as for the first time. */
const FORGIVEN = 4

/**
 * Decides when which edge node is asked for its births: each once, then with pauses that grow as
 * long as it must be asked again and again, and so many a second over all of them.
 */
export class Rebirths<Node extends AskedRebirth> {
  readonly #turns = new Map<Node, Turn>()
  /** Who waits to be asked, and since when. */
  readonly #queue = new Map<Node, number>()
  #tokens: number
  #filledMs = 0
  asked = 0

  constructor(
    private readonly options: RebirthOptions,
    /** False if it could not be sent. */
    private readonly send: (node: Node) => boolean
  ) {
    this.#tokens = options.rebirthsPerSecond
  }

  /** Asks once it may; asking again meanwhile changes nothing. @param fromMs not before */
  ask(node: Node, fromMs: number): void {
    if (this.options.askRebirth && !this.#queue.has(node)) this.#queue.set(node, fromMs)
  }

  /** It waits for its turn. */
  isQueued(node: Node): boolean {
    return this.#queue.has(node)
  }

  /** When it was last asked. */
  askedMs(node: Node): number | undefined {
    return this.#turns.get(node)?.askedMs
  }

  /** Its birth has come. */
  born(node: Node): void {
    this.#queue.delete(node)
  }

  /** It is not known any more. */
  forget(node: Node): void {
    this.#queue.delete(node)
    this.#turns.delete(node)
  }

  tick(nowMs: number): void {
    const { rebirthsPerSecond } = this.options
    const filled = this.#tokens + ((nowMs - this.#filledMs) * rebirthsPerSecond) / 1000
    this.#tokens = Math.min(rebirthsPerSecond, filled)
    this.#filledMs = nowMs
    for (const [node, fromMs] of this.#queue) {
      if (this.#tokens < 1) return
      if (nowMs < Math.max(fromMs, this.#turns.get(node)?.nextMs ?? 0)) continue
      if (!this.send(node)) return
      this.asked++
      this.#tokens--
      this.#queue.delete(node)
      this.#note(node, nowMs)
    }
  }

  #note(node: Node, nowMs: number): void {
    const before = this.#turns.get(node)
    const first = this.options.rebirthPauseS * 1000
    const isAgain = before !== undefined && nowMs - before.nextMs < FORGIVEN * before.pauseMs
    const pauseMs = isAgain ? Math.min(before.pauseMs * 2, Math.max(first, MAX_PAUSE_MS)) : first
    this.#turns.set(node, { nextMs: nowMs + pauseMs, pauseMs, askedMs: nowMs })
  }
}
