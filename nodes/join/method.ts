import type { TelemetryRecord } from '../../core/record/record.ts'
import type { Turn } from '../../core/state/types.ts'
import type { JoinState, Side } from './held.ts'
import type { Results } from './results.ts'

/** What all ways to join share. */
export interface Joining {
  readonly withinMs: number
  /** Whether records may come in another order than that of their times. */
  readonly waits: boolean
  readonly maxOpen: number
  readonly results: Results
  /** Sends one that has found none. */
  alone(input: Side, record: TelemetryRecord, turn: Turn): void
}

/** How records find each other, as a function of what is remembered of a key. */
export interface Method {
  /** A record in its time. It is rejected where there is no place for it. */
  take(state: JoinState, input: Side, record: TelemetryRecord, timeMs: number, turn: Turn): void
  /** One that is older than the clock: what is still there may fit. True if something did. */
  late(state: JoinState, input: Side, record: TelemetryRecord, timeMs: number, turn: Turn): boolean
  /** Everything that is certain by this time. */
  settle(state: JoinState, clockMs: number, turn: Turn): void
}
