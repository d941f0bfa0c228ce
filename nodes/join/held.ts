import type { TelemetryRecord } from '../../core/record/record.ts'

/** A record that waits for another. It is stored for every key, so its names are short. */
export interface OpenRecord {
  /** When it was measured, milliseconds since 1970. */
  readonly t: number
  readonly r: TelemetryRecord
  /** It has found one already. */
  p?: 1
}

/** What is remembered of a key: the records of each input, in the order of their times. */
export interface JoinState {
  /** Of the first input, and of the second. */
  readonly i: readonly [first: OpenRecord[], second: OpenRecord[]]
  /** When something is to happen without a record. */
  q?: number
}

/** The number of an input. */
export type Side = 0 | 1
export const other = (input: Side): Side => (input === 0 ? 1 : 0)

/** Later than a time by less than any two records differ: all of that time have come by then. */
export const AFTER_MS = 0.001

/** Puts it behind those of its time and before. */
export function insert(list: OpenRecord[], held: OpenRecord): void {
  let at = list.length
  while (at > 0 && list[at - 1]!.t > held.t) at--
  list.splice(at, 0, held)
}

/**
 * What is kept of a record. Not where it came from: that holds the bytes of the whole batch, and is
 * gone after a restart anyway.
 */
export function kept(record: TelemetryRecord): TelemetryRecord {
  const copy: TelemetryRecord = {}
  for (const name of Object.keys(record)) put(copy, name, record[name])
  return copy
}

/** A name may be any text, also one that an assignment would not set. */
export function put(record: TelemetryRecord, name: string, value: unknown): void {
  if (name !== '__proto__') record[name] = value
  else Object.defineProperty(record, name, { value, ...ORDINARY })
}
const ORDINARY = { enumerable: true, configurable: true, writable: true }

/** Notes when something is to happen; infinite: without a record never. */
export function setDue(state: JoinState, dueMs: number): void {
  if (dueMs === Number.POSITIVE_INFINITY) delete state.q
  else state.q = dueMs
}

export const isEmpty = ({ i: [first, second] }: JoinState): boolean =>
  first.length === 0 && second.length === 0
