import { countOf, type Message } from './batch.ts'
import type { Tracker } from './delivery/types.ts'
import { reasonOf } from './errors.ts'
import type { NodeMetrics } from './metrics.ts'

export type Done = (error?: Error) => void
export type Outputs = readonly (object | null)[]
export type Transform = (message: Message) => Outputs | Promise<Outputs>

/** A message as the node received it, and where it goes from there. */
export interface Received {
  readonly message: Message
  readonly send: (outputs: Outputs) => void
  readonly done: Done
}

/** Shorter than the shortest timeout that a source may have, 1 s. */
const BEAT_MS = 400

/** Transforms messages one after the other: while one waits for something, those behind it wait too, so that records keep their order. */
export class TransformQueue {
  /** The first is being dealt with. Empty while nothing waits. */
  readonly #waiting: Received[] = []

  constructor(
    private readonly transform: Transform,
    private readonly tracker: Pick<Tracker, 'touch' | 'isGivenUp'>,
    private readonly metrics: NodeMetrics
  ) {}

  add(received: Received): void {
    this.metrics.in += countOf(received.message.payload)
    if (this.#waiting.length > 0) {
      this.tracker.touch(received.message)
      this.#waiting.push(received)
      return
    }
    try {
      const outputs = this.transform(received.message)
      if (outputs instanceof Promise) {
        this.#waiting.push(received)
        void this.#work(outputs)
      } else this.#finish(received, outputs)
    } catch (error) {
      received.done(asError(error))
    }
  }

  async #work(begun: Promise<Outputs>): Promise<void> {
    const beat = setInterval(() => this.#touch(), BEAT_MS)
    await this.#deal(this.#waiting[0]!, () => begun)
    this.#waiting.shift()
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#deal(next, this.transform)
      this.#waiting.shift()
    }
    clearInterval(beat)
  }

  async #deal(received: Received, transform: Transform): Promise<void> {
    const { message, done } = received
    try {
      const outputs = this.tracker.isGivenUp(message) ? undefined : await transform(message)
      if (outputs !== undefined && !this.tracker.isGivenUp(message)) return this.#finish(received, outputs)
      // Another copy of it is on its way, or has arrived: this one would only store the records twice.
      this.metrics.returned += countOf(message.payload)
      done()
    } catch (error) {
      done(asError(error))
    }
  }

  #finish({ send, done }: Received, outputs: Outputs): void {
    for (const message of outputs) if (message !== null) this.metrics.out += countOf((message as Message).payload)
    send(outputs)
    done()
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    for (const { message } of this.#waiting) this.tracker.touch(message)
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(reasonOf(error)))
