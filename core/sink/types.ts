import type { OperatorAnswer } from '../node/answer.ts'
import type { Holdup } from '../node/define-transform.ts'
import type { Message } from '../record/message.ts'
import type { Reason } from '../record/record.ts'

/** What became of the records of a message. The counts add up to the number of its records. */
export interface WriteResult {
  /** Records that are durable now. */
  readonly stored: number
  /** Records that were there before. */
  readonly duplicates?: number
  /** Dead letters that are durable now: to their source they are rejected, and accounted for. */
  readonly letters?: number
  /** Why a record can never be stored, by its position in `records`. */
  readonly refused?: ReadonlyMap<number, Reason>
  /** Records that need not go on: of what they say the service has something newer. */
  readonly superseded?: ReadonlySet<number>
  /** Further properties of the message that leaves by the first output. */
  readonly properties?: object
}

/**
 * What a message asks a sink to write. It ends once, by `finish` or `fail`; what is called later
 * does nothing.
 */
export interface WriteRequest {
  readonly message: Message
  /** The records of the payload, in the order they came. */
  readonly records: readonly unknown[]
  /** When it came, by `performance.now()`. */
  readonly sinceMs: number
  /** Every record is durable, or can never be stored. */
  finish(result: WriteResult): void
  /** The source is to deliver the message again. `written` counts what is stored all the same. */
  fail(error: Error, written?: { readonly stored: number; readonly duplicates: number }): void
}

/** Why nothing can be stored at the moment. */
export interface SinkTrouble {
  /** A few words for the status: `database away`. */
  readonly words: string
  /** A sentence for the log: what happened, and what to do. */
  readonly sentence: string
  /** It stays so until a person corrects something: red; what passes by itself is yellow. */
  readonly mend: boolean
  /**
   * Troubles of the same topic are one to the log, in whatever words; the sentence where absent.
   */
  readonly topic?: string
}

/** What a sink tells of its service. */
export interface SinkPort {
  /** The service takes records: for the first time, or again after trouble. */
  up(): void
  /** Nothing can be stored; told as often as one likes, the log has each trouble once. */
  down(trouble: SinkTrouble): void
  /** What `waitsFor` answers may be another: shows it now and not at the next beat. */
  refresh(): void
  /** How long the request waits that waits longest; 0 while none does. */
  readonly oldestMs: number
}

/** A sink that runs. */
export interface OpenSink {
  /**
   * Takes a request over and ends it, maybe much later. An error that it throws fails the request.
   */
  write(request: WriteRequest): void
  /** Asks its service how it is, for doctor: read only, within seconds. */
  examine?(signal: AbortSignal): Promise<readonly OperatorAnswer[]>
  /**
   * Writes what it still can for up to `limitMs` and lets go of the service; what is left then is
   * given back to the sources. Must end within Node-RED's 15 s, also when the service is dead.
   */
  close(limitMs: number): void | Promise<void>
  /**
   * While there is no trouble: what records wait for, in a few words; `mend` for what a person must
   * mend. Asked every two seconds.
   */
  waitsFor?(): Holdup | undefined
  /**
   * What the status says while all is well, instead of the rate and the counts of rejected and
   * repeated records.
   */
  progress?(perSecond: number): string
}

/** What a sink's definition says of it beside its spec. */
export interface SinkExtras {
  /** What the records wait for, in sentences: `the database`. */
  readonly service: string
  /** How long it may write on while it is closed; 8 s where absent. */
  readonly drainMs?: number
}
