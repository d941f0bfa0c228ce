import type { MillraceError } from '../../errors.ts'
import type { Health } from '../health.ts'

export interface IdleWatchOptions {
  /** There is something to send, or no connection yet: then that tells how it goes. */
  isBusy(): boolean
  /** Of the brokers, whether they could take records; rejects within 5 s. @throws MillraceError */
  ask(): Promise<void>
  readonly health: Health
}

const EVERY_MS = 4_000
/** What failed at once is asked again so soon: an election, a broker that is restarted. */
const AGAIN_MS = 1_500
/** What has taken so long is no short trouble. */
const LONG_MS = 1_000

/**
 * Has somebody who sends nothing notice within ten seconds that nothing could be sent, and that it
 * can again. One small request every four seconds.
 */
export class IdleWatch {
  #timer: NodeJS.Timeout | undefined
  #hasFailed = false
  #closed = false

  constructor(private readonly options: IdleWatchOptions) {}

  start(): void {
    this.#next(EVERY_MS)
  }
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #next(waitMs: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), waitMs).unref()
  }

  async #look(): Promise<void> {
    const { health, isBusy, ask } = this.options
    // Of another trouble somebody else tells the end.
    const isAsked = () => !isBusy() && (health.isUp || this.#hasFailed)
    if (!isAsked()) {
      this.#hasFailed = false
      return this.#next(EVERY_MS)
    }
    const startMs = performance.now()
    try {
      await ask()
      if (isAsked() && !this.#closed) health.works()
      this.#hasFailed = false
      this.#next(EVERY_MS)
    } catch (error) {
      if (isAsked()) this.#failed(error as MillraceError, performance.now() - startMs)
      this.#next(AGAIN_MS)
    }
  }

  #failed(error: MillraceError, tookMs: number): void {
    const { health } = this.options
    if (tookMs >= LONG_MS) health.fails(error)
    else health.trouble(error)
    this.#hasFailed = !health.isUp
  }
}
