import {
  flightOf,
  heldBy,
  heldFlight,
  hold,
  isDeaf,
  isLegacy,
  land,
  launch,
  type NodeState,
  stateOf
} from './flight.ts'
import { COUNTED, type CountedEvent, Joins } from './joins.ts'
import type {
  CompleteEvent,
  FlowHooks,
  FlowMessage,
  FlowNode,
  ReceiveEvent,
  SendEvent
} from './node-red.ts'
import type { OpenDeliveries } from './open-deliveries.ts'
import {
  carry,
  eachOpen,
  type Flight,
  type OpenDelivery,
  type Token,
  tokenFor,
  tokenOf
} from './token.ts'

/**
 * A message that a legacy node did not answer, or that a node reported as failed without completing
 * it, is done after this.
 */
const SILENCE_GRACE_MS = 150

/** Legacy nodes that send before their handler returns, or not at all: no grace needed. */
const answersAtOnce = (type: string) =>
  type === 'rbe' || type === 'subflow-status' || type.startsWith('subflow:')

/**
 * Follows messages through the flow by what Node-RED's messaging hooks tell, and counts
 * their copies.
 */
export class Follower implements FlowHooks {
  /**
   * Flows are being stopped or started: nodes drop what they hold and call it done, and what is
   * sent may find nobody. Nothing that merely completes now counts as dealt with.
   */
  unsettled = false
  /**
   * A node has handled a message when `send` returns; else it is given the message in a later turn.
   */
  deliversAtOnce = false
  #silent = new Set<Flight>()
  #handled: Flight[] = []
  readonly #joins = new Joins()
  #failing: { node: FlowNode; message: object } | null = null
  readonly #afterHandlers = () => this.#endOfHandlers()

  constructor(
    private readonly deliveries: OpenDeliveries,
    /** The node of this id that runs now. */
    private readonly activeNode: (id: string) => unknown,
    private readonly graceClock: () => number
  ) {}

  /** A grace is running. */
  get awaitsSilence(): boolean {
    return this.#silent.size > 0
  }

  /** Counts a copy for every destination before anything else can happen to it. */
  readonly onSend = (events: readonly SendEvent[]): void => {
    if (this.deliveries.opening !== null) this.deliveries.opening.routed = true
    if (this.deliveries.openCount === 0) return
    for (const event of events) {
      const source = event.source.node
      const token = this.#countSend(event, source)
      if (token === undefined) continue
      // A missing or disabled destination: Node-RED drops the message without another hook.
      if (!source._flow?.getNode(event.destination.id)) {
        if (this.unsettled)
          this.deliveries.taint(
            token,
            'The flow was being deployed: a node that the message was sent to was not there.'
          )
        this.deliveries.remove(token)
        continue
      }
      ;(event as CountedEvent)[COUNTED] = token
      const state = stateOf(source)
      if (state === undefined) continue
      this.#joins.join(state.unsent, [event])
      if (state.held > 1 && !isLegacy(source)) this.#noteSend(source, state, event)
    }
  }

  /** Now the message has been cloned if it had to be: binds the copy to its node. */
  readonly preDeliver = (event: SendEvent): void => {
    if (this.deliveries.openCount === 0) return
    const token = (event as CountedEvent)[COUNTED]
    if (token === undefined) return
    ;(event as CountedEvent)[COUNTED] = undefined
    if (tokenOf(event.msg) !== token) carry(event.msg, token)
    launch(event.destination.node!, event.msg, token)
    const source = event.source.node
    // One send is one answer, however many wires it takes: its clones belong to no other message of
    // the same delivery that the node holds.
    if (isLegacy(source) && heldBy(source) > 0 && !event.cloneMessage)
      this.#answered(source, event.msg, token)
  }

