import { InFlightMessage } from './in-flight.ts'
import { InOrderQueue } from './in-order-queue.ts'
import type { TakenMessage } from './types.ts'

/**
 * What a source has taken and not acknowledged, lane by lane: counts it, and lets it leave in the
 * order it came.
 */
export class InFlightLanes {
  readonly #lanes = new Map<string, InOrderQueue<InFlightMessage>>()
  #messages = 0
  #records = 0
  #bytes = 0
  #number = 0
  #movedMs = 0

  /** `released` is told of each message that leaves, after all before it of its lane. */
  constructor(private readonly released: (taken: TakenMessage) => void) {}

  get messages(): number {
    return this.#messages
  }
  get records(): number {
    return this.#records
  }
  get bytes(): number {
    return this.#bytes
  }
  /** When a message last left, or the first one was taken. */
  get movedMs(): number {
    return this.#movedMs
  }
  get names(): string[] {
    return [...this.#lanes.keys()]
  }
  /** Messages of a lane. */
  sizeOf(lane: string): number {
    return this.#lanes.get(lane)?.size ?? 0
  }

  /** The first of a lane that is not acknowledged. */
  firstOf(lane: string): TakenMessage | undefined {
    return this.#lanes.get(lane)?.first?.taken
  }

  /** When the oldest was taken; undefined while there is none. */
  get oldestMs(): number | undefined {
    let oldestMs: number | undefined
    for (const { first } of this.#lanes.values())
      if (first !== undefined && !(first.takenMs >= (oldestMs ?? Number.POSITIVE_INFINITY)))
        oldestMs = first.takenMs
    return oldestMs
  }

  add(taken: TakenMessage): InFlightMessage {
    const nowMs = performance.now()
    const release = () => {
      this.#forget(taken)
      this.#movedMs = performance.now()
      this.released(taken)
    }
    const message = new InFlightMessage(taken, this.#number++, release, nowMs)
    this.#laneOf(taken.lane).add(message)
    if (this.#messages++ === 0) this.#movedMs = nowMs
    this.#records += taken.records
    this.#bytes += taken.bytes ?? 0
    return message
  }

  /** Lets it leave, now or when all before it have left; returns whether any did. */
  finish(message: InFlightMessage): boolean {
    const lane = this.#lanes.get(message.taken.lane)
    return lane !== undefined && lane.finish(message) > 0
  }

  /** Forgets a lane, letting nothing leave; returns what was in it. */
  drop(name: string): readonly InFlightMessage[] {
    const left = this.#lanes.get(name)?.clear() ?? []
    this.#lanes.delete(name)
    for (const { taken } of left) this.#forget(taken)
    return left
  }

  #laneOf(name: string): InOrderQueue<InFlightMessage> {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new InOrderQueue()
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #forget({ records, bytes = 0 }: TakenMessage): void {
    this.#messages--
    this.#records -= records
    this.#bytes -= bytes
  }
}
