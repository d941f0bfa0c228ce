import { durationMs } from '../../core/duration.ts'
import type { Options } from '../../core/node/spec.ts'
import {
  AGGREGATES,
  type Aggregate,
  type AggregateWish,
  aggregateColumn,
  BUCKET,
  type Refresh
} from '../../core/postgres/aggregates.ts'
import {
  MAX_NAME_BYTES,
  parseTableName,
  quoted,
  type TableName
} from '../../core/postgres/identifier.ts'
import { namesIn } from './column-list.ts'
import type { spec } from './spec.ts'

type Given = Options<typeof spec>
type Row = Given['aggregates'][number]
export type AggregateOptions = Pick<
  Given,
  'table' | 'columns' | 'aggregates' | 'zone' | 'conflict' | 'create' | 'retainDays'
>

const DAY_MS = 86_400_000

/** Of each bucket: how long it is, the longest where that differs, and how names end in it. */
const BUCKETS: Readonly<Record<Row['bucket'], { readonly ms: number; readonly short: string }>> = {
  '1 minute': { ms: 60_000, short: '1min' },
  '5 minutes': { ms: 300_000, short: '5min' },
  '10 minutes': { ms: 600_000, short: '10min' },
  '15 minutes': { ms: 900_000, short: '15min' },
  '30 minutes': { ms: 1_800_000, short: '30min' },
  '1 hour': { ms: 3_600_000, short: '1h' },
  '6 hours': { ms: 6 * 3_600_000, short: '6h' },
  '12 hours': { ms: 12 * 3_600_000, short: '12h' },
  '1 day': { ms: DAY_MS, short: '1d' },
  '1 week': { ms: 7 * DAY_MS, short: '1w' },
  '1 month': { ms: 31 * DAY_MS, short: '1month' }
}

/** Each row of the list made ready; `time` is the column that the table is split by. */
export const aggregatesOf = (options: AggregateOptions, time: string): AggregateWish[] =>
  options.aggregates.map(row => ({
    view: viewOf(row, options.table)!,
    bucket: row.bucket,
    zone: zoneOf(row, options.zone),
    time,
    of: namesIn(row.of),
    values: valuesIn(row),
    by: namesIn(row.by),
    isRealTime: row.view === 'live',
    refresh: refreshOf(row, keptMs(options))
  }))

/** TimescaleDB knows no other buckets by a zone than those from a day on. */
const zoneOf = ({ bucket }: Row, zone: string): string | undefined =>
  BUCKETS[bucket].ms < DAY_MS || zone === 'UTC' ? undefined : zone

const valuesIn = ({ values }: Row): Aggregate[] =>
  namesIn(values.toLowerCase()).filter(name =>
    AGGREGATES.some(known => known === name)
  ) as Aggregate[]

/** Beside its table where no schema is given. */
function viewOf({ name, bucket }: Row, table: string): TableName | undefined {
  const of = parseTableName(table)
  if (of === undefined) return undefined
  const view = name === '' ? nameBeside(of, BUCKETS[bucket].short) : parseTableName(name)
  if (view === undefined || view.schema !== undefined || of.schema === undefined) return view
  const { schema } = of
  return { schema, name: view.name, sql: `${quoted(schema)}.${quoted(view.name)}` }
}

function nameBeside({ name }: TableName, short: string): TableName {
  const view = `${name}_${short}`
  return { name: view, sql: quoted(view) }
}

/** How long the table keeps rows, as far as this node decides that. */
const keptMs = ({ create, retainDays }: AggregateOptions): number =>
  create === 'create' && retainDays > 0 ? retainDays * DAY_MS : Number.POSITIVE_INFINITY

/**
 * A refresh of what the table has dropped already would empty the view as well, so it ends where
 * the table does.
 */
function refreshOf({ bucket, from, until, every }: Row, kept: number): Refresh {
  const { ms } = BUCKETS[bucket]
  return {
    fromMs: durationMs(from) ?? Math.min(Math.max(7 * DAY_MS, 10 * ms), kept),
    untilMs: durationMs(until) ?? ms,
    everyMs: durationMs(every) ?? Math.min(ms, DAY_MS)
  }
}

