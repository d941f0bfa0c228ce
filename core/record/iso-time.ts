/**
 * The one reader of ISO 8601 in the palette: normalize, the sink and the formats of schemas take
 * the same texts for the same times. What is read is in fields of this module, so that no object is
 * made a record.
 */
import { offsetMs } from '../time-zone.ts'
import { clockMs, dayMs, isLeapSecond, ordinalDayMs, weekDayMs } from './calendar.ts'

/** Nanoseconds beyond the millisecond of the text that was read last, 0 to 999,999. */
export let extraNs = 0
/** The same in microseconds, cut. */
export let extraMicros = 0

/** A text that has the form of a date and time; without an offset it is local. */
export interface IsoTime {
  /**
   * Milliseconds since 1970, of UTC if there is an offset, else as if the local time were UTC; NaN
   * if there is no such time.
   */
  readonly ms: number
  readonly extraNs: number
  /**
   * It is second 60: `ms` is the second before, and holds only where that was the last before a
   * leap second.
   */
  readonly isLeap: boolean
  /** As written; undefined if the time is local. */
  readonly offset: string | undefined
  /** The zone in brackets (RFC 9557). */
  readonly region: string | undefined
}

/** Longer texts are no times. */
export const MAX_CHARACTERS = 100

// the day of the last date read: records of a batch share it, and its ten characters cost as much
// as the rest
let knownDate = -1
let knownDayMs = 0

/**
 * Milliseconds since 1970 of a text with a zone, NaN if it is none. What is finer is in `extraNs`
 * and `extraMicros`.
 */
export function parseIso(text: string): number {
  const localMs = readCommon(text)
  if (!Number.isNaN(localMs)) {
    const east = commonOffset(text)
    if (!Number.isNaN(east)) return localMs - east
    if (zoneAt === text.length) return Number.NaN
  }
  const time = readAny(text)
  if (time?.offset === undefined) return Number.NaN
  keep(time.extraNs)
  return afterLeap(time.ms, time.isLeap)
}

/** The second after a leap second; NaN where there was none. Of other times the time itself. */
export function afterLeap(utcMs: number, isLeap: boolean): number {
  if (!isLeap) return utcMs
  return isLeapSecond(utcMs) ? utcMs + 1000 : Number.NaN
}

/** Reads a date and time, with a zone or without. Undefined if the text is of another form. */
export function readIso(text: string): IsoTime | undefined {
  const localMs = readCommon(text)
  if (Number.isNaN(localMs)) return readAny(text)
  if (zoneAt === text.length)
    return { ms: localMs, extraNs, isLeap: false, offset: undefined, region: undefined }
  const east = commonOffset(text)
  return Number.isNaN(east)
    ? readAny(text)
    : { ms: localMs - east, extraNs, isLeap: false, offset: text.slice(zoneAt), region: undefined }
}

/** Where the zone stands, or would stand, in the text that `readCommon` read last. */
let zoneAt = 0

/**
 * The form of most records, 2024-02-23T15:20:00 and its fraction, as if it were UTC. Without an
 * expression, which takes ten times as long; NaN if the text is of another form, or no time.
 */
function readCommon(text: string): number {
  if (
    text.length < 19 ||
    text.length > MAX_CHARACTERS ||
    text.charCodeAt(4) !== 45 ||
    text.charCodeAt(7) !== 45
  )
    return Number.NaN
  const between = text.charCodeAt(10)
  if (between !== 84 /* T */ && between !== 32) return Number.NaN
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return Number.NaN
  const hour = two(text, 11)
  const minute = two(text, 14)
  const second = two(text, 17)
  const date = two(text, 0) * 1_000_000 + two(text, 2) * 10_000 + two(text, 5) * 100 + two(text, 8)
  if (!(hour < 24 && minute < 60 && second < 60 && date >= 0)) return Number.NaN
  if (date !== knownDate && !learnDate(date)) return Number.NaN
  const ms = knownDayMs + hour * 3_600_000 + minute * 60_000 + second * 1000
  if (text.charCodeAt(19) === 46) return ms + readFraction(text)
  zoneAt = 19
  extraNs = 0
  extraMicros = 0
  return ms
}

