import type { FlowError } from '../delivery/token.ts'
import type { Delivery } from '../delivery/types.ts'
import type { InOrderEntry } from './in-order-queue.ts'
import type { TakenMessage } from './types.ts'

/** A message that the source has taken and not acknowledged. */
export class InFlightMessage implements InOrderEntry {
  done = false
  /** Its lane was dropped. */
  gone = false
  delivery: Delivery | null = null
  timer: NodeJS.Timeout | undefined
  /** How often sending it failed since it was taken or written off. */
  failures = 0
  /** It would be a dead letter if a wire took it. */
  isKept = false
  /** How often its delivery was abandoned, by a deployment. */
  interruptions = 0
  /** Once it leaves as a dead letter: the last error, and how often the flow had failed. */
  writtenOff: { readonly error: FlowError; readonly attempts: number } | null = null

  constructor(
    readonly taken: TakenMessage,
    /** Counts what the source has taken. */
    readonly number: number,
    readonly release: () => void,
    readonly takenMs: number
  ) {}
}
