import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../../core/backoff.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'

export interface Persistence {
  /** 0: as long as it takes. */
  readonly waitMs: number
  readonly closing: AbortSignal
  /** Told after every try: why it failed, or undefined. */
  readonly onOutcome: (problem: unknown) => void
}

/** Tries until it works. @throws MillraceError LOOKUP_FAILED when the time is up, CLOSED when the node is stopped */
export async function persist<T>(work: () => Promise<T>, { waitMs, closing, onOutcome }: Persistence): Promise<T> {
  const untilMs = waitMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + waitMs
  for (let attempt = 0; ; attempt++) {
    if (closing.aborted) throw closed(closing.reason)
    try {
      const result = await work()
      onOutcome(undefined)
      return result
    } catch (error) {
      if (closing.aborted) throw closed(error)
      onOutcome(error)
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0) throw failed(error, waitMs)
      await sleep(Math.min(backoffMs(attempt, { maxMs: 5000 }), leftMs), undefined, { signal: closing }).catch(aborted => {
        throw closed(aborted)
      })
    }
  }
}

const closed = (cause: unknown) => new MillraceError('CLOSED', 'The node was stopped while it waited for the metadata.', { cause })

const failed = (cause: unknown, waitMs: number) =>
  new MillraceError('LOOKUP_FAILED', `The metadata could not be looked up within ${waitMs / 1000} s: ${reasonOf(cause)}.`, { cause })
