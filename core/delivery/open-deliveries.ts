import { anyText, MillraceError } from '../errors.ts'
import { PassingMap, PassingSet } from '../passing-map.ts'
import { allot, outcome } from './counts.ts'
import { markConfirmed } from './flight.ts'
import type { FlowMessage } from './node-red.ts'
import {
  carry,
  type DeliveryOwner,
  eachOpen,
  type FlowError,
  OpenDelivery,
  type Token,
  tokenOf
} from './token.ts'
import type { Confirmed, OpenOptions, Settlement } from './types.ts'

/**
 * After this, nothing more is expected of a message that no sink has confirmed: some nodes call
 * done() before they send.
 */
const UNCONFIRMED_GRACE_MS = 250
const TIMEOUT_CHECK_MS = 100

/** Key of an error that no Catch can take: a node failed the delivery by hand. */
const BY_HAND = ''

/** The open deliveries: counts their copies, and settles each when none is in flight. */
export class OpenDeliveries implements DeliveryOwner {
  openCount = 0
  first: OpenDelivery | null = null
  /** The delivery that is being sent right now: `open` and `sent` are called in one turn. */
  opening: OpenDelivery | null = null
  #last: OpenDelivery | null = null
  #byMsgid = new PassingMap<string, OpenDelivery>()
  #idle: OpenDelivery[] = []
  #unconfirmed = new PassingSet<OpenDelivery>()
  #checkedMs = 0
  readonly #settleIdle = () => this.#settleAll()

  constructor(
    private readonly now: () => number,
    /**
     * The clock of the graces, which stands still while the process is too busy to run anything.
     */
    private readonly graceClock: () => number,
    /** Whether this node has wires, so that Node-RED routes what it sends. */
    private readonly isWired: (nodeId: string) => boolean
  ) {}

  /** A grace is running. */
  get awaitsMore(): boolean {
    return this.#unconfirmed.size > 0
  }

