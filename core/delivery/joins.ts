import { flightOf, type NodeState } from './flight.ts'
import type { SendEvent } from './node-red.ts'
import {
  carry,
  eachOpen,
  includes,
  Lineage,
  type OpenDelivery,
  type Token,
  tokenOf
} from './token.ts'

/** Where the token of a send event stands between `onSend` and `preDeliver`. */
export const COUNTED = Symbol('millrace.counted')
export type CountedEvent = SendEvent & { [COUNTED]?: Token | undefined }

/**
 * Finds what went into what within one turn: a node that completes several messages and sends one,
 * such as a join, sends it for all of them.
 */
export class Joins {
  /** Nodes that have sent, or completed without sending, in this turn. */
  #turn: NodeState[] = []
  readonly #afterTurn = () => this.#endOfTurn()

  /** What is completed later in this turn, and not sent itself, goes into this send. */
  noteSend(state: NodeState, event: SendEvent): void {
    if (state.sends.push(event) + state.unsent.length === 1) this.#noteTurn(state)
  }

  /** Completed, and nothing sent for it: it may go into what the node sends later in this turn. */
  noteUnsent(state: NodeState, token: Token): void {
    if (state.unsent.push(token) + state.sends.length === 1) this.#noteTurn(state)
  }

  /** These went into what was sent, unless one of the sends is of theirs anyway. */
  join(tokens: readonly Token[], sends: readonly SendEvent[]): void {
    for (const token of tokens) eachOpen(token, delivery => this.#joinSends(delivery, sends))
  }

  #noteTurn(state: NodeState): void {
    if (this.#turn.push(state) === 1) queueMicrotask(this.#afterTurn)
  }

  #endOfTurn(): void {
    for (const state of this.#turn) state.sends.length = state.unsent.length = 0
    this.#turn.length = 0
  }

  #joinSends(delivery: OpenDelivery, sends: readonly SendEvent[]): void {
    for (const event of sends) {
      if (includes((event as CountedEvent)[COUNTED] ?? tokenOf(event.msg), delivery)) return
    }
    for (const event of sends) this.#joinSend(delivery, event)
  }

  #joinSend(delivery: OpenDelivery, event: CountedEvent): void {
    const counted = event[COUNTED]
    const flight =
      counted === undefined && event.destination.node !== undefined
        ? flightOf(event.destination.node, event.msg)
        : null
    const token = counted ?? flight?.token
    if (token === undefined) return
    const grown = grow(token, delivery, event)
    carry(event.msg, grown)
    if (flight !== null) {
      flight.token = grown
      delivery.pending += flight.copies
    } else {
      event[COUNTED] = grown
      delivery.pending++
    }
  }
}

/**
 * A lineage made for this very send has no other copies yet and may grow in place: a join of n
 * messages is not n² copies.
 */
function grow(token: Token, delivery: OpenDelivery, madeFor: SendEvent): Lineage {
  if (!(token instanceof Lineage)) return new Lineage([token, delivery], madeFor)
  if (token.madeFor !== madeFor) return new Lineage([...token.deliveries, delivery], madeFor)
  token.deliveries.push(delivery)
  return token
}
