import { clockMs, dayMs } from '../../core/record/calendar.ts'
import { afterLeap, eastMs, MAX_CHARACTERS, readIso } from '../../core/record/iso-time.ts'
import type { Reason } from '../../core/record/record.ts'
import { fromDecimal, fromNumber, type Unit } from './epoch.ts'
import { type Instant, MAX_MS, MIN_MS } from './instant.ts'
import { type Fold, zoneOf } from './time-zone.ts'

export interface Rules {
  readonly unit: Unit | 'auto'
  readonly fold: Fold
}

/** RFC 2822, section 3.3, and the same without a zone: `Fri, 23 Feb 2024 13:46:40 +0000`. */
const MAIL =
  /^(?:(sun|mon|tue|wed|thu|fri|sat), *)?(\d{1,2}) +([a-z]{3}) +(\d{4}) +(\d\d):(\d\d)(?::(\d\d))?(?: +([+-]\d{4}|[a-z]{1,5}))?$/i

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** RFC 2822, section 4.3; other letters do not say a zone. */
const MAIL_ZONES: Readonly<Record<string, string>> = {
  ut: '+0000',
  utc: '+0000',
  gmt: '+0000',
  z: '+0000',
  est: '-0500',
  edt: '-0400',
  cst: '-0600',
  cdt: '-0500',
  mst: '-0700',
  mdt: '-0600',
  pst: '-0800',
  pdt: '-0700'
}

const unparsable = (message: string): Reason => ({ code: 'TS_UNPARSABLE', message })

export const isReason = (result: Instant | Reason): result is Reason => 'code' in result

/**
 * Reads a timestamp in any of the forms that devices use. `zone` gives the name of the zone for a time without one; it is
 * asked only then, and gives undefined where nobody said.
 */
export function readTimestamp(value: unknown, rules: Rules, zone: () => string | undefined): Instant | Reason {
  const result = read(value, rules, zone)
  if (isReason(result) || (result.ms >= MIN_MS && result.ms <= MAX_MS)) return result
  return unparsable(`The time ${shown(value)} is not in the years 1 to 9999.`)
}

function read(value: unknown, rules: Rules, zone: () => string | undefined): Instant | Reason {
  if (typeof value === 'number' && Number.isFinite(value)) return fromNumber(value, rules.unit)
  // Nanoseconds are more than a number holds.
  if (typeof value === 'bigint') return read(String(value), rules, zone)
  if (value === undefined || value === null || value === '') return { code: 'TS_MISSING', message: 'The record has no time.' }
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS)
    return unparsable(`The time ${shown(value)} is neither a number nor a date and time.`)
  const text = value.trim()
  return (
    fromDecimal(text, rules.unit) ??
    fromIso(text, rules, zone) ??
    fromMail(text, rules, zone) ??
    unparsable(`The time ${shown(value)} is none of: epoch, ISO 8601 with date and time, RFC 2822.`)
  )
}

function fromIso(text: string, rules: Rules, zone: () => string | undefined): Instant | Reason | undefined {
  const time = readIso(text)
  if (time === undefined) return undefined
  const { offset, region } = time
  if (offset !== undefined && eastMs(offset) === undefined) return unknownZone(offset)
  if (Number.isNaN(time.ms)) return noSuchTime(text)
  // RFC 9557, section 3.4: where an offset is given, it counts, and the name in brackets is a remark.
  const { ms, extraNs, isLeap } = time
  const instant = { ms, extraNs, rule: 'ISO 8601' }
  return leapt(offset === undefined ? inZone(instant, region ?? zone(), rules.fold) : instant, isLeap, text)
}

function fromMail(text: string, rules: Rules, zone: () => string | undefined): Instant | Reason | undefined {
  const match = MAIL.exec(text)
  if (!match) return undefined
  const [, weekday, day, month = '', year, hour, minute, second = '0', offset] = match
  const date = dayMs(Number(year), MONTHS.indexOf(month.toLowerCase()) + 1, Number(day))
  const ms = date + clockMs(Number(hour), Number(minute), Number(second), false)
  const impossible = Number.isNaN(ms) || (weekday && DAYS[new Date(date).getUTCDay()] !== weekday.toLowerCase())
  if (impossible) return noSuchTime(text)
  const instant = { ms, extraNs: 0, rule: 'RFC 2822' }
  const read = offset === undefined ? inZone(instant, zone(), rules.fold) : atOffset(instant, MAIL_ZONES[offset.toLowerCase()] ?? offset)
  return leapt(read, Number(second) === 60, text)
}

/** Second 60 is taken for the next one, where there was a leap second. */
function leapt(read: Instant | Reason, isLeap: boolean, text: string): Instant | Reason {
  if (!isLeap || isReason(read)) return read
  const ms = afterLeap(read.ms, true)
  return Number.isNaN(ms) ? noSuchTime(text) : { ...read, ms }
}

function atOffset({ ms, extraNs, rule }: Instant, offset: string): Instant | Reason {
  const east = /^[+-]/.test(offset) ? eastMs(offset) : undefined
  return east === undefined ? unknownZone(offset) : { ms: ms - east, extraNs, rule }
}

const noSuchTime = (text: string): Reason => unparsable(`There is no such time as ${shown(text)}.`)
const unknownZone = (name: string): Reason => ({ code: 'TS_ZONE_UNKNOWN', message: `There is no time zone ${shown(name)}.` })

function inZone({ ms, extraNs, rule }: Instant, name: string | undefined, fold: Fold): Instant | Reason {
  if (name === undefined) return { code: 'TS_ZONE_MISSING', message: 'The time has no zone, and nothing says in which zone it is meant.' }
  const zone = zoneOf(name)
  if (!zone) return unknownZone(name)
  const utc = zone.toUtc(ms, fold)
  if (utc === 'twice') {
    return { code: 'TS_AMBIGUOUS_LOCAL', message: `This time came twice in ${zone.name}, because the clocks were put back.` }
  }
  if (utc === 'skipped') {
    return { code: 'TS_NONEXISTENT_LOCAL', message: `This time did not exist in ${zone.name}, because the clocks were put forward.` }
  }
  return { ms: utc, extraNs, rule: `${rule}, ${zone.name}` }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  return typeof value === 'number' ? String(value) : `of the type ${Array.isArray(value) ? 'list' : typeof value}`
}
