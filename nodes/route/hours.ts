import { DAY_MS, MINUTE_MS } from '../../core/record/calendar.ts'
import { parseIso } from '../../core/record/iso-time.ts'
import { type Zone, zoneOf } from '../../core/record/zone.ts'
import { type Hours, hoursIn } from './hours-text.ts'

/**
 * Makes the test whether a time is in these hours of a zone, or outside of them where `wanted` is
 * false. What is no time is neither.
 */
export function isWithinHours(
  text: string,
  zoneName: string,
  wanted: boolean
): (value: unknown) => boolean {
  const hours = hoursIn(text)
  const zone = zoneOf(zoneName)
  if (typeof hours === 'string' || zone === undefined) return () => false
  const wall = wallClock(zone)
  return value => {
    const timeMs = timeMsOf(value)
    return !Number.isNaN(timeMs) && hours.some(each => isIn(each, wall(timeMs))) === wanted
  }
}

function isIn({ days, fromMs, toMs }: Hours, localMs: number): boolean {
  const day = Math.floor(localMs / DAY_MS)
  const clockMs = localMs - day * DAY_MS
  // 1970-01-01 was a Thursday.
  const weekday = (((day + 3) % 7) + 7) % 7
  if (fromMs < toMs) return days.has(weekday) && clockMs >= fromMs && clockMs < toMs
  return clockMs >= fromMs ? days.has(weekday) : clockMs < toMs && days.has((weekday + 6) % 7)
}

/** Clocks are put forward and back at the full quarter of an hour. */
const QUARTER_MS = 15 * MINUTE_MS
/** More than a year of them. */
const MAX_KNOWN = 40_000

/** What the clock on the wall shows, as if it were UTC. Asking a zone takes 3 us, this far less. */
function wallClock(zone: Zone): (utcMs: number) => number {
  const known = new Map<number, number>()
  return utcMs => {
    const quarter = Math.floor(utcMs / QUARTER_MS)
    let offsetMs = known.get(quarter)
    if (offsetMs === undefined) {
      if (known.size >= MAX_KNOWN) known.clear()
      offsetMs = zone.offsetAt(quarter * QUARTER_MS)
      known.set(quarter, offsetMs)
    }
    return utcMs + offsetMs
  }
}

/** Numbers before and beyond are seconds, microseconds or no times: 1973 to 5138. */
const FIRST_MS = 1e11
const LAST_MS = 1e14

/** A text with a zone as normalize writes it, or milliseconds since 1970; else NaN. */
function timeMsOf(value: unknown): number {
  if (typeof value === 'string') return parseIso(value)
  if (value instanceof Date) return value.getTime()
  return typeof value === 'number' && value >= FIRST_MS && value < LAST_MS ? value : Number.NaN
}