/**
 * The milliseconds of the decimals behind the point; NaN if there are none. More than nine are cut.
 */
function readFraction(text: string): number {
  let nanos = 0
  let at = 20
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) break
    if (at < 29) nanos = nanos * 10 + digit
  }
  if (at === 20) return Number.NaN
  zoneAt = at
  if (at < 29) nanos *= TENS[29 - at]!
  const ms = Math.trunc(nanos / 1_000_000)
  keep(nanos - ms * 1_000_000)
  return ms
}

const TENS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

/**
 * Milliseconds east of Greenwich by Z or +01:00 at `zoneAt`; NaN if something else stands there.
 */
function commonOffset(text: string): number {
  const sign = text.charCodeAt(zoneAt)
  const left = text.length - zoneAt
  if (left === 1 && sign === 90 /* Z */) return 0
  if (left !== 6 || (sign !== 43 && sign !== 45) || text.charCodeAt(zoneAt + 3) !== 58)
    return Number.NaN
  const hours = two(text, zoneAt + 1)
  const minutes = two(text, zoneAt + 4)
  if (!(hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60)) return Number.NaN
  return (hours * 60 + minutes) * (sign === 45 ? -60_000 : 60_000)
}

function keep(nanos: number): void {
  extraNs = nanos
  extraMicros = Math.trunc(nanos / 1000)
}

function learnDate(date: number): boolean {
  const ms = dayMs(Math.trunc(date / 10_000), Math.trunc(date / 100) % 100, date % 100)
  if (Number.isNaN(ms)) return false
  knownDate = date
  knownDayMs = ms
  return true
}

/** NaN, or a negative number, unless both characters are digits. */
function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48
  const ones = text.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/** 2024-02-23, 20240223; the year of more digits has a sign. */
const DATE = String.raw`(?<dash>-?)(?:(?<month>\d\d)\k<dash>(?<day>\d\d)|W(?<week>\d\d)\k<dash>(?<weekday>\d)|(?<nth>\d{3}))`
const TIME = String.raw`(?<hour>\d\d)(?::?(?<minute>\d\d)(?::?(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?`
const ZONE = String.raw`\s?(?<offset>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?(?:\[(?<region>[^\]=]+)\])?(?:\[[\w-]+=[^\]]+\])*`
/**
 * Every form of a date with a time of the day, also week dates (2024-W08-5) and ordinal dates
 * (2024-054). What RFC 9557 lets stand behind it, such as a calendar, says nothing of the time.
 */
const ISO = new RegExp(String.raw`^(?<year>\d{4}|[+-]\d{6})${DATE}[T ]${TIME}${ZONE}$`, 'i')

/**
 * Any form. Not by Date, which takes 30 February where an offset follows, and refuses offsets such
 * as +0530.
 */
function readAny(text: string): IsoTime | undefined {
  const fields = text.length > MAX_CHARACTERS ? undefined : ISO.exec(text)?.groups
  if (fields === undefined) return undefined
  const { offset, region, fraction: decimals = '' } = fields
  const second = Number(fields.second ?? 0)
  const nanos = Number(decimals.slice(0, 9).padEnd(9, '0'))
  const clock = clockMs(
    Number(fields.hour),
    Number(fields.minute ?? 0),
    second,
    /[1-9]/.test(decimals)
  )
  const east = offset === undefined ? 0 : (eastMs(offset) ?? Number.NaN)
  const day = fields.year === '-000000' ? Number.NaN : dayOf(fields)
  const ms = day + clock + Math.trunc(nanos / 1_000_000) - east
  return { ms, extraNs: nanos % 1_000_000, isLeap: second === 60, offset, region }
}

/** Milliseconds east of Greenwich; undefined where no clock has this offset. */
export const eastMs = (offset: string): number | undefined =>
  /^[+-]/.test(offset) ? offsetMs(offset) : 0

function dayOf({
  year,
  month,
  day,
  week,
  weekday,
  nth
}: Record<string, string | undefined>): number {
  if (nth !== undefined) return ordinalDayMs(Number(year), Number(nth))
  if (week !== undefined) return weekDayMs(Number(year), Number(week), Number(weekday))
  return dayMs(Number(year), Number(month), Number(day))
}
