import type { Tracker } from '../delivery/types.ts'
import { MillraceError, reasonOf } from '../errors.ts'
import type { Done } from '../node/define-node.ts'
import type { Message } from '../record/message.ts'
import { type Attempt, attemptOf } from './counted-records.ts'
import type { StateShare } from './share.ts'

/** A message that has come, and what says that the node is done with it. */
export interface MessageHeld {
  readonly message: Message
  readonly done: Done
  /** In the order in which they came. */
  readonly number: number
}

/** A message that is being taken. */
export interface MessageTaken extends MessageHeld {
  readonly attempt: Attempt
  /** What it changes: all, or by the partitions that its records come from. */
  readonly shares: readonly StateShare<unknown>[]
  readonly byLane: ReadonlyMap<string, StateShare<unknown>> | undefined
  /** Records that belong to no partition, where each has a memory of its own. */
  readonly strays: object[]
}

/**
 * A message as it has come now, of a source by the name that it has in what is remembered. What
 * that has settled before need not be known any more.
 */
export function attemptAt(
  tracker: Pick<Tracker, 'attemptOf' | 'takenOf' | 'settledBefore'>,
  message: Message,
  source: string,
  shares: readonly StateShare<unknown>[]
): Attempt {
  const before = tracker.settledBefore(message)
  if (before !== undefined)
    for (const { engine } of shares) engine.counted.settledBefore(source, before.lane, before.at)
  return attemptOf(tracker.attemptOf(message) ?? message, tracker.takenOf(message), source)
}

/** Why a message is given back that was not taken. */
export const closed = () =>
  new MillraceError('CLOSED', 'The node was deployed again before it had taken the message.')

export const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(reasonOf(error))
