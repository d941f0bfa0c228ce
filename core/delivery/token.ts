import type { FlowMessage, FlowNode } from './node-red.ts'
import type { Delivery, OpenOptions } from './types.ts'

/**
 * Where a message carries its token. A symbol survives Node-RED's cloning, and lodash.clonedeep
 * passes a nested object of an unknown `Symbol.toStringTag` by reference: all copies of a message
 * carry the same token, and it costs no copying.
 */
export const TOKEN = Symbol.for('millrace.delivery')

export interface FlowError {
  readonly code: string
  readonly message: string
}

export interface DeliveryOwner {
  sent(delivery: OpenDelivery): void
  abandon(delivery: OpenDelivery): void
}

/**
 * One message object at one node: on its way, or being worked on. Flights hang on the message and
 * on their delivery as linked lists, not in maps by node: that is what keeps tracking within a few
 * hundred nanoseconds a hop.
 */
export class Flight {
  /** How often the node was or will be given this same object. */
  copies = 1
  /** How many of these it has received and not completed. */
  received = 0
  /** A legacy node has sent something for it. */
  answered = false
  /** When a message that nobody will complete counts as done; 0 if it is not in question. */
  doneAtMs = 0
  /** The node has confirmed it: what it did is durable, even if the flow is stopped. */
  confirmed = false
  /** The same message object at another node. */
  sibling: Flight | null = null
  previous: Flight | null = null
  next: Flight | null = null

  constructor(
    public token: Token,
    readonly node: FlowNode,
    public message: FlowMessage | null
  ) {}
  get [Symbol.toStringTag](): string {
    return 'MillraceFlight'
  }
  toJSON(): undefined {
    return undefined
  }
}

/** A message of a source that has not been settled, with everything known of it. */
export class OpenDelivery implements Delivery {
  /** Copies in flight, and one more until the source has sent. */
  pending = 1
  settled = false
  /** It is settled, and was not acknowledged. */
  givenUp = false
  /** Node-RED has routed what the source sent. */
  routed = false
  /** It stands in the queue of those to be settled at the end of this turn. */
  queued = false
  confirmations = 0
  stored = 0
  rejected = 0
  duplicates = 0
  /** Errors that no Catch has taken yet, by the id of the node that failed. */
  errors: Map<string, FlowError> | null = null
  /** Why nothing that happened to it counts any more. */
  taint: FlowError | null = null
  /** When it was opened or last touched. */
  sinceMs: number
  /** When it may be acknowledged without confirmation; 0 while that is not in question. */
  graceUntilMs = 0
  /** Further message ids its copies have taken on. */
  aliases: string[] | null = null
  previous: OpenDelivery | null = null
  next: OpenDelivery | null = null
  /** Told when it is settled. */
  watchers: ((acknowledged: boolean) => void)[] | null = null
  /** Head of the list of its copies. */
  flights: Flight | null = null

  constructor(
    readonly owner: DeliveryOwner,
    readonly msgid: string,
    readonly nodeId: string,
    readonly options: OpenOptions,
    nowMs: number
  ) {
    this.sinceMs = nowMs
  }
  get [Symbol.toStringTag](): string {
    return 'MillraceDelivery'
  }
  toJSON(): undefined {
    return undefined
  }
  sent(): void {
    this.owner.sent(this)
  }
  abandon(): void {
    this.owner.abandon(this)
  }
}

/**
 * The token of a message made from several deliveries, by a join or a batch. The first one lists
 * its copies.
 */
export class Lineage {
  constructor(
    readonly deliveries: OpenDelivery[],
    /** The one send this lineage was made for: only then may it still grow. */
    readonly madeFor: object | null = null
  ) {}
  get [Symbol.toStringTag](): string {
    return 'MillraceLineage'
  }
  toJSON(): undefined {
    return undefined
  }
}

export type Token = OpenDelivery | Lineage

export function tokenOf(message: object): Token | undefined {
  const token = (message as FlowMessage)[TOKEN]
  return token instanceof OpenDelivery || token instanceof Lineage ? token : undefined
}

export function carry(message: object, token: Token): void {
  ;(message as FlowMessage)[TOKEN] = token
}

/** The delivery that lists the copies of this token. */
export const primaryOf = (token: Token): OpenDelivery =>
  token instanceof OpenDelivery ? token : token.deliveries[0]!

export const includes = (token: Token | undefined, delivery: OpenDelivery): boolean =>
  token === delivery || (token instanceof Lineage && token.deliveries.includes(delivery))

export function eachOpen(token: Token | undefined, act: (delivery: OpenDelivery) => void): void {
  if (token instanceof OpenDelivery) {
    if (!token.settled) act(token)
  } else if (token !== undefined) {
    for (const delivery of token.deliveries) if (!delivery.settled) act(delivery)
  }
}

export function isOpen(token: Token | undefined): boolean {
  if (token instanceof OpenDelivery) return !token.settled
  return token?.deliveries.some(delivery => !delivery.settled) ?? false
}

export function tokenFor(deliveries: ReadonlySet<OpenDelivery>): Token | undefined {
  const all = [...deliveries]
  return all.length > 1 ? new Lineage(all) : all[0]
}
