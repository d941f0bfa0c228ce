import { ParseFailure } from '../record/parse-failure.ts'
import { instantText } from './instant-text.ts'

const DAY_S = 86_400
const NANOS = 1_000_000_000n

/** So many of the unit are a second. */
const PER_SECOND = { millis: 1_000n, micros: 1_000_000n, nanos: NANOS } as const

type Read = (value: unknown) => unknown

/** Since 1970; the time of a clock on the wall where it is `local`, which has no zone then. */
const instant =
  (unit: keyof typeof PER_SECOND, isLocal: boolean): Read =>
  value => {
    const [seconds, nanos] = parts(value, unit)
    const text = instantText(seconds, nanos)
    return isLocal && typeof text === 'string' ? text.slice(0, -1) : text
  }

/** Since midnight. */
const clock =
  (unit: keyof typeof PER_SECOND): Read =>
  value => {
    const [seconds, nanos] = parts(value, unit)
    if (seconds < 0 || seconds >= DAY_S)
      return new ParseFailure('FORMAT_INVALID', 'It has a time that no clock shows.', '')
    const text = instantText(seconds, nanos)
    return typeof text === 'string' ? text.slice(11, -1) : text
  }

function parts(value: unknown, unit: keyof typeof PER_SECOND): [seconds: number, nanos: number] {
  const nanos = BigInt(value as number | bigint) * (NANOS / PER_SECOND[unit])
  const rest = ((nanos % NANOS) + NANOS) % NANOS
  return [Number((nanos - rest) / NANOS), Number(rest)]
}

function date(days: unknown): string | ParseFailure {
  const text = instantText(Number(days) * DAY_S, 0)
  return typeof text === 'string' ? text.replace(/T.*$/, '') : text
}

const HEX_OF_UUID = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

/** Bytes come as base64. */
const bytesOf = (value: unknown) => Buffer.from(value as string, 'base64')

const uuid: Read = value => bytesOf(value).toString('hex').replace(HEX_OF_UUID, '$1-$2-$3-$4-$5')

const duration: Read = value => {
  const bytes = bytesOf(value)
  return {
    months: bytes.readUInt32LE(0),
    days: bytes.readUInt32LE(4),
    millis: bytes.readUInt32LE(8)
  }
}

/**
 * What a value means, Avro 1.12, "Logical Types", and the type that it is written as; decimals are
 * read with the bytes themselves. A name with another type means nothing, as it says there.
 */
const LOGICAL = {
  date: ['int', date],
  'time-millis': ['int', clock('millis')],
  'time-micros': ['long', clock('micros')],
  'timestamp-millis': ['long', instant('millis', false)],
  'timestamp-micros': ['long', instant('micros', false)],
  'timestamp-nanos': ['long', instant('nanos', false)],
  'local-timestamp-millis': ['long', instant('millis', true)],
  'local-timestamp-micros': ['long', instant('micros', true)],
  'local-timestamp-nanos': ['long', instant('nanos', true)],
  uuid: [16, uuid],
  duration: [12, duration]
} as const satisfies Record<string, readonly [written: string | number, read: Read]>

export type AvroLogical = keyof typeof LOGICAL

/** The type that a value is written as, by its name; bytes of a fixed number by their size. */
interface Written {
  readonly kind: string
  readonly size?: number
}

export function isLogical(name: unknown, type: Written): name is AvroLogical {
  if (typeof name !== 'string' || !Object.hasOwn(LOGICAL, name)) return false
  const [written] = LOGICAL[name as AvroLogical]
  return type.kind === 'fixed' ? type.size === written : type.kind === written
}

/** The value as a record holds it; the reason in its place where there is no such time. */
export const meaningOf = (logical: AvroLogical, value: unknown): unknown =>
  LOGICAL[logical][1](value)
