import {
  compact,
  getter,
  instantMicros,
  type Options,
  ParseFailure,
  parseRecord,
  type Rejection,
  reject,
  type TelemetryRecord
} from '@millrace/node-red-telemetry'
import { templateProblems } from '../../core/template-problems.ts'
import type { spec } from './spec.ts'

export type SourceOptions = Options<typeof spec>

/** What one run brings back. */
export interface Wanted {
  readonly path: string
  /** ISO 8601; empty for no bound. */
  readonly since: string
  readonly until: string
}

const PARTS = ['path', 'since', 'until'] as const

/**
 * What a message decides of it wins over the dialog. What it says besides is not ignored, since
 * more would be brought back than was meant.
 */
export function wantedBy(dialog: Wanted, payload: unknown): Wanted | { problems: string[] } {
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  const given = (isObject ? payload : {}) as Record<string, unknown>
  const problems = Object.entries(given).flatMap(([name, value]) => {
    if (!PARTS.includes(name as 'path'))
      return [`"${name}" decides nothing here; ${PARTS.join(', ')} do`]
    return typeof value === 'string' ? [] : [`${name} must be a text such as the dialog has`]
  })
  const { path, since, until } = { ...dialog, ...given } as Wanted
  for (const [name, text] of Object.entries({ since, until }))
    if (typeof text === 'string' && text !== '' && Number.isNaN(Date.parse(text)))
      problems.push(`${name}: "${text}" is not a time such as 2026-01-31T00:00:00Z`)
  if (typeof path === 'string')
    problems.push(...templateProblems(path).map(each => `path: ${each}`))
  return problems.length > 0 ? { problems } : { path, since, until }
}

export const boundsOf = ({ since, until }: Wanted): readonly [fromMs: number, untilMs: number] => [
  since === '' ? Number.NEGATIVE_INFINITY : Date.parse(since),
  until === '' ? Number.POSITIVE_INFINITY : Date.parse(until)
]

/** Where a row stands. */
export interface Place {
  readonly file: string
  readonly row: number
}

const RULES = { trailingNuls: 'reject', nanAsNull: false, exact: true } as const
const MAX_SHOWN = 10_000

/** Makes records of rows; undefined where one is not wanted. */
export function recordMaker(
  { timeField, rest }: Pick<SourceOptions, 'timeField' | 'rest'>,
  wanted: Wanted
): (text: string, place: Place) => TelemetryRecord | Rejection | undefined {
  const [fromMs, untilMs] = boundsOf(wanted)
  const isBounded = Number.isFinite(fromMs) || Number.isFinite(untilMs)
  const timeOf = timeField === '' || !isBounded ? undefined : getter(timeField)
  return (text, place) => {
    const record = parseRecord(Buffer.from(text), RULES)
    if (record instanceof ParseFailure)
      return reject({ ...place, text: text.slice(0, MAX_SHOWN) }, 'archive-source', record)
    const whole = rest ? putBack(record) : record
    if (timeOf === undefined) return whole
    const micros = instantMicros(timeOf(whole))
    const ms = micros === undefined ? Number.NaN : Number(micros) / 1000
    return ms >= fromMs && ms < untilMs ? whole : undefined
  }
}

function putBack(record: TelemetryRecord): TelemetryRecord {
  const { rest, ...own } = record
  if (typeof rest !== 'string') return record
  const more = parseRecord(Buffer.from(rest), RULES)
  return more instanceof ParseFailure ? record : { ...more, ...own }
}

export interface Progress {
  files: number
  filesDone: number
  records: number
  rejected: number
  /** Not in the time range. */
  others: number
}

export const progressText = ({ files, filesDone, records }: Progress): string =>
  `${compact(records)} brought back · ${compact(filesDone)} of ${compact(files)} files`
