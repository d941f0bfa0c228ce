import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { afterLeap, eastMs, MAX_CHARACTERS, readIso } from '../../core/record/iso-time.ts'
import { numberIn } from '../../core/record/number-text.ts'
import type { Reason } from '../../core/record/record.ts'
import { type RepeatedHour, zoneOf } from '../../core/record/zone.ts'
import { fromDecimal, fromNumber, type Unit } from './epoch.ts'
import { type Instant, MAX_MS, MIN_MS } from './instant.ts'
import type { ReadForms } from './patterns.ts'
import { excelMs, readSecondsAndNanos, readSpelled } from './spelled.ts'

export interface Rules {
  readonly unit: Unit | 'auto' | 'excel'
  readonly fold: RepeatedHour
  /** Forms of a person's own; they go before all others. */
  readonly forms?: ReadForms | undefined
}

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
 * Reads a timestamp in any of the forms that devices use. `zone` gives the name of the zone for a
 * time without one; it is asked only then, and gives undefined where nobody said.
 */
export function readTimestamp(
  value: unknown,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason {
  const result = read(value, rules, zone)
  if (isReason(result) || (result.ms >= MIN_MS && result.ms <= MAX_MS)) return result
  return unparsable(`The time ${shown(value)} is not in the years 1 to 9999.`)
}

function read(value: unknown, rules: Rules, zone: () => string | undefined): Instant | Reason {
  if (isMissing(value)) return { code: 'TS_MISSING', message: 'The record has no time.' }
  if (typeof value === 'number' && Number.isFinite(value)) {
    const own = rules.forms && fromForms(String(value), rules, zone)
    return (
      own ??
      (rules.unit === 'excel' ? fromExcel(value, rules, zone) : fromNumber(value, rules.unit))
    )
  }
  // Nanoseconds are more than a number holds.
  if (isExactNumber(value)) return read(String(value), rules, zone)
  if (typeof value === 'object') {
    const parts = readSecondsAndNanos(value as object)
    if (parts !== undefined) return { ...parts, rule: 'seconds and nanos' }
  }
  if (typeof value !== 'string' || value.length > MAX_CHARACTERS)
    return unparsable(`The time ${shown(value)} is neither a number nor a date and time.`)
  return fromText(value, rules, zone)
}

/** True where a record has no time at all. */
export const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === ''

function fromText(value: string, rules: Rules, zone: () => string | undefined): Instant | Reason {
  const text = value.trim()
  return (
    (rules.forms && fromForms(text, rules, zone)) ??
    (rules.unit === 'excel'
      ? fromExcel(numberIn(text), rules, zone)
      : fromDecimal(text, rules.unit)) ??
    fromIso(text, rules, zone) ??
    fromSpelled(text, rules, zone) ??
    unparsable(
      `The time ${shown(value)} is none of: ${rules.forms ? 'the own forms, ' : ''}epoch, ISO 8601 with date and time, RFC 2822.`
    )
  )
}

function fromForms(
  text: string,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason | undefined {
  const time = rules.forms!(text)
  if (time === undefined || 'code' in time) return time
  const { ms, extraNs, isLeap, isLocal, pattern } = time
  const instant = { ms, extraNs, rule: pattern }
  return leapt(isLocal ? inZone(instant, zone(), rules.fold) : instant, isLeap, text)
}

function fromExcel(days: number, rules: Rules, zone: () => string | undefined): Instant | Reason
function fromExcel(
  days: number | undefined,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason | undefined
function fromExcel(
  days: number | undefined,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason | undefined {
  if (days === undefined) return undefined
  const ms = excelMs(days)
  if (Number.isNaN(ms))
    return unparsable(`${days} is no day from March 1900 to 9999, as Excel counts.`)
  return inZone({ ms, extraNs: 0, rule: 'Excel' }, zone(), rules.fold)
}

function fromIso(
  text: string,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason | undefined {
  const time = readIso(text)
  if (time === undefined) return undefined
  const { offset, region } = time
  if (offset !== undefined && eastMs(offset) === undefined) return unknownZone(offset)
  if (Number.isNaN(time.ms)) return noSuchTime(text)
  // RFC 9557, section 3.4: where an offset is given, it counts, and the name in brackets is a
  // remark.
  const { ms, extraNs, isLeap } = time
  const instant = { ms, extraNs, rule: 'ISO 8601' }
  return leapt(
    offset === undefined ? inZone(instant, region ?? zone(), rules.fold) : instant,
    isLeap,
    text
  )
}

function fromSpelled(
  text: string,
  rules: Rules,
  zone: () => string | undefined
): Instant | Reason | undefined {
  const spelled = readSpelled(text)
  if (spelled === undefined) return undefined
  if (Number.isNaN(spelled.ms)) return noSuchTime(text)
  const { ms, rule, zone: offset } = spelled
  const instant = { ms, extraNs: 0, rule }
  const read =
    offset === undefined
      ? inZone(instant, zone(), rules.fold)
      : atOffset(instant, MAIL_ZONES[offset.toLowerCase()] ?? offset)
  return leapt(read, spelled.isLeap, text)
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
const unknownZone = (name: string): Reason => ({
  code: 'TS_ZONE_UNKNOWN',
  message: `There is no time zone ${shown(name)}.`
})

function inZone(
  { ms, extraNs, rule }: Instant,
  name: string | undefined,
  fold: RepeatedHour
): Instant | Reason {
  if (name === undefined)
    return {
      code: 'TS_ZONE_MISSING',
      message: 'The time has no zone, and nothing says in which zone it is meant.'
    }
  const zone = zoneOf(name)
  if (!zone) return unknownZone(name)
  const utc = zone.toUtc(ms, fold)
  if (utc === 'twice') {
    return {
      code: 'TS_AMBIGUOUS_LOCAL',
      message: `This time came twice in ${zone.name}, because the clocks were put back.`
    }
  }
  if (utc === 'skipped') {
    return {
      code: 'TS_NONEXISTENT_LOCAL',
      message: `This time did not exist in ${zone.name}, because the clocks were put forward.`
    }
  }
  return { ms: utc, extraNs, rule: `${rule}, ${zone.name}` }
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  return typeof value === 'number'
    ? String(value)
    : `of the type ${Array.isArray(value) ? 'list' : typeof value}`
}
