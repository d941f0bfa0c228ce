import type { Tracker } from '../delivery/types.ts'
import { reasonOf } from '../errors.ts'
import { countOf, type Message } from '../record/message.ts'
import type { NodeMetrics } from './metrics.ts'
import type { QueueLimit } from './queue-limit.ts'

export type Done = (error?: Error) => void
export type Outputs = readonly (object | null)[]
/** `behind` gives the messages that wait for this one, as they are when it is called. */
export type QueuedTransform = (
  message: Message,
  behind: () => readonly Message[]
) => Outputs | Promise<Outputs>

/** A message as the node received it, and where it goes from there. */
export interface QueuedMessage {
  readonly message: Message
  readonly send: (outputs: Outputs) => void
  readonly done: Done
}

/** Shorter than the shortest timeout that a source may have, 1 s. */
const BEAT_MS = 400

/**
 * Transforms messages one after the other: while one waits for something, those behind it wait too,
 * so that records keep their order.
 */
export class TransformQueue {
  /** The first is being dealt with. Empty while nothing waits. */
  readonly #waiting: QueuedMessage[] = []
  #waitingRecords = 0
  readonly #behind = () => this.#waiting.slice(1).map(({ message }) => message)

  constructor(
    private readonly transform: QueuedTransform,
    private readonly tracker: Pick<Tracker, 'touch' | 'isGivenUp'>,
    private readonly metrics: NodeMetrics,
    private readonly limit: Pick<QueueLimit, 'refusal'>
  ) {}

  add(received: QueuedMessage): void {
    const records = countOf(received.message.payload)
    this.metrics.in += records
    if (this.#waiting.length > 0) {
      this.#wait(received, records)
      return
    }
    if (this.tracker.isGivenUp(received.message)) {
      this.#giveBack(received)
      return
    }
    try {
      const outputs = this.transform(received.message, this.#behind)
      if (outputs instanceof Promise) {
        this.#waiting.push(received)
        void this.#work(outputs)
      } else this.#finish(received, outputs)
    } catch (error) {
      received.done(asError(error))
    }
  }

  #wait(received: QueuedMessage, records: number): void {
    const { message, done } = received
    const refusal = this.limit.refusal(message, records, this.#waitingRecords)
    if (refusal) {
      done(refusal)
      return
    }
    this.tracker.touch(message)
    this.#waiting.push(received)
    this.#waitingRecords += records
  }

  async #work(begun: Promise<Outputs>): Promise<void> {
    const beat = setInterval(() => this.#touch(), BEAT_MS)
    await this.#deal(this.#waiting[0]!, begun)
    this.#waiting.shift()
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      this.#waitingRecords -= countOf(next.message.payload)
      await this.#deal(next)
      this.#waiting.shift()
    }
    clearInterval(beat)
  }

  async #deal(received: QueuedMessage, begun?: Promise<Outputs>): Promise<void> {
    const { message, done } = received
    try {
      if (begun === undefined && this.tracker.isGivenUp(message)) return this.#giveBack(received)
      const outputs = await (begun ?? this.transform(message, this.#behind))
      if (this.tracker.isGivenUp(message)) this.#giveBack(received)
      else this.#finish(received, outputs)
    } catch (error) {
      done(asError(error))
    }
  }

  /**
   * Another copy of it is on its way, or has arrived: this one would only store the records twice.
   */
  #giveBack({ message, done }: QueuedMessage): void {
    this.metrics.returned += countOf(message.payload)
    done()
  }

  #finish({ send, done }: QueuedMessage, outputs: Outputs): void {
    for (const message of outputs)
      if (message !== null) this.metrics.out += countOf((message as Message).payload)
    send(outputs)
    done()
  }

  /** Deliveries whose records wait here must not time out. */
  #touch(): void {
    for (const { message } of this.#waiting) this.tracker.touch(message)
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(reasonOf(error))
