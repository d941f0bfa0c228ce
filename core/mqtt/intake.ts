import type { DeferredAcks, Received } from './deferred-ack.ts'
import type { TakenSoFar } from './stale-subscriptions.ts'

/** Takes the messages of a session over. */
export interface Intake extends TakenSoFar {
  /** Takes a message; false if there is no room. */
  offer(packet: Received, acks: DeferredAcks): boolean
  /** What this connection brought and is not acknowledged. */
  openOf(acks: DeferredAcks): Iterable<Received>
  /** Acknowledges at once what it would acknowledge soon: the connection ends. */
  acknowledge?(): void
}
