import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import { withoutSlashes } from '../../core/upload/slashes.ts'

/** Where clients of InfluxDB 2 and 3, and of 1.8, write to. */
const WRITES = ['api/v2/write', 'write']
/** What they ask to see whether somebody is there. */
const ASKS = ['ping', 'health', 'api/v2/ping', 'api/v2/health']

/** Units of the time of a line, in powers of ten of a nanosecond; some clients write `us` for u. */
const DIGITS: Readonly<Record<string, number>> = { ns: 0, n: 0, u: 3, us: 3, µ: 3, ms: 6, s: 9 }

export type AskedFor = 'write' | 'presence' | undefined

export function askedOf(path: string, prefix: string): AskedFor {
  const before = withoutSlashes(prefix)
  const start = before === '' ? '' : `${before}/`
  if (!path.startsWith(start)) return undefined
  const rest = path.slice(start.length)
  if (WRITES.includes(rest)) return 'write'
  return ASKS.includes(rest) ? 'presence' : undefined
}

/** What a write says beside its lines. */
export interface WriteQuery {
  /** How many zeros its times lack to be nanoseconds. */
  readonly digits: number
  readonly bucket: string | undefined
}

/** Undefined for a precision that does not exist. */
export function writeQuery(query: URLSearchParams): WriteQuery | undefined {
  const precision = query.get('precision') ?? 'ns'
  if (!Object.hasOwn(DIGITS, precision)) return undefined
  return { digits: DIGITS[precision]!, bucket: query.get('bucket') ?? query.get('db') ?? undefined }
}

/**
 * Gives a point its time in nanoseconds, as text since a number does not hold 19 digits: its own,
 * or that of its arrival. The bucket becomes a field where the point has none of that name.
 */
export function completePoint(
  point: TelemetryRecord,
  { digits, bucket }: WriteQuery,
  arrivedMs: number
): ParseFailure | undefined {
  const { ts } = point
  if (ts === undefined) point.ts = `${arrivedMs}000000`
  else if (typeof ts !== 'string' || !/^-?\d+$/.test(ts))
    return new ParseFailure('FORMAT_INVALID', 'The time of the point is no integer.', 'ts')
  else if (digits > 0 && ts !== '0') point.ts = ts + '0'.repeat(digits)
  if (bucket !== undefined && !Object.hasOwn(point, 'bucket')) point.bucket = bucket
  return undefined
}
