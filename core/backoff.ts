/**
 * Exponential backoff with full jitter: a random wait between half and all of `initialMs * 2^attempt`, at most `maxMs`.
 * Source of the rule: Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), "equal jitter".
 */
export function backoffMs(attempt: number, { initialMs = 200, maxMs = 30_000, random = Math.random }: BackoffOptions = {}): number {
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

export interface BackoffOptions {
  readonly initialMs?: number
  readonly maxMs?: number
  readonly random?: () => number
}
