import { DAY_MS, dayMs, MINUTE_MS } from '../../core/record/calendar.ts'
import { type Zone, zoneOf } from '../../core/record/zone.ts'

/** A stretch of time: its start belongs to it, its end to the next. Milliseconds since 1970. */
export interface Span {
  readonly startMs: number
  readonly endMs: number
}

export type CalendarUnit = 'day' | 'week' | 'month'

/** What a quarter of an hour begins in holds for most of it; whether it does is looked at. */
const QUARTER_MS = 15 * MINUTE_MS
/** More than a year of them. */
const MAX_KNOWN = 40_000

/**
 * Days, weeks (from Monday) and months as the calendar on the wall of a zone has them: the day on
 * which the clocks are put forward has 23 hours, that on which they are put back 25.
 * @param begins the time on the clock at which a day begins, such as `06:00` for the first shift
 */
export function calendarWindows(
  unit: CalendarUnit,
  zoneName: string,
  begins: string
): (timeMs: number) => Span {
  const zone = zoneOf(zoneName)
  if (zone === undefined) throw new Error(`There is no time zone "${zoneName}".`)
  const [hours = '0', minutes = '0'] = begins.split(':')
  const shiftMs = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
  const known = new Map<number, Span>()
  let last: Span = { startMs: Number.NaN, endMs: Number.NaN }
  return timeMs => {
    if (timeMs >= last.startMs && timeMs < last.endMs) return last
    const quarter = Math.floor(timeMs / QUARTER_MS)
    const found = known.get(quarter)
    if (found !== undefined && timeMs >= found.startMs && timeMs < found.endMs) {
      last = found
      return last
    }
    if (known.size >= MAX_KNOWN) known.clear()
    last = spanAt(timeMs, unit, zone, shiftMs)
    known.set(quarter, last)
    return last
  }
}

function spanAt(timeMs: number, unit: CalendarUnit, zone: Zone, shiftMs: number): Span {
  const localMs = timeMs + zone.offsetAt(timeMs) - shiftMs
  let firstDay = STARTS[unit](Math.floor(localMs / DAY_MS))
  // Where the clocks are put back over midnight, the wall shows the day before once more.
  while (utcOf(zone, firstDay, shiftMs) > timeMs) firstDay = STARTS[unit](firstDay - 1)
  let nextDay = STARTS[unit](firstDay + LONGEST[unit])
  let startMs = utcOf(zone, firstDay, shiftMs)
  let endMs = utcOf(zone, nextDay, shiftMs)
  while (endMs <= timeMs) {
    startMs = endMs
    nextDay = STARTS[unit](nextDay + LONGEST[unit])
    endMs = utcOf(zone, nextDay, shiftMs)
  }
  return { startMs, endMs }
}

/** The first day, counted since 1970, of what a day belongs to. */
const STARTS: Readonly<Record<CalendarUnit, (day: number) => number>> = {
  day: day => day,
  // 1970-01-01 was a Thursday
  week: day => day - ((((day + 3) % 7) + 7) % 7),
  month(day) {
    const date = new Date(day * DAY_MS)
    return dayMs(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS
  }
}

/** So many days after its first day, the next one has begun, and the one after it has not. */
const LONGEST: Readonly<Record<CalendarUnit, number>> = { day: 1, week: 7, month: 31 }

/**
 * When a day begins. A time that was skipped is taken by the clock as it was before, which is the
 * moment of the change for one that begins there.
 */
function utcOf(zone: Zone, day: number, shiftMs: number): number {
  const localMs = day * DAY_MS + shiftMs
  const utcMs = zone.toUtc(localMs, 'earlier')
  return typeof utcMs === 'number' ? utcMs : localMs - zone.offsetAt(localMs - DAY_MS)
}
