import type { TelemetryRecord } from '../../core/record/record.ts'

/** What is remembered of one alarm. Times are event times, in milliseconds since 1970. */
export interface AlarmState {
  /** The fields that tell it from others, as its events have them. */
  readonly fields: TelemetryRecord
  /** Of the newest record; what is older comes too late to change anything. */
  newestMs: number
  /** What the last record said, and since when records have said so. */
  isMet: boolean
  sinceMs: number
  /** The alarm itself, after its delays. */
  isActive: boolean
  /** Whether its event was told: not while it is shelved or out of service. */
  isTold: boolean
  isAcknowledged: boolean
  /** It has returned while nobody was to be disturbed. */
  isReturnUntold?: boolean
  startMs: number
  raisedMs?: number
  /** The time of its last event; the next one is later. */
  lastEventMs?: number
  /** The value that went furthest beyond the limit, and the last one. */
  peak?: unknown
  value?: unknown
  /** Of this device, where the last record has brought one. */
  limit?: number
  shelvedUntilMs?: number
  isOutOfService?: boolean
  /** When it was raised lately; see `isChattering`. */
  raises: number[]
}

/**
 * The states of ISA-18.2 and IEC 62682. The latched state has no node of its own: what must be
 * reset by hand is told by *Must be acknowledged*.
 */
export type AlarmPhase =
  | 'normal'
  | 'active-unacknowledged'
  | 'active-acknowledged'
  | 'returned-unacknowledged'
  | 'shelved'
  | 'out-of-service'

export function phaseOf(state: AlarmState): AlarmPhase {
  if (state.isOutOfService) return 'out-of-service'
  if (state.shelvedUntilMs !== undefined) return 'shelved'
  if (state.isActive) return state.isAcknowledged ? 'active-acknowledged' : 'active-unacknowledged'
  return state.isTold && !state.isAcknowledged ? 'returned-unacknowledged' : 'normal'
}

/** Nobody is to be disturbed by it for the time being. */
export const isSuppressed = (state: AlarmState): boolean =>
  state.isOutOfService === true || state.shelvedUntilMs !== undefined

/** ISA-18.2, 16.5.4: three times and more in a minute. */
const CHATTERS_TIMES = 3
const CHATTERS_MS = 60_000

/** Notes that it is raised once more. */
export function noteRaise(state: AlarmState, timeMs: number): void {
  state.raises = [...state.raises.filter(raise => raise > timeMs - CHATTERS_MS), timeMs].slice(-10)
}

export const isChattering = ({ raises }: AlarmState): boolean => raises.length >= CHATTERS_TIMES
