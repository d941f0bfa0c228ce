import { backoffMs, pause } from '../backoff.ts'
import { failureKind, needsPerson } from './sqlstate.ts'

/** Why nothing is stored at the moment. */
export interface DatabaseFailure {
  /** `away`: the database will be back; `setting`: a person must correct something. */
  readonly kind: 'away' | 'setting'
  readonly error: unknown
}

export interface AttemptEvents {
  /**
   * Something keeps all records from being stored; undefined: it is over. Told when it begins and
   * at each further try.
   */
  troubled(failure: DatabaseFailure | undefined): void
  /** Work of that many records is tried again. */
  retried(records: number): void
}

interface Outage {
  /** The one that tries; the others wait for it. */
  readonly prober: object
  attempt: number
  readonly over: Promise<void>
  readonly end: () => void
}

const BUSY_WAITS = { initialMs: 20, maxMs: 2000 }
/** A database that is back should not wait for us; one try each few seconds burdens nobody. */
const OUTAGE_WAITS = { initialMs: 200, maxMs: 5000 }

/**
 * Tries work of a database until it is done. While an outage lasts, one tries and the others wait
 * for it.
 */
export class DatabaseAttempts {
  #outage: Outage | undefined
  /** What is being done, the oldest first. */
  readonly #begun = new Set<{ readonly atMs: number }>()
  readonly #closing = new AbortController()

  constructor(
    private readonly events: AttemptEvents,
    /** What is thrown for work that is not done when all ends. */
    private readonly closedError: () => Error
  ) {}

  get isOutage(): boolean {
    return this.#outage !== undefined
  }
  /** How long the oldest of what is being done goes on without an end; 0 while nothing is. */
  get heldMs(): number {
    const [oldest] = this.#begun
    return oldest === undefined ? 0 : performance.now() - oldest.atMs
  }

  /**
   * From now on nothing is tried a second time; what pauses goes on at the end of its pause, or by
   * `wake`.
   */
  isClosed = false

  /** Ends all pauses: what fails once more is given up. */
  wake(): void {
    this.#closing.abort()
  }

  /**
   * Tries until it works, however long that takes. @throws what `closedError` gives, or the last
   * error, when all ends
   */
  async run(attempt: () => Promise<void>, records: number): Promise<void> {
    const begun = { atMs: performance.now() }
    this.#begun.add(begun)
    try {
      await this.#untilDone(attempt, records)
    } finally {
      this.#begun.delete(begun)
    }
  }

  async #untilDone(attempt: () => Promise<void>, records: number): Promise<void> {
    for (let failures = 0; ; failures++) {
      if (this.#outage && this.#outage.prober !== attempt) await this.#outage.over
      if (this.isClosed && failures > 0) throw this.closedError()
      try {
        await attempt()
        if (this.#outage?.prober === attempt) this.#recover()
        return
      } catch (error) {
        if (this.isClosed) throw error
        this.events.retried(records)
        const kind = failureKind(error)
        if (kind === 'busy') await pause(backoffMs(failures, BUSY_WAITS), this.#closing)
        else await this.#waitOut(attempt, { kind: needsPerson(error) ? 'setting' : 'away', error })
      }
    }
  }

  async #waitOut(prober: object, failure: DatabaseFailure): Promise<void> {
    this.#outage ??= outageOf(prober)
    if (this.#outage.prober !== prober) return
    this.events.troubled(failure)
    await pause(backoffMs(this.#outage.attempt++, OUTAGE_WAITS), this.#closing)
  }

  #recover(): void {
    this.#outage?.end()
    this.#outage = undefined
    this.events.troubled(undefined)
  }
}

function outageOf(prober: object): Outage {
  let end = () => {}
  const over = new Promise<void>(resolve => {
    end = resolve
  })
  return { prober, attempt: 0, over, end }
}
