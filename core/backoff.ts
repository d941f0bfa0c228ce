import { setMaxListeners } from 'node:events'

export interface BackoffOptions {
  readonly initialMs?: number
  readonly maxMs?: number
  readonly random?: () => number
}

/**
 * Exponential backoff with jitter: a random wait between half and all of `initialMs * 2^attempt`,
 * at most `maxMs`. Source of the rule: Marc Brooker, "Exponential Backoff And Jitter" (AWS
 * Architecture Blog, 2015), "equal jitter".
 */
export function backoffMs(
  attempt: number,
  { initialMs = 200, maxMs = 30_000, random = Math.random }: BackoffOptions = {}
): number {
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

export interface PauseOptions {
  /** Ends the pause early, without an error. */
  readonly signal?: AbortSignal | undefined
  /** The process may end meanwhile. */
  readonly unref?: boolean | undefined
}

/**
 * Resolves after so many milliseconds, or when the signal aborts, which any number of pauses may
 * wait for.
 */
export function pause(ms: number, { signal, unref = false }: PauseOptions = {}): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) {
      resolve()
      return
    }
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (unref) timer.unref()
    if (signal) setMaxListeners(0, signal)
    signal?.addEventListener('abort', end)
  })
}

export interface Retries extends PauseOptions {
  readonly backoff?: BackoffOptions
  /**
   * Gives up when so much time has passed; the last pause ends then, and is followed by a last try.
   */
  readonly limitMs?: number | undefined
  /** An error that no further try will heal: it is thrown at once. */
  readonly isFinal?: (error: unknown) => boolean
  /** Told of each failure that is followed by a further try, before the pause. */
  readonly onRetry?: (error: unknown, attempt: number) => void
}

/**
 * Tries until it works, with growing pauses. What is tried gets the number of tries before it.
 * @throws the last error, where that is final, the time is up or the signal aborts
 */
export async function retrying<T>(
  work: (attempt: number) => Promise<T>,
  retries: Retries = {}
): Promise<T> {
  const { backoff, signal, isFinal, onRetry, limitMs = Number.POSITIVE_INFINITY } = retries
  const untilMs = performance.now() + limitMs
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      const leftMs = untilMs - performance.now()
      if (signal?.aborted || isFinal?.(error) || leftMs <= 0) throw error
      onRetry?.(error, attempt)
      await pause(Math.min(backoffMs(attempt, backoff), leftMs), retries)
      if (signal?.aborted) throw error
    }
  }
}

/**
 * Starts again what seemed to work and has ended, with pauses that grow until it works. Where one
 * try either works or fails, `retrying` is enough.
 */
export class Restarts {
  #inARow = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly start: () => void,
    private readonly backoff: BackoffOptions
  ) {}

  /** How often it was started again since it last worked. */
  get inARow(): number {
    return this.#inARow
  }

  later(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.start, backoffMs(this.#inARow++, this.backoff))
  }

  /** The next pause is a short one again. */
  works(): void {
    this.#inARow = 0
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