  readonly onReceive = ({ msg, destination: { node } }: ReceiveEvent): void => {
    if (this.deliveries.openCount === 0) return
    let flight = flightOf(node, msg)
    if (flight === null || flight.received >= flight.copies) {
      // Not sent through a wire: Catch, Complete and link nodes are given messages directly.
      const token = tokenOf(msg)
      if (token === undefined || !this.deliveries.add(token)) return
      flight = launch(node, msg, token)
      const failed = msg.error?.source?.id
      if (node.type === 'catch' && failed !== undefined) this.deliveries.caught(token, failed)
    }
    flight.received++
    hold(node)
    if ((isLegacy(node) || isDeaf(node)) && this.#handled.push(flight) === 1)
      queueMicrotask(this.#afterHandlers)
  }

  readonly onComplete = ({ msg, error, node: { node } }: CompleteEvent): void => {
    if (heldBy(node) === 0) return
    const flight = flightOf(node, msg)
    if (flight === null || flight.received === 0) return
    if (error) {
      this.#failing = { node, message: msg }
      this.deliveries.failed(flight.token, node.id, error)
    }
    if (this.unsettled && !flight.confirmed)
      this.deliveries.taint(
        flight.token,
        'A node completed the message while flows were deployed or stopped.'
      )
    // What is stored went into nothing else: a sink that ends a batch of messages in one turn, and
    // sends what it rejects of one of them, does not send that for all.
    if (!flight.confirmed) this.#goesInto(stateOf(node)!, flight.token, Boolean(error))
    this.#finish(flight)
  }

  #goesInto(state: NodeState, token: Token, hasFailed: boolean): void {
    if (state.sends.length > 0) this.#joins.join([token], state.sends)
    else if (!hasFailed && (state.held > 1 || state.unsent.length > 0))
      this.#joins.noteUnsent(state, token)
  }

  /**
   * A node reports an error with a message, by `node.error` or by throwing: it may never complete
   * it.
   */
  reported(node: FlowNode, reason: unknown, message: object): void {
    const failing = this.#failing
    this.#failing = null
    // Node.done(error) calls node.error too; onComplete has seen to it.
    if (failing !== null && failing.node === node && failing.message === message) return
    const token = tokenOf(message)
    if (token === undefined) return
    this.deliveries.failed(token, node.id, reason)
    let flight = flightOf(node, message as FlowMessage)
    if (flight === null || flight.received === 0) flight = heldFlight(node, token, false)
    const silent = flight
    // Not before the node had the chance to call done() itself.
    if (silent !== null) queueMicrotask(() => this.#awaitSilence(silent))
  }

  sweep(graceMs: number): void {
    for (const flight of this.#silent) {
      if (flight.copies === 0) this.#silent.delete(flight)
      else if (flight.doneAtMs <= graceMs) this.#finish(flight)
    }
  }

  /** Nodes have been stopped: what they held is gone. */
  nodesStopped(): void {
    const lost: Flight[] = []
    for (let delivery = this.deliveries.first; delivery !== null; delivery = delivery.next) {
      for (let flight = delivery.flights; flight !== null; flight = flight.next)
        if (this.#isStopped(flight.node)) lost.push(flight)
    }
    for (const flight of lost) {
      this.deliveries.taint(
        flight.token,
        `The node ${flight.node.type} was stopped with the message in it.`
      )
      while (flight.copies > 0) this.#finish(flight)
    }
  }

  #countSend(event: SendEvent, source: FlowNode): Token | undefined {
    const carried = tokenOf(event.msg)
    if (carried !== undefined && this.deliveries.add(carried, event.msg)) return carried
    // No token, or one of a message settled long ago: built anew by the node, or kept by it from
    // before.
    const inherited = this.#inherit(event.msg, source)
    if (inherited === undefined || !this.deliveries.add(inherited, event.msg)) return undefined
    carry(event.msg, inherited)
    return inherited
  }

  #inherit(message: FlowMessage, source: FlowNode): Token | undefined {
    const id = message._msgid
    const delivery = this.deliveries.byMsgid(id)
    if (delivery !== undefined) {
      const flight = heldFlight(source, delivery, false)
      if (flight !== null) return flight.token
    }
    const state = stateOf(source)
    if (state === undefined) return delivery
    const all = new Set<OpenDelivery>()
    for (const unsent of state.unsent) eachOpen(unsent, open => all.add(open))
    if (state.held === 0) return delivery ?? tokenFor(all)
    for (const flight of this.#heldAt(source)) {
      if (id !== undefined && flight.message?._msgid === id) return flight.token
      eachOpen(flight.token, open => all.add(open))
    }
    return delivery ?? tokenFor(all)
  }

  *#heldAt(node: FlowNode): Generator<Flight> {
    for (let delivery = this.deliveries.first; delivery !== null; delivery = delivery.next) {
      for (let flight = delivery.flights; flight !== null; flight = flight.next) {
        if (flight.node === node && flight.received > 0) yield flight
      }
    }
  }

  #noteSend(source: FlowNode, state: NodeState, event: SendEvent): void {
    // The message will be gone before the node completes what went into it: all that it holds may
    // have.
    if (this.deliversAtOnce)
      for (const flight of this.#heldAt(source)) this.#joins.join([flight.token], [event])
    this.#joins.noteSend(state, event)
  }

  /** A legacy node is done with a message when it has sent something for it. */
  #answered(source: FlowNode, message: FlowMessage, token: Token): void {
    let flight = flightOf(source, message)
    if (flight === null || flight.received === 0) flight = heldFlight(source, token, true)
    if (flight === null) return
    flight.answered = true
    if (flight.doneAtMs > 0) this.#finish(flight)
  }

  /** The synchronous part of the handlers of legacy and closed nodes has run. */
  #endOfHandlers(): void {
    const handled = this.#handled
    this.#handled = []
    for (const flight of handled) {
      if (flight.copies === 0) continue
      const { node } = flight
      if (isDeaf(node)) {
        if (!isLegacy(node) || this.#isStopped(node))
          this.deliveries.taint(flight.token, `The node ${node.type} had been stopped.`)
        this.#finish(flight)
      } else if (flight.answered || answersAtOnce(node.type)) this.#finish(flight)
      else this.#awaitSilence(flight)
    }
  }

  #awaitSilence(flight: Flight): void {
    if (flight.copies === 0 || flight.doneAtMs > 0) return
    flight.doneAtMs = this.graceClock() + SILENCE_GRACE_MS
    this.#silent.add(flight)
  }

  #finish(flight: Flight): void {
    const { token } = flight
    flight.copies--
    flight.answered = false
    if (flight.doneAtMs > 0) {
      flight.doneAtMs = 0
      this.#silent.delete(flight)
    }
    if (flight.received > 0) {
      flight.received--
      stateOf(flight.node)!.held--
    }
    if (flight.copies === 0) land(flight)
    this.deliveries.remove(token)
  }

  #isStopped(node: FlowNode): boolean {
    return this.activeNode(node.id) !== node
  }
}
