import type { Options } from '../../core/node/spec.ts'
import { OptionsError } from '../../core/options-error.ts'
import { type Get, getter, setter } from '../../core/record/field-path.ts'
import { inSlices } from '../../core/record/in-slices.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { ParseFailure, unfitness } from '../../core/record/parse-record.ts'
import {
  lastHeader,
  provenanceOf,
  type Reason,
  type Rejection,
  reject,
  type TelemetryRecord,
  TIME_HEADER
} from '../../core/record/record.ts'
import { problemsBetween } from './check.ts'
import { type Instant, isoText } from './instant.ts'
import { formsReader } from './patterns.ts'
import { type Reshape, reshaper, Unconvertible } from './reshape.ts'
import { spec } from './spec.ts'
import { isMissing, isReason, readTimestamp } from './timestamp.ts'

export type NormalizedRecord = readonly [
  normalized: readonly unknown[],
  rejected: readonly Rejection[]
]

const STAGE = 'normalize'
const DAY_MS = 86_400_000

/**
 * Makes the function that gives the records of a message their time in UTC. It is written into the
 * record itself, which is ours: Node-RED clones a message for every wire but the first. A record
 * that is rejected stays as it came.
 * @param now the clock, in milliseconds since 1970; asked once a message
 * @throws OptionsError for settings that cannot be used
 */
export function normalizer(
  options: Options<typeof spec>,
  now: () => number
): (message: Message) => NormalizedRecord {
  const normalize = recordNormalizer(options)
  return message => {
    const outputs: NormalizeOutputs = { normalized: [], rejected: [] }
    const nowMs = now()
    for (const record of recordsOf(message.payload)) normalize(record, nowMs, outputs)
    return [outputs.normalized, outputs.rejected]
  }
}

/** The same, and a batch that takes long gives others their turn. */
export function slicedNormalizer(
  options: Options<typeof spec>,
  now: () => number
): (message: Message) => NormalizedRecord | Promise<NormalizedRecord> {
  const normalize = recordNormalizer(options)
  return message => {
    const outputs: NormalizeOutputs = { normalized: [], rejected: [] }
    const sorted: NormalizedRecord = [outputs.normalized, outputs.rejected]
    const nowMs = now()
    const rest = inSlices(recordsOf(message.payload), record => normalize(record, nowMs, outputs))
    return rest === undefined ? sorted : rest.then(() => sorted)
  }
}

interface NormalizeOutputs {
  readonly normalized: unknown[]
  readonly rejected: Rejection[]
}

function recordNormalizer(
  options: Options<typeof spec>
): (given: unknown, nowMs: number, outputs: NormalizeOutputs) => void {
  const problems = problemsBetween(options)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const reshape: Reshape = reshaper(options.fields) ?? (record => record)
  const stamp = stamper(options)
  return (given, nowMs, { normalized, rejected }) => {
    const record = unfitness(given) ?? reshape(given as TelemetryRecord)
    const reason =
      record instanceof ParseFailure || record instanceof Unconvertible
        ? record
        : stamp(record, nowMs)
    if (reason) rejected.push(reject(given, STAGE, reason))
    else normalized.push(record)
  }
}

/** Writes the time in UTC into a record, or says why it cannot. */
function stamper(
  options: Options<typeof spec>
): (record: TelemetryRecord, nowMs: number) => Reason | undefined {
  const get = getter(options.field)
  const put = setter(options.target)
  const putDecision = options.decision === '' ? undefined : setter(options.decision)
  const zone = zoneNamer(options)
  const instead = standIn(options.missing)
  const rules = { unit: options.unit, fold: options.fold, forms: formsReader(options.forms) }
  const maxAheadMs = options.futureS === 0 ? Number.POSITIVE_INFINITY : options.futureS * 1000
  const maxBehindMs = options.pastDays === 0 ? Number.POSITIVE_INFINITY : options.pastDays * DAY_MS
  return (record, nowMs) => {
    const value = get(record)
    const instant =
      (isMissing(value) ? instead(record, nowMs) : undefined) ??
      readTimestamp(value, rules, () => zone(record))
    if (isReason(instant)) return { ...instant, path: options.field }
    const text = isoText(instant.ms, instant.extraNs)
    if (instant.ms - nowMs > maxAheadMs) return tooFar('TS_FUTURE', text, instant, nowMs, options)
    if (nowMs - instant.ms > maxBehindMs) return tooFar('TS_PAST', text, instant, nowMs, options)
    put(record, text)
    putDecision?.(record, instant.rule)
    return undefined
  }
}

/** What is taken for the time of a record that has none. */
function standIn(
  missing: Options<typeof spec>['missing']
): (record: unknown, nowMs: number) => Instant | Reason | undefined {
  if (missing === 'arrival')
    return (_record, nowMs) => ({ ms: nowMs, extraNs: 0, rule: 'time of arrival' })
  if (missing === 'kafka') return record => kafkaTime(record) ?? NO_KAFKA_TIME
  return () => undefined
}

const NO_KAFKA_TIME: Reason = {
  code: 'TS_MISSING',
  message: 'The record has no time, and did not come by Kafka, which would have one.'
}

/**
 * The time of the Kafka record; of one that was replayed, that of the first, which its dead letter
 * kept.
 */
function kafkaTime(record: unknown): Instant | undefined {
  const taken = provenanceOf(record)?.taken
  const kept = taken && lastHeader(taken.headers, TIME_HEADER)?.toString()
  const origin = taken?.origin
  const text =
    kept !== undefined && /^\d{1,15}$/.test(kept)
      ? kept
      : origin?.kind === 'kafka'
        ? origin.timestamp
        : ''
  return /^\d{1,15}$/.test(text)
    ? { ms: Number(text), extraNs: 0, rule: 'time of the Kafka record' }
    : undefined
}

function tooFar(
  code: 'TS_FUTURE' | 'TS_PAST',
  text: string,
  { ms, rule }: Instant,
  nowMs: number,
  { field, futureS, pastDays }: Options<typeof spec>
): Reason {
  const [side, bound] =
    code === 'TS_FUTURE' ? ['in the future', `${futureS} s`] : ['in the past', `${pastDays} days`]
  const message = `The time ${text} (${rule}) is ${duration(Math.abs(ms - nowMs))} ${side}; at most ${bound} are allowed.`
  return { code, message, path: field }
}

function duration(ms: number): string {
  if (ms < 7_200_000) return `${Math.round(ms / 1000)} s`
  return ms < 2 * DAY_MS ? `${Math.round(ms / 3_600_000)} hours` : `${Math.round(ms / DAY_MS)} days`
}

function zoneNamer({
  zoneFrom,
  zone,
  zoneField
}: Options<typeof spec>): (record: unknown) => string | undefined {
  if (zoneFrom === 'fixed') return () => zone
  if (zoneFrom === 'none') return () => undefined
  const get: Get = getter(zoneField)
  return record => {
    const name = get(record)
    return typeof name === 'string' && name !== '' ? name : undefined
  }
}
