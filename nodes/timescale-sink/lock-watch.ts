import { type Blocker, blockerOf } from '../../core/postgres/blocked.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { heldSentence, heldWords } from './logic.ts'

/**
 * A batch that goes on for so long waits for something, and the status says so at the next beat.
 */
const HELD_MS = 4_000
const ASK_EVERY_MS = 2_000

/** A batch does not come to an end. */
interface Hold {
  /** Whoever holds a lock that it waits for, as far as known. */
  blocker: Blocker | undefined
  asking: boolean
  askedMs: number
  told: boolean
}

export interface LockWatchOptions {
  readonly database: Database
  /** The table's name, for the log. */
  readonly table: string
  /** The server's processes that write. */
  readonly processes: () => readonly number[]
  readonly warn: (sentence: string) => void
  /** It is known who holds the lock. */
  readonly known: () => void
}

/**
 * Notices that a batch does not come to its end, which is no error to the database, however long it
 * takes.
 */
export class LockWatch {
  #hold: Hold | undefined
  #closed = false

  constructor(private readonly options: LockWatchOptions) {}

  /**
   * What a batch waits for that goes on for so many milliseconds, in a few words; undefined for one
   * that may just be large.
   */
  look(heldMs: number): string | undefined {
    if (heldMs < HELD_MS) {
      this.#hold = undefined
      return undefined
    }
    this.#hold ??= {
      blocker: undefined,
      asking: false,
      askedMs: Number.NEGATIVE_INFINITY,
      told: false
    }
    void this.#ask(this.#hold)
    return heldWords(this.#hold.blocker, heldMs)
  }

  /** Finds out who keeps the table from being written, if anybody does. */
  async #ask(hold: Hold): Promise<void> {
    if (hold.asking || performance.now() - hold.askedMs < ASK_EVERY_MS) return
    hold.askedMs = performance.now()
    const { database, table, processes, warn, known } = this.options
    hold.asking = true
    hold.blocker = await blockerOf(database, processes())
    hold.asking = false
    if (this.#hold !== hold || this.#closed) return
    if (hold.blocker && !hold.told) warn(heldSentence(table, hold.blocker))
    hold.told ||= hold.blocker !== undefined
    known()
  }

  close(): void {
    this.#closed = true
  }
}
