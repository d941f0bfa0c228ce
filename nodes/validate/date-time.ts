/** Longer texts are none: the second of a time may have as many places as a person would count. */
const MAX_CHARACTERS = 100

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|([+-])(\d\d):(\d\d))$/i
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** RFC 3339, section 5.6: full-date, of the calendar. */
export function isDate(text: string): boolean {
  if (text.length !== 10) return false
  const [, year, month, day] = (DATE.exec(text) ?? []).map(Number)
  if (year === undefined || month! < 1 || month! > 12) return false
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const last = month === 2 && isLeap ? 29 : LENGTHS[month! - 1]!
  return day! >= 1 && day! <= last
}

/** RFC 3339, section 5.6: full-time. A leap second is one at 23:59 UTC only (section 5.7). */
export function isTime(text: string): boolean {
  const match = text.length > MAX_CHARACTERS ? null : TIME.exec(text)
  if (!match) return false
  const hour = Number(match[1])
  const minute = Number(match[2])
  const second = Number(match[3])
  const offsetHour = Number(match[5] ?? 0)
  const offsetMinute = Number(match[6] ?? 0)
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return false
  if (second < 60) return true
  const offset = (match[4] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute)
  const utc = (hour * 60 + minute - offset + 1440) % 1440
  return utc === 1439
}

/** RFC 3339, section 5.6: date-time. A space may stand for the T, as the note there says. */
export function isDateTime(text: string): boolean {
  return /^[Tt ]$/.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11))
}

const DURATION = /^P(?:\d+W|(?!$)(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/

/** RFC 3339, appendix A. */
export const isDuration = (text: string): boolean => text.length <= MAX_CHARACTERS && DURATION.test(text)
