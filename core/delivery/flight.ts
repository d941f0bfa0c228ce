import type { FlowMessage, FlowNode, SendEvent } from './node-red.ts'
import { Flight, primaryOf, type Token } from './token.ts'

const FLIGHT = Symbol('millrace.flight')
const STATE = Symbol('millrace.state')

/** What the tracker notes on a node. */
export interface NodeState {
  /** Messages received and not completed. */
  held: number
  /** What it sent in this turn of the event loop, while it held more than one message. */
  readonly sends: SendEvent[]
  /** What it completed in this turn without having sent anything for it. */
  readonly unsent: Token[]
}

const firstOf = (message: FlowMessage) => (message as { [FLIGHT]?: Flight | undefined })[FLIGHT]

const keep = (message: FlowMessage, flight: Flight | undefined) => {
  ;(message as { [FLIGHT]?: Flight | undefined })[FLIGHT] = flight
}

export function flightOf(node: FlowNode, message: FlowMessage): Flight | null {
  let flight = firstOf(message) ?? null
  while (flight !== null && (flight.node !== node || flight.message !== message))
    flight = flight.sibling
  return flight
}

/** Marks what a node did with this message as durable. */
export function markConfirmed(message: FlowMessage): void {
  for (let flight = firstOf(message) ?? null; flight !== null; flight = flight.sibling) {
    if (flight.message === message) flight.confirmed = true
  }
}

export function launch(node: FlowNode, message: FlowMessage, token: Token): Flight {
  const known = flightOf(node, message)
  if (known !== null) {
    known.copies++
    return known
  }
  const flight = new Flight(token, node, message)
  const head = firstOf(message)
  // A clone carries the head of the message it was cloned from: those flights are not its own.
  flight.sibling = head?.message === message ? head : null
  keep(message, flight)
  const delivery = primaryOf(token)
  flight.next = delivery.flights
  if (delivery.flights !== null) delivery.flights.previous = flight
  delivery.flights = flight
  return flight
}

/** Takes a flight whose copies are all done off the message and the delivery. */
export function land(flight: Flight): void {
  const message = flight.message!
  const first = firstOf(message)
  if (first === flight) keep(message, flight.sibling ?? undefined)
  else
    for (let other = first ?? null; other !== null; other = other.sibling)
      if (other.sibling === flight) other.sibling = flight.sibling
  if (flight.previous !== null) flight.previous.next = flight.next
  else primaryOf(flight.token).flights = flight.next
  if (flight.next !== null) flight.next.previous = flight.previous
  flight.previous = flight.next = flight.sibling = null
  flight.message = null
}

export const stateOf = (node: FlowNode): NodeState | undefined =>
  (node as { [STATE]?: NodeState })[STATE]

export function hold(node: FlowNode): void {
  const state = stateOf(node)
  if (state !== undefined) state.held++
  // Not enumerable: debug output and nodes that copy themselves must not see it.
  else
    Object.defineProperty(node, STATE, {
      value: { held: 1, sends: [], unsent: [] } satisfies NodeState
    })
}

export const heldBy = (node: FlowNode): number => stateOf(node)?.held ?? 0

/**
 * The flight of this delivery at a node that has received it; with `token`, only one of that very
 * lineage.
 */
export function heldFlight(node: FlowNode, token: Token, exact: boolean): Flight | null {
  for (let flight = primaryOf(token).flights; flight !== null; flight = flight.next) {
    if (flight.node === node && flight.received > 0 && (!exact || flight.token === token))
      return flight
  }
  return null
}

export const isLegacy = (node: FlowNode): boolean => node._expectedDoneCount === 0
export const isDeaf = (node: FlowNode): boolean => !node._inputCallback && !node._inputCallbacks