  open(message: FlowMessage, msgid: string, nodeId: string, options: OpenOptions): OpenDelivery {
    const delivery = new OpenDelivery(this, msgid, nodeId, options, this.now())
    delivery.previous = this.#last
    if (this.#last !== null) this.#last.next = delivery
    else this.first = delivery
    this.#last = delivery
    this.openCount++
    this.#byMsgid.set(msgid, delivery)
    carry(message, delivery)
    this.opening = delivery
    return delivery
  }

  sent(delivery: OpenDelivery): void {
    if (this.opening === delivery) this.opening = null
    // Sent through wires, yet Node-RED told nobody: we cannot know where it is, so it may only time
    // out.
    if (delivery.routed || !this.isWired(delivery.nodeId)) this.release(delivery)
  }

  abandon(delivery: OpenDelivery): void {
    this.#settle(delivery, {
      kind: 'abandon',
      error: { code: 'CLOSED', message: 'The source was stopped before the flow had finished.' }
    })
  }

  byMsgid(id: string | undefined): OpenDelivery | undefined {
    return id === undefined ? undefined : this.#byMsgid.get(id)
  }

  /**
   * Counts one more copy. False if everything the token stands for is settled: nobody waits for
   * this message.
   */
  add(token: Token, message?: FlowMessage): boolean {
    if (!(token instanceof OpenDelivery)) {
      let open = false
      for (const delivery of token.deliveries) {
        if (delivery.settled) continue
        delivery.pending++
        open = true
      }
      return open
    }
    if (token.settled) return false
    token.pending++
    const id = message?._msgid
    // split deletes the id, so its parts go under new ones; nodes behind it may know nothing but
    // these.
    if (id !== undefined && id !== token.msgid && !this.#byMsgid.has(id)) {
      this.#byMsgid.set(id, token)
      token.aliases ??= []
      token.aliases.push(id)
    }
    return true
  }

  remove(token: Token): void {
    if (token instanceof OpenDelivery) this.release(token)
    else for (const delivery of token.deliveries) this.release(delivery)
  }

  release(delivery: OpenDelivery): void {
    if (!delivery.settled && --delivery.pending === 0) this.#enqueue(delivery)
  }

  failed(token: Token, nodeId: string, reason: unknown): void {
    const error = asFlowError(reason)
    eachOpen(token, delivery => {
      delivery.errors ??= new Map()
      delivery.errors.set(nodeId, error)
    })
  }

  /** A Catch node has the error of this node. */
  caught(token: Token, nodeId: string): void {
    eachOpen(token, delivery => delivery.errors?.delete(nodeId))
  }

  taint(token: Token, message: string): void {
    eachOpen(token, delivery => {
      delivery.taint ??= { code: 'CLOSED', message }
    })
  }

  confirm(message: object, confirmed: Confirmed): void {
    const token = tokenOf(message)
    if (token === undefined) return
    const open =
      token instanceof OpenDelivery
        ? [token]
        : token.deliveries.filter(delivery => !delivery.settled)
    allot(open, confirmed)
    for (const delivery of open) {
      delivery.confirmations++
      if (delivery.pending === 0) this.#enqueue(delivery)
    }
    markConfirmed(message as FlowMessage)
  }

  transactionOf(message: object): object | undefined {
    const token = tokenOf(message)
    const all =
      token === undefined ? [] : token instanceof OpenDelivery ? [token] : token.deliveries
    const open = all.filter(delivery => !delivery.settled)
    // What comes after its delivery was given up must not be taken for something that never had a
    // transaction.
    const transactions = new Set(
      (open.length > 0 ? open : all).map(({ options }) => options.transaction)
    )
    if (transactions.size < 2) return transactions.values().next().value
    throw new MillraceError(
      'TRANSACTION_MIXED',
      'The message was made of messages of several Kafka transactions, as by a join node: no one transaction can hold it.'
    )
  }

  failByHand(message: object, error: FlowError): void {
    const token = tokenOf(message)
    if (token === undefined) return
    this.failed(token, BY_HAND, error)
    eachOpen(token, delivery => {
      if (delivery.pending === 0) this.#enqueue(delivery)
    })
  }

  touch(message: object): void {
    const nowMs = this.now()
    eachOpen(tokenOf(message), delivery => {
      delivery.sinceMs = nowMs
      delivery.options.onTouched?.()
    })
  }

  isGivenUp(message: object): boolean {
    const token = tokenOf(message)
    if (token === undefined) return false
    return token instanceof OpenDelivery
      ? token.givenUp
      : token.deliveries.every(({ givenUp }) => givenUp)
  }

  isPartlyGivenUp(message: object): boolean {
    const token = tokenOf(message)
    if (token === undefined) return false
    return token instanceof OpenDelivery
      ? token.givenUp
      : token.deliveries.some(({ givenUp }) => givenUp)
  }

  /** The delivery of a message that belongs to one. */
  deliveryOf(message: object): OpenDelivery | undefined {
    const token = tokenOf(message)
    return token instanceof OpenDelivery ? token : undefined
  }

  /** The node that all deliveries of a message are of. */
  sourceOf(message: object): string | undefined {
    const token = tokenOf(message)
    if (token === undefined || token instanceof OpenDelivery) return token?.nodeId
    const [first, ...others] = token.deliveries
    return others.every(({ nodeId }) => nodeId === first?.nodeId) ? first?.nodeId : undefined
  }

  whenSettled(message: object, callback: (acknowledged: boolean) => void): void {
    const token = tokenOf(message)
    const all =
      token === undefined ? [] : token instanceof OpenDelivery ? [token] : token.deliveries
    const open = all.filter(({ settled }) => !settled)
    let acknowledged = all.every(({ givenUp }) => !givenUp)
    let left = open.length
    if (left === 0) callback(acknowledged)
    for (const delivery of open) {
      delivery.watchers ??= []
      delivery.watchers.push(isAcknowledged => {
        acknowledged &&= isAcknowledged
        if (--left === 0) callback(acknowledged)
      })
    }
  }

  sweep(nowMs: number, graceMs: number): void {
    for (const delivery of this.#unconfirmed) {
      if (delivery.settled || delivery.pending > 0 || delivery.confirmations > 0)
        this.#unconfirmed.delete(delivery)
      else if (delivery.graceUntilMs <= graceMs) this.#settle(delivery, outcome(delivery))
    }
    if (nowMs - this.#checkedMs < TIMEOUT_CHECK_MS) return
    this.#checkedMs = nowMs
    let next: OpenDelivery | null
    for (let delivery = this.first; delivery !== null; delivery = next) {
      next = delivery.next
      if (nowMs - delivery.sinceMs >= delivery.options.timeoutMs)
        this.#settle(delivery, timedOut(delivery))
    }
  }

  /** At the end of this turn: a Catch node may still take the error, a sync node may still send. */
  #enqueue(delivery: OpenDelivery): void {
    if (delivery.queued || delivery.settled) return
    delivery.queued = true
    if (this.#idle.push(delivery) === 1) setImmediate(this.#settleIdle)
  }

  #settleAll(): void {
    const idle = this.#idle
    this.#idle = []
    for (const delivery of idle) {
      delivery.queued = false
      if (!delivery.settled && delivery.pending === 0) this.#decide(delivery)
    }
  }

  #decide(delivery: OpenDelivery): void {
    const settlement = verdict(delivery)
    if (settlement !== undefined) this.#settle(delivery, settlement)
    else if (delivery.options.mode === 'finished') {
      delivery.graceUntilMs = this.graceClock() + UNCONFIRMED_GRACE_MS
      this.#unconfirmed.add(delivery)
    }
  }

  #settle(delivery: OpenDelivery, settlement: Settlement): void {
    if (delivery.settled) return
    delivery.settled = true
    delivery.givenUp = settlement.kind !== 'acknowledge'
    this.openCount--
    if (delivery.previous !== null) delivery.previous.next = delivery.next
    else this.first = delivery.next
    if (delivery.next !== null) delivery.next.previous = delivery.previous
    else this.#last = delivery.previous
    delivery.previous = delivery.next = null
    if (this.opening === delivery) this.opening = null
    this.#forget(delivery, delivery.msgid)
    if (delivery.aliases !== null) for (const id of delivery.aliases) this.#forget(delivery, id)
    delivery.aliases = null
    this.#unconfirmed.delete(delivery)
    if (delivery.watchers !== null)
      for (const watcher of delivery.watchers) watcher(!delivery.givenUp)
    delivery.watchers = null
    delivery.options.onSettled(settlement)
  }

  #forget(delivery: OpenDelivery, id: string): void {
    if (this.#byMsgid.get(id) === delivery) this.#byMsgid.delete(id)
  }
}

/** How a delivery ends of which nothing is in flight; undefined if nobody has confirmed it. */
function verdict(delivery: OpenDelivery): Settlement | undefined {
  const [error] = delivery.errors?.values() ?? []
  if (delivery.taint !== null) return { kind: 'abandon', error: delivery.taint }
  if (error !== undefined) return { kind: 'retry', error }
  return delivery.confirmations > 0 ? outcome(delivery) : undefined
}

function timedOut(delivery: OpenDelivery): Settlement {
  const seconds = delivery.options.timeoutMs / 1000
  const message =
    delivery.pending === 0
      ? `Every node had finished the message, but no sink confirmed it within ${seconds} s.`
      : `The flow did not finish the message within ${seconds} s.`
  return { kind: 'retry', error: { code: 'DELIVERY_TIMEOUT', message } }
}

function asFlowError(reason: unknown): FlowError {
  const { code, message } = (typeof reason === 'object' && reason !== null ? reason : {}) as {
    code?: unknown
    message?: unknown
  }
  return {
    code: typeof code === 'string' && code !== '' ? code : 'DELIVERY_FAILED',
    message: typeof message === 'string' && message !== '' ? message : anyText(reason)
  }
}
