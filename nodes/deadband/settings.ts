import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { type Get, getter } from '../../core/record/field-path.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'
import { keyBy, timeBy } from '../../core/state/keyed.ts'
import type { Memory, Turn } from '../../core/state/types.ts'
import { spec } from './spec.ts'

export type DeadbandOptions = Options<typeof spec>

/** What all methods share. */
export interface DeadbandSettings extends Pick<Memory<unknown>, 'keyOf' | 'timeOf'> {
  readonly valueIn: Get
  /** How far a value may be from this one, which passed. */
  widthOf(passed: number, record: TelemetryRecord): number
  readonly maxSilenceMs: number
  readonly minPauseMs: number
  readonly options: DeadbandOptions
}

/** Of a field that must hold a duration; the form has checked it. */
export const msOf = (text: string): number => durationMs(text) ?? 0

/** @throws OptionsError */
export function settingsOf(options: DeadbandOptions): DeadbandSettings {
  const problems = problemsOf(options)
  if (problems.length > 0) throw new OptionsError(spec.label, problems)
  return {
    keyOf: keyBy(options.key.map(({ field }) => field)),
    timeOf: timeBy(options.timeField),
    valueIn: getter(options.valueField),
    widthOf: widthOf(options),
    maxSilenceMs: options.maxSilence === '' ? Number.POSITIVE_INFINITY : msOf(options.maxSilence),
    minPauseMs: msOf(options.minPause),
    options
  }
}

function problemsOf(options: DeadbandOptions): string[] {
  const problems: string[] = []
  const { method, band, low, high, every, maxSilence, minPause } = options
  if (band === 'range' && high <= low && method !== 'interval' && method !== 'duplicates')
    problems.push(`${spec.fields.high.label}: must be more than where the range begins`)
  if (method === 'interval' && msOf(every) < 1)
    problems.push(`${spec.fields.every.label}: must be at least 1 ms`)
  if (method === 'exception' && maxSilence !== '' && msOf(maxSilence) <= msOf(minPause))
    problems.push(`${spec.fields.maxSilence.label}: must be longer than "At most one every"`)
  return problems
}

/** A width of 0.1 lets 20.3 and 20.4 be alike, whose difference is a little more in binary. */
const WITH_ROUNDING = 1 + 1e-9

function widthOf({ band, width, widths, low, high }: DeadbandOptions): DeadbandSettings['widthOf'] {
  const others = new Map(widths.map(({ metric, width: other }) => [metric, other]))
  const given = (record: TelemetryRecord) =>
    (others.size === 0 ? width : (others.get(record.metric as string) ?? width)) * WITH_ROUNDING
  if (band === 'absolute') return (_passed, record) => given(record)
  if (band === 'range') return (_passed, record) => (given(record) * (high - low)) / 100
  return (passed, record) => (given(record) * Math.abs(passed)) / 100
}

export const isUsable = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value)

/** What the last value was that is no number, where that counts. */
export interface OtherState {
  other?: string
}

/** Deals with a record whose value is no number; what it was is noted in `state`. */
export function takeOther(
  { options }: DeadbandSettings,
  state: OtherState,
  record: TelemetryRecord,
  value: unknown,
  turn: Turn
): void {
  if (options.unusable === 'reject') turn.reject(notANumber(options.valueField, value))
  else if (options.unusable === 'pass') turn.emit(0, record)
  else {
    const text = otherText(value)
    if (state.other !== text) turn.emit(0, record)
    state.other = text
  }
}

export function notANumber(field: string, value: unknown): Reason {
  const message =
    value === undefined || value === null
      ? `The record has no ${field}.`
      : `The field ${field} is no number: ${otherText(value).slice(0, 60)}.`
  return { code: 'NOT_A_NUMBER', message, path: field }
}

/** Long values are compared by their beginning. */
const otherText = (value: unknown): string => {
  if (typeof value === 'string') return value.slice(0, 500)
  return typeof value === 'object' ? 'an object or a list' : String(value)
}
