import type { TakenMany } from '../source/types.ts'
import { BodyOutcome } from './outcome.ts'
import type { ReadBody } from './path-records.ts'

/** What takes the records of bodies on into the flow. */
export interface BodyFlow {
  hasRoomFor(records: number, bytes: number): boolean
  readonly isPaused: boolean
  takeMany(many: TakenMany): void
  dropLane(lane: string): void
}

export interface BodyDelivery {
  /** Used for this body only: bodies are answered in any order. */
  readonly lane: string
  readonly read: ReadBody
  /** Of all that is kept until it is acknowledged. */
  readonly bytes: number
  /** Records that leave together. */
  readonly portion: number
  readonly isSingle: boolean
  /** The flow has dealt with all of it. */
  settle(outcome: BodyOutcome): void
}

/** Sends the records of one body into the flow, and tells what became of them. */
export function deliverBody(
  flow: BodyFlow,
  { lane, read, bytes, portion, isSingle, settle }: BodyDelivery
): void {
  const outcome = new BodyOutcome()
  flow.takeMany({
    lane,
    length: 1,
    bytes,
    *piecesOf() {
      for (const piece of read()) {
        const { accepted, rejected } = piece.split
        outcome.add(accepted.length, rejected)
        yield piece
      }
    },
    holdsNone: () => undefined,
    portion,
    isSingle,
    inTurn: false,
    acknowledge() {
      settle(outcome)
      // Not within the call, where the source is still at work with it.
      queueMicrotask(() => flow.dropLane(lane))
    }
  })
}
