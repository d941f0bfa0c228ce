import type { Tracker } from '../delivery/types.ts'
import { MillraceError } from '../errors.ts'
import type { Message } from '../record/message.ts'
import { ThrottledNotice } from '../throttled-notice.ts'
import type { NodeMetrics } from './metrics.ts'

/**
 * Above this a message that nobody waits for is better refused: records of a kilobyte are 100 MB
 * then, and a process that ends for want of memory takes all of them with it. Sources of this
 * palette keep below their own bounds.
 */
export const MAX_WAITING = 100_000

interface Limited {
  readonly tracker: Pick<Tracker, 'isFollowed'>
  readonly metrics: NodeMetrics
  readonly warn: (warning: string) => void
  /** What the records wait for, e.g. `the database`. */
  readonly service: string
}

/** The bound of a sink for what it cannot slow down, such as core's mqtt in, http in or inject. */
export class QueueLimit {
  readonly #words: ThrottledNotice
  readonly #why: string

  constructor(private readonly limited: Limited) {
    const { service, warn } = limited
    this.#why = `More than ${MAX_WAITING} records wait for ${service}, and what brings them cannot be slowed down: no more are taken.`
    this.#words = new ThrottledNotice((records, why) =>
      warn(`${why} Records that were refused: ${records}.`)
    )
  }

  /**
   * The error for a message that is not to be taken while so many records wait; undefined if it is.
   */
  refusal(message: Message, records: number, waiting: number): MillraceError | undefined {
    const { tracker, metrics } = this.limited
    if (waiting < MAX_WAITING || tracker.isFollowed(message)) return undefined
    metrics.returned += records
    this.#words.add(records, this.#why)
    return new MillraceError('QUEUE_FULL', this.#why)
  }

  end(): void {
    this.#words.end()
  }
}
