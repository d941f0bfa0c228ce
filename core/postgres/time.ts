/**
 * Times as PostgreSQL has them: int64 microseconds since 2000-01-01 UTC. A double holds them exactly for the years 1715 to
 * 2285; beyond, whole milliseconds are kept as such (see `Timestamp`).
 */

/** Milliseconds from 1970 to 2000. */
export const EPOCH_MS = 946_684_800_000
/** 4714-11-24 BC, the first day of PostgreSQL's timestamptz (documentation, 8.5). */
export const MIN_MS = -210_866_803_200_000
/** The last millisecond of a JavaScript Date; PostgreSQL goes on to the year 294276. */
export const MAX_MS = 8_640_000_000_000_000

const MS_PER_DAY = 86_400_000

// the day of the last date read: records of a batch share it, and its ten characters cost as much as the rest
let knownDate = -1
let knownDayMs = 0

/** Milliseconds since 1970 of a text with a zone, NaN if it is none. The part below a millisecond is in `extraMicros`. */
export function parseIso(text: string): number {
  extraMicros = 0
  // 2024-02-23T15:20:00Z has 20 characters, and up to nine decimals
  const length = text.length
  if (length < 20 || text.charCodeAt(length - 1) !== 90 /* Z */ || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45)
    return byFields(text)
  const hour = two(text, 11)
  const minute = two(text, 14)
  const second = two(text, 17)
  const date = two(text, 0) * 1_000_000 + two(text, 2) * 10_000 + two(text, 5) * 100 + two(text, 8)
  const shaped = text.charCodeAt(13) === 58 && text.charCodeAt(16) === 58 && (text.charCodeAt(10) === 84 || text.charCodeAt(10) === 32)
  if (!shaped || !(hour < 24 && minute < 60 && second < 60 && date >= 0)) return byFields(text)
  if (date !== knownDate && !learnDate(date)) return Number.NaN
  const ms = knownDayMs + hour * 3_600_000 + minute * 60_000 + second * 1000
  return length === 20 ? ms : ms + fraction(text, length - 1)
}

/** Microseconds beyond the millisecond of the last text that `parseIso` read. A field, so that no pair is allocated per record. */
export let extraMicros = 0

function fraction(text: string, end: number): number {
  if (text.charCodeAt(19) !== 46 || end > 29 || end === 20) return Number.NaN
  let nanos = 0
  for (let at = 20; at < 29; at++) {
    const digit = at < end ? text.charCodeAt(at) - 48 : 0
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    nanos = nanos * 10 + digit
  }
  const ms = Math.trunc(nanos / 1_000_000)
  extraMicros = Math.trunc((nanos % 1_000_000) / 1000)
  return ms
}

function learnDate(date: number): boolean {
  const dayMs = dayOf(Math.trunc(date / 10_000), Math.trunc(date / 100) % 100, date % 100)
  if (Number.isNaN(dayMs)) return false
  knownDate = date
  knownDayMs = dayMs
  return true
}

/** When a day begins in UTC, NaN for one that is not in the calendar. */
function dayOf(year: number, month: number, day: number): number {
  const utc = new Date(0)
  utc.setUTCFullYear(year, month - 1, day)
  // Date makes 2024-02-30 the first of March
  return utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day ? utc.getTime() : Number.NaN
}

/** NaN, or a negative number, unless both characters are digits. */
function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** A time without a zone would be read in the zone of this machine: it must name one. */
const ZONED = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s?(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/i

/** Every other form. Not by Date, which takes 30 February where an offset follows, and refuses offsets such as +0530. */
function byFields(text: string): number {
  const fields = ZONED.exec(text)
  if (!fields) return Number.NaN
  const field = (index: number) => Number(fields[index] ?? 0)
  const sinceMidnight = field(4) * 3_600_000 + field(5) * 60_000 + field(6) * 1000
  // 24:00:00 is the end of a day
  const isTime = field(4) < 24 || (sinceMidnight === MS_PER_DAY && field(7) === 0)
  if (!isTime || field(5) > 59 || field(6) > 59 || field(9) > 23 || field(10) > 59) return Number.NaN
  const offset = (field(9) * 60 + field(10)) * (fields[8] === '-' ? -60_000 : 60_000)
  const micros = Number((fields[7] ?? '').slice(0, 6).padEnd(6, '0'))
  extraMicros = micros % 1000
  return dayOf(field(1), field(2), field(3)) + sinceMidnight + Math.trunc(micros / 1000) - offset
}
