import { retrying } from '../../core/backoff.ts'
import { MillraceError, reasonOf } from '../../core/errors.ts'

export interface Persistence {
  /** 0: as long as it takes. */
  readonly waitMs: number
  readonly closing: AbortSignal
  /** Told after every try: why it failed, or undefined. */
  readonly onOutcome: (problem: unknown) => void
}

/**
 * Tries until it works. @throws MillraceError LOOKUP_FAILED when the time is up, CLOSED when the
 * node is stopped
 */
export async function persist<T>(
  work: () => Promise<T>,
  { waitMs, closing, onOutcome }: Persistence
): Promise<T> {
  const told = async () => {
    try {
      const result = await work()
      onOutcome(undefined)
      return result
    } catch (error) {
      if (!closing.aborted) onOutcome(error)
      throw error
    }
  }
  if (closing.aborted) throw closed(closing.reason)
  try {
    const limitMs = waitMs === 0 ? undefined : waitMs
    return await retrying(told, { backoff: { maxMs: 5000 }, limitMs, signal: closing })
  } catch (error) {
    throw closing.aborted ? closed(error) : failed(error, waitMs)
  }
}

const closed = (cause: unknown) =>
  new MillraceError('CLOSED', 'The node was stopped while it waited for the metadata.', { cause })

const failed = (cause: unknown, waitMs: number) =>
  new MillraceError(
    'LOOKUP_FAILED',
    `The metadata could not be looked up within ${waitMs / 1000} s: ${reasonOf(cause)}.`,
    { cause }
  )
