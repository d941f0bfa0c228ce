import { ParseFailure } from '../../core/record/parse-failure.ts'
import type { Metric } from '../../core/sparkplug/types.ts'
import type { ArrivalOutcome, Entry, FailedEntry, MetricEntry, MetricReading } from './arrival.ts'
import { CLASH, type Definition, unitsIn } from './births.ts'

/** Metrics between two looks at the clock. */
export const STEP = 256

/** Metrics that belong to the protocol and measure nothing. */
const PROTOCOL: ReadonlySet<string> = new Set(['bdSeq', 'Node Control/Rebirth'])

/**
 * What a message holds, some at a time, since one with many metrics takes several turns of the
 * event loop. Gone through once, in the order of the messages: units are told only when they
 * change.
 * @param leftOut told of values that are left out on purpose
 */
export function* entriesOf(
  { arrival, entries, reading }: ArrivalOutcome,
  leftOut: (values: number) => void
): Generator<readonly Entry[]> {
  for (let from = 0; from < entries.length; from += STEP) yield entries.slice(from, from + STEP)
  if (reading === undefined) return
  const { metrics } = arrival!.payload
  for (let from = 0; from < metrics.length; from += STEP) {
    const found = entriesAt(metrics, from, reading)
    const kept = reading.leavesValuesOut ? found.filter(isFailed) : found
    if (kept.length < found.length) leftOut(found.length - kept.length)
    yield kept
  }
}

const isFailed = (entry: Entry): entry is FailedEntry => entry.kind === 'failed'

/** Gives each of a step of metrics its name, datatype and units. */
function entriesAt(metrics: readonly Metric[], from: number, reading: MetricReading): Entry[] {
  const entries: Entry[] = []
  let lacksAlias = false
  const to = Math.min(metrics.length, from + STEP)
  for (let place = from; place < to; place++) {
    const entry = entryOf(metrics[place]!, place, reading)
    if (entry === undefined) continue
    entries.push(entry)
    lacksAlias ||= entry.kind === 'failed' && entry.failure.code === 'SPARKPLUG_ALIAS_UNKNOWN'
  }
  if (lacksAlias) reading.lacksAlias()
  return entries
}

/** Undefined for a metric of the protocol itself. */
function entryOf(
  metric: Metric,
  place: number,
  reading: MetricReading
): MetricEntry | FailedEntry | undefined {
  const found = definitionOf(metric, reading)
  if (found instanceof ParseFailure) {
    const { code, message } = found
    return { kind: 'failed', failure: new ParseFailure(code, message, `metrics.${place}`) }
  }
  if (PROTOCOL.has(found.name)) return undefined
  const units = unitsIn(metric.properties)
  // Properties are sent again only when they change.
  if (units !== undefined) found.units = units
  return {
    kind: 'metric',
    place,
    metric,
    name: found.name,
    datatype: metric.datatype || found.datatype,
    units: found.units,
    isOrphan: reading.birth === undefined
  }
}

function definitionOf(
  { name, alias, datatype }: Metric,
  { birth, isSure }: MetricReading
): Definition | ParseFailure {
  if (name !== undefined) return birth?.byName(name) ?? { name, datatype, units: undefined }
  if (alias === undefined)
    return new ParseFailure('FORMAT_INVALID', 'The metric has neither a name nor an alias.')
  if (birth === undefined || !isSure) return birthMissing(`what the alias ${alias} stands for`)
  const found = birth.byAlias(alias)
  if (found !== undefined && found !== CLASH) return found
  return new ParseFailure(
    'SPARKPLUG_ALIAS_UNKNOWN',
    found === CLASH
      ? `The alias ${alias} stands for several metrics of the birth.`
      : `No metric of the birth has the alias ${alias}.`
  )
}

export const birthMissing = (what: string): ParseFailure =>
  new ParseFailure(
    'SPARKPLUG_BIRTH_MISSING',
    `Only the birth says ${what}; the node had none that it could rely on, and none came in time.`
  )
