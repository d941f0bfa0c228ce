import type { HeldPart, LaneHolder, PassedPart } from './held-lanes.ts'

/** How long a source waits for the flow before it acknowledges; see the help of the sources. */
export type AcknowledgeMode = 'stored' | 'finished' | 'received'

/** What a sink did with the records of a message. */
export interface Confirmed {
  readonly stored?: number
  readonly rejected?: number
  readonly duplicates?: number
}

/** How a delivery ended. Counts are of records and add up to what was opened. */
export type Settlement =
  | {
      readonly kind: 'acknowledge'
      readonly stored: number
      readonly rejected: number
      readonly duplicates: number
      readonly filtered: number
    }
  | { readonly kind: 'retry'; readonly error: { readonly code: string; readonly message: string } }
  /**
   * The flow was stopped with the message in it: neither acknowledged nor retried here; the
   * protocol delivers again.
   */
  | {
      readonly kind: 'abandon'
      readonly error: { readonly code: string; readonly message: string }
    }

export interface OpenOptions {
  readonly mode: Exclude<AcknowledgeMode, 'received'>
  /** How many records the message carries. */
  readonly records: number
  /**
   * Settles as retry when this long has passed without the flow finishing or a sink saying that it
   * is still at it.
   */
  readonly timeoutMs: number
  readonly onSettled: (settlement: Settlement) => void
  /** A node that has it waits for its service; see `Tracker.touch`. */
  readonly onTouched?: (() => void) | undefined
  /**
   * What sinks that can write into a transaction of the source write into; see
   * `Tracker.transactionOf`.
   */
  readonly transaction?: object | undefined
  /** What the source took, the same for each attempt; see `Tracker.takenOf`. */
  readonly taken?: object | undefined
  /** See `Tracker.settledBefore`. */
  readonly settledBefore?: Position | undefined
}

/** A place in what a source takes in order. */
export interface Position {
  /** For Kafka `topic/partition`. */
  readonly lane: string
  /** For Kafka the offset. */
  readonly at: string
}

/** What of a source is in the flow, for those who must know whether what comes next can come. */
export interface Backlog {
  /** Nothing can come to it now: it is not connected, or not a member of its group. */
  readonly isAway: boolean
  /** It may send no more until something of it has come to its end. */
  readonly isBlocked: boolean
  /** How long the oldest is there. */
  readonly oldestMs: number
  /** For how long nothing of it has come to its end. */
  readonly stalledMs: number
}

/** A source, as far as it makes way for a deployment. */
export interface PausableSource {
  /** Sends nothing more into the flow that it has not sent before, until it is resumed. */
  pause(): void
  resume(): void
  /** Whether something is in flight that seems to come to an end: waiting for it is worth while. */
  readonly isMoving: boolean
  readonly backlog?: Backlog
  /** Reads again from what it has acknowledged; nothing happens once it is closed. */
  readAgain?(): void
}

/**
 * What nodes need of the tracker. Everything takes the message as the node received it (or any copy
 * of it).
 */
export interface Tracker {
  /** Puts a token on the message; the source must then send it and call `sent`, all in one tick. */
  open(message: object, nodeId: string, options: OpenOptions): Delivery
  /**
   * A sink has made the records durable (rejected: has stored them as dead letters). Call before
   * `done()`.
   */
  confirm(message: object, confirmed: Confirmed): void
  /**
   * The transaction of the source that this message belongs to; undefined if there is none.
   * @throws MillraceError TRANSACTION_MIXED for a message that was made of several, as by a join
   */
  transactionOf(message: object): object | undefined
  /**
   * Whether the message belongs to a delivery that is not settled: its source waits for it, and
   * sends no more than it may.
   */
  isFollowed(message: object): boolean
  /** Fails the delivery by hand, whatever the flow does. */
  fail(message: object, error: { code: string; message: string }): void
  /**
   * A sink that waits for its service says so, so that the delivery does not time out meanwhile.
   */
  touch(message: object): void
  /**
   * All deliveries that the message belongs to were given up: their sources send it again, if they
   * have not yet.
   */
  isGivenUp(message: object): boolean
  /** One of its deliveries was given up, of a message that may be made of several. */
  isPartlyGivenUp(message: object): boolean
  /** This attempt of the delivery, another object at each; undefined where nobody waits for it. */
  attemptOf(message: object): object | undefined
  /** The id of the source node; undefined for a message that was made of those of several. */
  sourceOf(message: object): string | undefined
  /**
   * What the source took to make this message: the same object at each attempt. Undefined where it
   * does not say, and for a message that was made of several.
   */
  takenOf(message: object): object | undefined
  /**
   * Everything that came before this position of its lane was settled when the message was sent.
   * Undefined where the source does not say, and for a message that was made of several.
   */
  settledBefore(message: object): Position | undefined
  /**
   * Calls back once all deliveries of the message are settled, whether each of them was
   * acknowledged: then nothing of it comes again. At once where nobody waits for it.
   */
  whenSettled(message: object, callback: (acknowledged: boolean) => void): void
  /** Of the source node of this id; undefined where it is none, or does not say. */
  backlogOf(source: string): Backlog | undefined
  /**
   * A source has lost what it took of this lane, to another member of its group or with its
   * connection: nothing of it will be acknowledged.
   */
  laneDropped(source: string, lane: string): void
  /** Calls back for each lane that is dropped, until the returned function is called. */
  whenLaneDropped(callback: (source: string, lane: string) => void): () => void
  /** A source has acknowledged what it took: it does not come again. See `takenOf`. */
  ended(taken: object): void
  /** Calls back for each thing that has ended, until the returned function is called. */
  whenEnded(callback: (taken: object) => void): () => void
  /** A source has these lanes now, and no others: something of them may come. */
  lanesAssigned(source: string, lanes: readonly string[]): void
  /**
   * Calls back with the lanes of each source whose wires lead to this node, whenever they change;
   * with those that it has already when flows are started. Until the returned function is called.
   */
  whenLanesAssigned(
    nodeId: string,
    callback: (source: string, lanes: readonly string[]) => void
  ): () => void
  /**
   * A sink takes part in what is acknowledged of lanes: it is told of each part that the flow has
   * dealt with, and may hold it back. Until the returned function is called.
   */
  holdLanes(holder: LaneHolder): () => void
  /** A source would acknowledge a part of a lane now: it does so when it is let go. */
  lanePassed(part: PassedPart, held: HeldPart): void
  /**
   * Gives what makes the source node that has this id now read again from what it has acknowledged.
   * Whoever takes its place later has nothing to read again, and is left alone.
   */
  readAgainOf(source: string): () => void
  /** Deliveries not settled yet. */
  readonly openCount: number
  /**
   * Says that this node is a source, from its constructor on: the tracker listens to the flows
   * until the returned function is called. Before flows are stopped it is told to pause, and has
   * some seconds to come to an end with what is in flight.
   */
  register(node: object, source?: PausableSource): () => void
  /**
   * Flows are being stopped or started: what is sent now may find nobody, and is settled as
   * abandon.
   */
  readonly deploying: boolean
  /**
   * Calls back once no deployment is under way: at the end of this turn, or when flows have
   * started.
   */
  afterDeployment(callback: () => void): void
}

export interface Delivery {
  /** The source has sent the message. */
  sent(): void
  /** Settles as abandon if not settled: the source closes. */
  abandon(): void
}
