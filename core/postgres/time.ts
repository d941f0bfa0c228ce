/**
 * Times as PostgreSQL has them: int64 microseconds since 2000-01-01 UTC. A double holds them
 * exactly for the years 1715 to 2285; beyond, whole milliseconds are kept as such (see
 * `Timestamp`).
 */
export { extraMicros, parseIso } from '../record/iso-time.ts'

/** Milliseconds from 1970 to 2000. */
export const EPOCH_MS = 946_684_800_000
/** 4714-11-24 BC, the first day of PostgreSQL's timestamptz (documentation, 8.5). */
export const MIN_MS = -210_866_803_200_000
/** The last millisecond of a JavaScript Date; PostgreSQL goes on to the year 294276. */
export const MAX_MS = 8_640_000_000_000_000
