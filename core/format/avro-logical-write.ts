import { extraNs, parseIso, readIso } from '../record/iso-time.ts'
import type { AvroLogical } from './avro-logical.ts'
import { isPlain } from './schema-misfit.ts'
import { integerIn } from './written-values.ts'

/** What a value must be, where it is none of its logical type. */
export class NoneOf {
  constructor(readonly wanted: string) {}
}

type Write = (value: unknown) => unknown

const NANOS = { millis: 1_000_000n, micros: 1_000n, nanos: 1n } as const
const DAY_MS = 86_400_000
type Unit = keyof typeof NANOS

/** Nanoseconds in whole units; what is finer would be lost. */
function inUnits(ms: number, nanos: number, unit: Unit): bigint | undefined {
  const all = BigInt(ms) * 1_000_000n + BigInt(nanos)
  return all % NANOS[unit] === 0n ? all / NANOS[unit] : undefined
}

/** A text is a time; a number counts already what the schema counts. */
const instant = (unit: Unit, isLocal: boolean): Write => {
  const zone = isLocal ? 'without a zone' : 'with a zone'
  const wanted = `an ISO 8601 time ${zone} of whole ${unit}, or a number of ${unit} since 1970`
  return value => {
    if (typeof value !== 'string') return integerIn(value) ?? new NoneOf(wanted)
    return (isLocal ? localIn(value, unit) : zonedIn(value, unit)) ?? new NoneOf(wanted)
  }
}

function zonedIn(text: string, unit: Unit): bigint | undefined {
  const ms = parseIso(text)
  return Number.isNaN(ms) ? undefined : inUnits(ms, extraNs, unit)
}

function localIn(text: string, unit: Unit): bigint | undefined {
  const time = readIso(text)
  if (time === undefined || Number.isNaN(time.ms) || time.offset !== undefined) return undefined
  return time.isLeap ? undefined : inUnits(time.ms, time.extraNs, unit)
}

const clock = (unit: Unit): Write => {
  const wanted = `a time of the day such as 15:20:00 of whole ${unit}, or a number of ${unit} since midnight`
  return value => {
    if (typeof value !== 'string') return integerIn(value) ?? new NoneOf(wanted)
    return localIn(`1970-01-01T${value}`, unit) ?? new NoneOf(wanted)
  }
}

const DAY = 'a date such as 2024-02-23, or a number of days since 1970'

function date(value: unknown): unknown {
  if (typeof value !== 'string') return integerIn(value) ?? new NoneOf(DAY)
  const time = /^[+-]?\d{4,6}-\d\d-\d\d$/.test(value) ? readIso(`${value}T00:00:00`) : undefined
  return time === undefined || Number.isNaN(time.ms) ? new NoneOf(DAY) : time.ms / DAY_MS
}

function uuid(value: unknown): unknown {
  const hex = typeof value === 'string' ? value.replaceAll('-', '') : ''
  const isOne = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(String(value))
  return isOne ? Buffer.from(hex, 'hex') : new NoneOf('a UUID')
}

function duration(value: unknown): unknown {
  const parts = isPlain(value) ? [value.months, value.days, value.millis] : []
  if (parts.length === 0 || !parts.every(isUnsigned32))
    return new NoneOf('an object with months, days and millis')
  const bytes = Buffer.alloc(12)
  for (const [index, part] of parts.entries()) bytes.writeUInt32LE(part as number, index * 4)
  return bytes
}

const isUnsigned32 = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff_ffff

const LOGICAL: Readonly<Record<AvroLogical, Write>> = {
  date,
  'time-millis': clock('millis'),
  'time-micros': clock('micros'),
  'timestamp-millis': instant('millis', false),
  'timestamp-micros': instant('micros', false),
  'timestamp-nanos': instant('nanos', false),
  'local-timestamp-millis': instant('millis', true),
  'local-timestamp-micros': instant('micros', true),
  'local-timestamp-nanos': instant('nanos', true),
  uuid,
  duration
}

/** What a value of a record is as the type that its logical type is written as. */
export const writtenOf = (logical: AvroLogical, value: unknown): unknown => LOGICAL[logical](value)
