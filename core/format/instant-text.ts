import { ParseFailure } from '../record/parse-failure.ts'

/** Seconds since 1970 and nanoseconds as ISO 8601 in UTC, with as many places as it needs. */
export function instantText(seconds: number, nanos: number): string | ParseFailure {
  const time = new Date(seconds * 1000)
  const isFraction = Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9
  if (Number.isNaN(time.getTime()) || !isFraction)
    return new ParseFailure('FORMAT_INVALID', 'It has a time that does not exist.', '')
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '')
  return `${time.toISOString().slice(0, -5)}${fraction === '' ? '' : `.${fraction}`}Z`
}
