import type { Node, NodeAPI, NodeMessage } from 'node-red'
import type { BackoffOptions } from '../backoff.ts'
import type { AcknowledgeMode, Tracker } from '../delivery/types.ts'
import type { NodeMetrics } from '../node/metrics.ts'
import type { Rejection } from '../record/record.ts'

export interface SourceOptions {
  readonly RED: NodeAPI
  readonly node: Node
  readonly metrics: NodeMetrics
  readonly mode: AcknowledgeMode
  /** How many records may be unacknowledged at a time, over all lanes. */
  readonly maxInFlight: number
  /** How often a message is sent again before it goes to the dead-letter output. */
  readonly retries: number
  readonly timeoutMs: number
  /** How many outputs the node has. */
  readonly outputs: number
  /** Index of the output for what the flow failed to deal with. */
  readonly deadLetterOutput: number
  /** Whether a wire leaves this output. */
  isWired(output: number): boolean
  /** Messages have left: the source may read on if it is not `full`. */
  onCapacity(): void
  /** A sink has lost what it held back: all that is not acknowledged is to be read again. */
  onReadAgain?(): void
  /**
   * It is paused before flows are stopped: what it gathers has to leave now, and nothing more may
   * be taken until `onCapacity`.
   */
  onPause?(): void
  /** Nothing can come to it now. */
  isAway?(): boolean
  /** The protocol holds something back, though the source has room: a partition is paused. */
  isBlocked?(): boolean
  /** How long it waits before it sends again. */
  readonly backoff?: BackoffOptions
  /** For tests; else 2 s. See `DeliverySource.isMoving`. */
  readonly stillMs?: number
  /** For tests; else the tracker of the runtime. */
  readonly tracker?: Tracker
}

/** One message of the protocol, or one batch. */
export interface TakenMessage {
  /** What is acknowledged in order among itself: a Kafka partition, an MQTT connection. */
  readonly lane: string
  /** Where in the lane it begins, where that has a name: a Kafka offset. */
  readonly from?: string | undefined
  /**
   * The place behind its last one, where what a sink gathers for long may hold back its
   * acknowledgement.
   */
  readonly next?: string | undefined
  /** How many records it carries. */
  readonly records: number
  /** How much memory its payload takes, about; 0 where absent. */
  readonly bytes?: number
  /**
   * Makes the message to send, or one for each output; again for each further attempt, as nodes may
   * have changed what was sent before.
   */
  rebuild(): NodeMessage | readonly (NodeMessage | null)[]
  /** The first message, where it is at hand already. */
  readonly message?: NodeMessage
  /**
   * Gives the protocol its acknowledgement. Called once, after all earlier ones of the lane; never
   * after `dropLane` or `close`.
   */
  acknowledge(): void
  /** It is about to be acknowledged, or held back by a sink. */
  readonly dealtWith?: (() => void) | undefined
  /**
   * The flow has failed with it, or waits for a service: whatever it does to the process, it has
   * not killed it at once.
   */
  readonly survived?: (() => void) | undefined
  /**
   * The flow has failed with it as often as it may. True where the protocol takes it back, in place
   * of a dead letter: then its lane is dropped next.
   */
  readonly handBack?: ((why: string) => boolean) | undefined
  /** The output it leaves by; 0 where absent. */
  readonly output?: number
  /** Of its records, those that the source rejected itself, where it leaves by both outputs. */
  readonly rejected?: readonly Rejection[]
  /** Where what the flow does with it and its acknowledgement happen together or not at all. */
  readonly transaction?: SourceTransaction | undefined
}

/** The records of a batch by the output that they leave by. Both in order. */
export interface Split {
  readonly accepted: readonly object[]
  readonly rejected: readonly Rejection[]
}

/** Some of the records of a message; an empty piece says only that time has passed. */
export interface SplitPiece {
  readonly split: Split
  /** The same in new objects, for each further attempt. */
  again(): Split
}

/** What arrived together, to be acknowledged together. */
export interface TakenBatch
  extends Pick<TakenMessage, 'lane' | 'from' | 'next' | 'acknowledge' | 'dealtWith' | 'survived'> {
  readonly bytes: number
  /** Its records, for the first attempt. */
  readonly split: Split
  /** The same records in new objects, for each further attempt. */
  splitAgain(): Split
  /** A record leaves by itself, not in an array. */
  readonly isSingle: boolean
  /** What its messages have beside the payload. */
  readonly properties?: { readonly topic: string }
}

/**
 * What arrived together and holds any number of records, to be acknowledged together. They leave in
 * portions, as there is room in the flow, and others have their turn in between.
 */
export interface TakenMany
  extends Pick<
      TakenMessage,
      'lane' | 'from' | 'next' | 'acknowledge' | 'dealtWith' | 'survived' | 'handBack'
    >,
    Pick<TakenBatch, 'isSingle' | 'properties'> {
  /** How many messages of the protocol it is. */
  readonly length: number
  /** Of all that is kept until it is acknowledged. */
  readonly bytes: number
  /** The records of one of these, each piece read when it is asked for; gone through once. */
  piecesOf(index: number): Iterable<SplitPiece>
  /** Told once of each message that holds no record. */
  holdsNone(index: number): void
  /** At most so many records leave together. */
  readonly portion: number
  /** A portion leaves only when the one before it is done. */
  readonly inTurn: boolean
}

/**
 * One message's. Each attempt has its own beginning, and what an attempt did that was not committed
 * has not happened.
 */
export interface SourceTransaction {
  /**
   * Resolves with what sinks write into; undefined if an attempt that seemed to have failed was
   * committed after all.
   */
  begin(): Promise<object | undefined>
  /** The flow has dealt with the message. A rejection means another attempt. */
  commit(): Promise<void>
  /** Why the last attempt failed lies here, not in the flow. */
  readonly broken: boolean
}

/** What a source waits for, for its status. */
export interface Waiting {
  /** Records that are not acknowledged. */
  readonly records: number
  /** Messages that wait to be sent again. */
  readonly retrying: number
  /** Why the last of these failed. */
  readonly reason: string | undefined
  /**
   * For how long messages have been in flight without any leaving. A join or batch that waits for
   * more messages than may be in flight stands still until the delivery timeout, and nothing fails:
   * the status must say so.
   */
  readonly stalledMs: number
}
