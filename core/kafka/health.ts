import type { MillraceError } from '../errors.ts'
import { shortReason } from './short-reason.ts'

export interface HealthEvents {
  /** Works, for the first time or again after `away`. */
  up(): void
  /** Does not work, and tries on; told once until `up`, or until the reason is another. */
  away(error: MillraceError): void
}

/** A short trouble that the first retries heal is nobody's concern. */
const BEARABLE_MS = 1_000
const PATIENCE_MS = 10_000

/** Makes two words of the many lines that a client has for one outage: away, and up again. */
export class Health {
  #state: 'new' | 'up' | 'away' = 'new'
  #reason = ''
  /** It stays so until somebody changes a setting. */
  #isForPerson = false
  #troubleSinceMs: number | undefined
  #closed = false

  constructor(
    private readonly events: HealthEvents,
    private readonly nowMs: () => number = () => performance.now()
  ) {}

  get isUp(): boolean {
    return this.#state === 'up'
  }

  works(): void {
    this.#troubleSinceMs = undefined
    if (this.#state === 'up' || this.#closed) return
    this.#state = 'up'
    this.events.up()
  }

  /** A try failed and is repeated: an outage if that goes on. */
  trouble(error: MillraceError): void {
    const nowMs = this.nowMs()
    this.#troubleSinceMs ??= nowMs
    if (this.#state !== 'up' || nowMs - this.#troubleSinceMs >= BEARABLE_MS) this.fails(error)
  }

  /**
   * A broker asks for patience, as one does that has just started: an outage if it goes on asking.
   */
  waits(error: MillraceError): void {
    const nowMs = this.nowMs()
    this.#troubleSinceMs ??= nowMs
    if (nowMs - this.#troubleSinceMs >= PATIENCE_MS) this.fails(error)
  }

  fails(error: MillraceError): void {
    if (this.#closed) return
    const short = shortReason(error.message)
    const reason = short ?? error.code
    if (this.#state === 'away') {
      // Between two tries that fail for a wrong setting there are lines of connections that break:
      // no news.
      const isNews =
        reason !== this.#reason &&
        (short !== undefined || !this.#isForPerson || error.code === 'KAFKA_TOPIC_MISSING')
      if (!isNews) return
    }
    this.#state = 'away'
    this.#reason = reason
    this.#isForPerson = short !== undefined
    this.events.away(error)
  }

  close(): void {
    this.#closed = true
  }
}
