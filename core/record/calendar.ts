/**
 * Days of the calendar and times of a day, in milliseconds since 1970 UTC. NaN stands for what does
 * not exist.
 */

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

/** When a day begins in UTC, NaN for one that is not in the calendar. */
export function dayMs(year: number, month: number, day: number): number {
  const utc = new Date(0)
  utc.setUTCFullYear(year, month - 1, day)
  // Date makes 2024-02-30 the first of March
  return utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day ? utc.getTime() : Number.NaN
}

/** When the nth day of a year begins (ISO 8601, ordinal date). */
export function ordinalDayMs(year: number, nth: number): number {
  const ms = dayMs(year, 1, 1) + (nth - 1) * DAY_MS
  return nth >= 1 && new Date(ms).getUTCFullYear() === year ? ms : Number.NaN
}

/**
 * When a day of a week begins (ISO 8601, week date): the first week is that with the year's first
 * Thursday.
 */
export function weekDayMs(year: number, week: number, weekday: number): number {
  if (week < 1 || weekday < 1 || weekday > 7) return Number.NaN
  const fourth = dayMs(year, 1, 4)
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS
  const thursday = monday + ((week - 1) * 7 + 3) * DAY_MS
  return new Date(thursday).getUTCFullYear() === year
    ? thursday + (weekday - 4) * DAY_MS
    : Number.NaN
}

/**
 * Milliseconds since midnight; NaN where no clock shows this. 24:00:00 is the end of the day (ISO
 * 8601-1:2019/Amd 1:2022), and so the next midnight. Second 60 is taken for 59: whether it is a
 * leap second is to be asked of `isLeapSecond`.
 */
export function clockMs(
  hour: number,
  minute: number,
  second: number,
  hasFraction: boolean
): number {
  const isEnd = hour === 24 && minute === 0 && second === 0 && !hasFraction
  if ((hour > 23 && !isEnd) || minute > 59 || second > 60) return Number.NaN
  return (hour * 3600 + minute * 60 + Math.min(second, 59)) * 1000
}

/** The days after which UTC had a second 60: IERS, Bulletin C. None was announced since 2016. */
const LEAP_DAYS = [
  '1972-06-30 1972-12-31 1973-12-31 1974-12-31 1975-12-31 1976-12-31 1977-12-31 1978-12-31 1979-12-31',
  '1981-06-30 1982-06-30 1983-06-30 1985-06-30 1987-12-31 1989-12-31 1990-12-31 1992-06-30 1993-06-30',
  '1994-06-30 1995-12-31 1997-06-30 1998-12-31 2005-12-31 2008-12-31 2012-06-30 2015-06-30 2016-12-31'
]
const LEAP_SECONDS = new Set(
  LEAP_DAYS.join(' ')
    .split(' ')
    .map(day => Date.parse(`${day}T23:59:59Z`))
)

/** True if a leap second followed this one, the last of its day in UTC (RFC 3339, section 5.7). */
export const isLeapSecond = (lastMs: number): boolean => LEAP_SECONDS.has(lastMs - (lastMs % 1000))