/** What is wrong with the rows of the list, each with its number. */
export function aggregateProblems(options: AggregateOptions): string[] {
  const { aggregates, conflict } = options
  if (aggregates.length === 0) return []
  if (conflict === 'newest')
    return ['a table of last values keeps nothing that could be aggregated']
  const names = new Map<string, number>()
  return aggregates.flatMap((row, index) =>
    [...rowProblems(row, options), ...nameProblems(row, options, names, index)].map(
      problem => `row ${index + 1}: ${problem}`
    )
  )
}

function nameProblems(
  row: Row,
  { table }: AggregateOptions,
  names: Map<string, number>,
  index: number
): string[] {
  if (!Object.hasOwn(BUCKETS, row.bucket) || parseTableName(table) === undefined) return []
  const view = viewOf(row, table)
  if (view === undefined) return [`"${row.name}" is not a name such as telemetry_1h`]
  if (new TextEncoder().encode(view.name).length > MAX_NAME_BYTES)
    return [`the name ${view.name} is longer than ${MAX_NAME_BYTES} bytes: give it another`]
  if (view.sql === parseTableName(table)?.sql) return ['has the name of the table']
  const before = names.get(view.sql)
  names.set(view.sql, index)
  return before === undefined
    ? []
    : [`has the name ${view.name}, as row ${before + 1}: give one of them another name`]
}

function rowProblems(row: Row, options: AggregateOptions): string[] {
  if (!Object.hasOwn(BUCKETS, row.bucket)) return []
  const unknown = namesIn(row.values.toLowerCase()).filter(
    name => !AGGREGATES.some(known => known === name)
  )
  return [
    ...unknown.map(name => `"${name}" is none of ${AGGREGATES.join(', ')}`),
    ...columnProblems(row, options),
    ...refreshProblems(row, options)
  ]
}

const NUMBERS = ['double precision', 'integer', 'bigint', 'numeric']
/** Types without an order, in the words of the dialog. */
const UNORDERED: Readonly<Record<string, string>> = { boolean: 'true / false', jsonb: 'JSON' }

function columnProblems(row: Row, { columns }: AggregateOptions): string[] {
  const of = namesIn(row.of)
  const by = namesIn(row.by)
  const types = new Map(columns.map(({ column, type }) => [column, type]))
  const missing = [...new Set([...of, ...by])].filter(name => !types.has(name))
  const inNumbers = valuesIn(row).filter(value => value === 'avg' || value === 'sum')
  const ordered = valuesIn(row).filter(value => value === 'min' || value === 'max')
  const noNumbers = of.filter(name => types.has(name) && !NUMBERS.includes(types.get(name)!))
  const unordered = of.flatMap(name => {
    const type = UNORDERED[types.get(name) ?? '']
    return type === undefined || ordered.length === 0
      ? []
      : [`of ${name}, which is ${type}, there is no ${ordered[0]}`]
  })
  const made = [
    BUCKET,
    ...by,
    ...of.flatMap(name => valuesIn(row).map(value => aggregateColumn(name, value)))
  ]
  const twice = new Set(made.filter((name, at) => made.indexOf(name) < at))
  return [
    ...(of.length === 0 || valuesIn(row).length === 0 ? ['aggregates nothing'] : []),
    ...missing.map(name => `there is no column ${name} above`),
    ...(inNumbers.length === 0
      ? []
      : noNumbers.map(name => `${name} holds no numbers, which ${inNumbers[0]} needs`)),
    ...unordered,
    ...[...twice].map(name => `would have the column ${name} twice`)
  ]
}

/** TimescaleDB wants two buckets at least in what a refresh looks at. */
function refreshProblems(row: Row, options: AggregateOptions): string[] {
  const kept = keptMs(options)
  const { fromMs, untilMs, everyMs } = refreshOf(row, kept)
  const { ms } = BUCKETS[row.bucket]
  if (fromMs > kept)
    return [
      `the table keeps ${options.retainDays} days: a refresh from before that would empty the view`
    ]
  if (fromMs - untilMs < 2 * ms)
    return [`between Refresh from and Until must be two buckets at least (2 × ${row.bucket})`]
  return everyMs < 1000 ? ['Refresh each must be 1 s at least'] : []
}
