import { DAY_MS, MINUTE_MS } from '../../core/record/calendar.ts'
import { parseIso } from '../../core/record/iso-time.ts'
import { type Zone, zoneOf } from '../../core/record/zone.ts'

/** On which days of the week, and from when to when on the clock. */
interface Hours {
  /** Monday is 0. */
  readonly days: ReadonlySet<number>
  readonly fromMs: number
  /** Not after `fromMs`: it is on the next day. */
  readonly toMs: number
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const EVERY_DAY: ReadonlySet<number> = new Set(DAYS.keys())
const DAY = /^[a-z]{2,9}$/
const TIMES = /^(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)$/
const MAX_CHARACTERS = 200
const EXAMPLE = 'Mon-Fri 06:00-22:00'

/** What is wrong with hours such as `Mon-Fri 06:00-22:00; Sat 08:00-12:00`, in words. */
export function hoursProblems(text: string): string[] {
  const problem = parsed(text)
  return typeof problem === 'string' ? [problem] : []
}

/** The hours, or what is wrong with them. */
function parsed(text: string): readonly Hours[] | string {
  const parts = text
    .slice(0, MAX_CHARACTERS)
    .replace(/[–—]/g, '-')
    .replace(/\s*-\s*/g, '-')
    .split(';')
    .map(part => part.trim().toLowerCase())
  const hours: Hours[] = []
  for (const part of parts) {
    const one = parsedPart(part)
    if (typeof one === 'string') return one
    hours.push(one)
  }
  return text.length > MAX_CHARACTERS ? 'it is too long' : hours
}

function parsedPart(part: string): Hours | string {
  const words = part.split(/[\s,]+/).filter(word => word !== '')
  if (words.length === 0) return `give hours such as ${EXAMPLE}`
  const times = TIMES.exec(words.at(-1)!)
  const names = times === null ? words : words.slice(0, -1)
  const days = new Set<number>()
  for (const name of names) {
    const found = daysOf(name)
    if (found === undefined) return `"${name}" is no day and no hours such as ${EXAMPLE}`
    for (const day of found) days.add(day)
  }
  const [fromMs, toMs] = times === null ? [0, DAY_MS] : clocksOf(times)
  if (fromMs === undefined || toMs === undefined) return `no clock shows ${words.at(-1)}`
  return { days: days.size === 0 ? EVERY_DAY : days, fromMs, toMs }
}

/** The days of `mon` or `fri-mon`. */
function daysOf(text: string): number[] | undefined {
  const [from, to = from, ...more] = text.split('-').map(dayOf)
  if (from === undefined || to === undefined || more.length > 0) return undefined
  const count = ((to - from + 7) % 7) + 1
  return Array.from({ length: count }, (_, index) => (from + index) % 7)
}

function dayOf(name: string): number | undefined {
  const index = DAY.test(name) ? DAYS.findIndex(day => name.startsWith(day)) : -1
  return index < 0 ? undefined : index
}

const clocksOf = ([, hour, minute, toHour, toMinute]: RegExpExecArray) => [
  clockOf(Number(hour), Number(minute)),
  clockOf(Number(toHour), Number(toMinute))
]

const clockOf = (hour: number, minute: number): number | undefined =>
  (hour < 24 && minute < 60) || (hour === 24 && minute === 0)
    ? (hour * 60 + minute) * MINUTE_MS
    : undefined

/**
 * Makes the test whether a time is in these hours of a zone, or outside of them where `wanted` is
 * false. What is no time is neither.
 */
export function isWithinHours(
  text: string,
  zoneName: string,
  wanted: boolean
): (value: unknown) => boolean {
  const hours = parsed(text)
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
