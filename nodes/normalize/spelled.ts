/**
 * Forms that mean one time and nothing else, whoever sends them, so that nobody need choose them.
 */
import { clockMs, dayMs } from '../../core/record/calendar.ts'

/** A time as it is written: its fields as if they were UTC, and what it says of its zone. */
export interface Spelled {
  /** NaN if there is no such time. */
  readonly ms: number
  readonly isLeap: boolean
  /** `+0100` or letters; undefined if the time is local. */
  readonly zone: string | undefined
  readonly rule: string
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 2822, section 3.3, and the same without a zone: `Fri, 23 Feb 2024 13:46:40 +0000`. */
const MAIL =
  /^(?:(?<weekday>sun|mon|tue|wed|thu|fri|sat), *)?(?<day>\d{1,2}) +(?<month>[a-z]{3}) +(?<year>\d{4}) +(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d))?(?: +(?<zone>[+-]\d{4}|[a-z]{1,5}))?$/i
/**
 * What C's `ctime` and the command `date` write: `Fri Feb 23 13:46:40 2024`, `Fri Feb 23 13:46:40
 * UTC 2024`.
 */
const CTIME =
  /^(?<weekday>sun|mon|tue|wed|thu|fri|sat) +(?<month>[a-z]{3}) +(?<day>\d{1,2}) +(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?: +(?<zone>[+-]\d{4}|[a-z]{1,5}))? +(?<year>\d{4})$/i
/** What JavaScript makes of a Date: `Fri Feb 23 2024 15:53:20 GMT+0100 (CET)`. */
const SCRIPT =
  /^(?<weekday>sun|mon|tue|wed|thu|fri|sat) (?<month>[a-z]{3}) (?<day>\d\d) (?<year>\d{4}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d) GMT(?<zone>[+-]\d{4})(?: \([^)]*\))?$/i
/** JSON of older .NET: milliseconds since 1970 in UTC; the offset behind them is a remark. */
const NET = /^\\?\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\\?\/$/

/** Reads a text by names of English months, or of .NET. Undefined if it is of no such form. */
export function readSpelled(text: string): Spelled | undefined {
  const net = NET.exec(text)
  if (net) return { ms: Number(net[1]), isLeap: false, zone: '+0000', rule: '/Date(ms)/' }
  const mail = MAIL.exec(text)?.groups
  if (mail) return fromNames(mail, 'RFC 2822')
  const script = SCRIPT.exec(text)?.groups
  if (script) return fromNames(script, 'JavaScript')
  const ctime = CTIME.exec(text)?.groups
  return ctime && fromNames(ctime, 'ctime')
}

function fromNames(fields: Record<string, string | undefined>, rule: string): Spelled {
  const { weekday, day, month = '', year, hour, minute, second = '0', zone } = fields
  const date = dayMs(Number(year), MONTHS.indexOf(month.toLowerCase()) + 1, Number(day))
  const isOfWeekday =
    weekday === undefined || DAYS[new Date(date).getUTCDay()] === weekday.toLowerCase()
  const ms = isOfWeekday
    ? date + clockMs(Number(hour), Number(minute), Number(second), false)
    : Number.NaN
  return { ms, isLeap: Number(second) === 60, zone, rule }
}

/**
 * `{ seconds, nanos }` of Protobuf and of Firestore, as milliseconds and what is finer; undefined
 * if it is no such object.
 */
export function readSecondsAndNanos(value: object): { ms: number; extraNs: number } | undefined {
  const entries = Object.entries(value).map(
    ([name, part]) => [name.replace(/^_/, ''), part] as const
  )
  const parts = new Map<string, unknown>(entries)
  const seconds = whole(parts.get('seconds'))
  const nanos = whole(parts.get('nanos') ?? parts.get('nanoseconds') ?? 0)
  const known = entries.every(([name]) => ['seconds', 'nanos', 'nanoseconds'].includes(name))
  if (!known || seconds === undefined || nanos === undefined || nanos < 0 || nanos > 999_999_999)
    return undefined
  return { ms: seconds * 1000 + Math.trunc(nanos / 1e6), extraNs: nanos % 1e6 }
}

/** 64-bit numbers come as text in Protobuf's JSON. */
function whole(value: unknown): number | undefined {
  const isText = typeof value === 'string' && /^-?\d{1,16}$/.test(value)
  const number = isText || typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}

const EXCEL_TO_1970_DAYS = 25_569
/**
 * Below are the days before March 1900, which Excel counts one too high, and times without a date.
 */
const FROM_DAYS = 61
/** The day after 9999-12-31. */
const UNTIL_DAYS = 2_958_466

/**
 * The local time that Excel means by its number of days, rounded to the millisecond; NaN if it
 * means none for certain.
 */
export const excelMs = (days: number): number =>
  days >= FROM_DAYS && days < UNTIL_DAYS
    ? Math.round((days - EXCEL_TO_1970_DAYS) * 86_400_000)
    : Number.NaN
