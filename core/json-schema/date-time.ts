import { clockMs, DAY_MS, dayMs } from '../record/calendar.ts'
import { afterLeap, eastMs, MAX_CHARACTERS, parseIso, readIso } from '../record/iso-time.ts'

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-]\d\d:\d\d)$/i
/** ISO 8601 has no zone, shorter offsets and the end of the day besides. */
const ISO_TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:z|[+-]\d\d(?::?\d\d)?)?$/i
const ISO_DATE_TIME =
  /^\d{4}-\d\d-\d\d[Tt\s](\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)$/

/** RFC 3339, section 5.6: full-date, of the calendar. */
export function isDate(text: string): boolean {
  if (text.length !== 10) return false
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number)
  return year !== undefined && !Number.isNaN(dayMs(year, month!, day!))
}

/**
 * RFC 3339, section 5.6: full-time. Without a date, any 23:59 UTC may have a leap second (section
 * 5.7).
 */
export function isTime(text: string): boolean {
  const match = text.length > MAX_CHARACTERS ? null : TIME.exec(text)
  return match !== null && Number(match[1]) < 24 && isTimeOfDay(text, match)
}

/**
 * RFC 3339, section 5.6: date-time. A space may stand for the T, as the note there says; a leap
 * second must have been one.
 */
export function isDateTime(text: string): boolean {
  if (!/^[Tt ]$/.test(text.charAt(10)) || !isTime(text.slice(11))) return false
  return isDate(text.slice(0, 10)) && !Number.isNaN(parseIso(text))
}

/** A time of the day as ISO 8601 has it: 24:00:00 is the end of the day. */
export function isIsoTime(text: string): boolean {
  const match = text.length > MAX_CHARACTERS ? null : ISO_TIME.exec(text)
  return match !== null && isTimeOfDay(text, match)
}

/** Date and time as ISO 8601 has them, in the extended form, with a zone or without. */
export function isIsoDateTime(text: string): boolean {
  const time = text.length > MAX_CHARACTERS ? undefined : ISO_DATE_TIME.exec(text)?.[1]
  if (time === undefined || !isDate(text.slice(0, 10))) return false
  const read = readIso(`${text.slice(0, 10)}T${time}`)
  if (read === undefined || Number.isNaN(read.ms)) return false
  // without a zone, it may be meant in one in which it was the leap second
  return read.offset === undefined
    ? isTimeOfDay(time, ISO_TIME.exec(time)!)
    : !Number.isNaN(afterLeap(read.ms, read.isLeap))
}

function isTimeOfDay(
  text: string,
  [, hour, minute, second, fraction = '']: readonly (string | undefined)[]
): boolean {
  const offset = /z$/i.test(text) ? 'Z' : /[+-][\d:]+$/.exec(text)?.[0]
  const east = offset === undefined ? 0 : eastMs(offset)
  const clock = clockMs(Number(hour), Number(minute), Number(second), /[1-9]/.test(fraction))
  if (east === undefined || Number.isNaN(clock)) return false
  if (Number(second) < 60) return true
  const utc = (clock - east + 2 * DAY_MS) % DAY_MS
  return offset === undefined ? minute === '59' : utc === DAY_MS - 1000
}

const DURATION =
  /^P(?:\d+W|(?!$)(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/

/** RFC 3339, appendix A. */
export const isDuration = (text: string): boolean =>
  text.length <= MAX_CHARACTERS && DURATION.test(text)
