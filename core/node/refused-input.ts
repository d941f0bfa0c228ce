import type { Tracker } from '../delivery/types.ts'
import { MillraceError } from '../errors.ts'
import { countOf, type Message } from '../record/message.ts'
import type { NodeMetrics } from './metrics.ts'
import type { Done } from './transform-queue.ts'

export interface Refusing {
  readonly tracker: Pick<Tracker, 'isFollowed' | 'isGivenUp' | 'touch'>
  readonly metrics: NodeMetrics
  /** Why the node did not start. */
  readonly why: string
  /**
   * Tells Catch nodes of an error with a message, and the log, where it is `loud` and no Catch node
   * takes it.
   */
  readonly tell: (error: Error, message: Message, loud: boolean) => void
}

/** Shorter than the shortest timeout that a source may have, 1 s. */
const BEAT_MS = 400
const SILENCE_MS = 60_000

/**
 * The input of a node that did not start, since its settings are wrong. What a source waits for is
 * held until the node is deployed again: a setting is no reason to make dead letters of records.
 * The rest fails, in the log once a minute.
 */
export class RefusedInput {
  readonly #held: { readonly message: Message; readonly done: Done }[] = []
  #beat: NodeJS.Timeout | undefined
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(private readonly refusing: Refusing) {}

  take(message: Message, done: Done): void {
    const { tracker, metrics } = this.refusing
    metrics.in += countOf(message.payload)
    if (!tracker.isFollowed(message)) {
      this.#fail(message)
      return
    }
    tracker.touch(message)
    this.#held.push({ message, done })
    this.#beat ??= setInterval(() => this.#touch(), BEAT_MS).unref()
  }

  /** The source delivers again what was held. */
  end(): void {
    clearInterval(this.#beat)
    const error = new MillraceError(
      'CLOSED',
      'The node was deployed again before it had taken the message.'
    )
    for (const { done } of this.#held.splice(0)) done(error)
  }

  #fail(message: Message): void {
    const { metrics, why, tell } = this.refusing
    metrics.returned += countOf(message.payload)
    const nowMs = performance.now()
    const loud = nowMs - this.#toldMs >= SILENCE_MS
    if (loud) this.#toldMs = nowMs
    tell(
      new MillraceError('NOT_READY', `The node has not started, and takes no message: ${why}.`),
      message,
      loud
    )
  }

  #touch(): void {
    const { tracker, metrics } = this.refusing
    for (let index = this.#held.length - 1; index >= 0; index--) {
      const { message, done } = this.#held[index]!
      if (!tracker.isGivenUp(message)) tracker.touch(message)
      else {
        this.#held.splice(index, 1)
        metrics.returned += countOf(message.payload)
        done()
      }
    }
  }
}
