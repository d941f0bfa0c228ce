import { durationText } from '../duration.ts'
import { quoted, type TableName } from './identifier.ts'

/** What is made of the values of a column in each bucket. */
export const AGGREGATES = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/** A continuous aggregate of TimescaleDB: a view that is kept up to date by a policy. */
export interface AggregateWish {
  readonly view: TableName
  /** As PostgreSQL reads an interval: `1 hour`. */
  readonly bucket: string
  /** Where days, weeks and months begin; UTC where absent. */
  readonly zone?: string | undefined
  readonly time: string
  readonly of: readonly string[]
  readonly values: readonly Aggregate[]
  readonly by: readonly string[]
  /** What no refresh has reached yet is computed when it is asked for. */
  readonly isRealTime: boolean
  readonly refresh: Refresh
}

/** Which buckets a policy brings up to date, by how long ago they are, and how often. */
export interface Refresh {
  readonly fromMs: number
  readonly untilMs: number
  readonly everyMs: number
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const interval = (ms: number): string => `INTERVAL ${literal(durationText(ms))}`

/** The name of the column that holds the begin of each bucket. */
export const BUCKET = 'bucket'

export const aggregateColumn = (column: string, value: Aggregate): string => `${column}_${value}`

/** The query of the view. */
export function aggregateQuery(table: TableName, wish: AggregateWish): string {
  const { time, by, of, values, zone } = wish
  const bucket = [
    `INTERVAL ${literal(wish.bucket)}`,
    quoted(time),
    ...(zone ? [literal(zone)] : [])
  ]
  const columns = [
    `time_bucket(${bucket.join(', ')}) AS ${quoted(BUCKET)}`,
    ...by.map(quoted),
    ...of.flatMap(column => values.map(value => valueExpression(column, value, time)))
  ]
  const groups = ['1', ...by.map(quoted)]
  return `SELECT ${columns.join(', ')} FROM ${table.sql} GROUP BY ${groups.join(', ')}`
}

function valueExpression(column: string, value: Aggregate, time: string): string {
  const ordered = value === 'first' || value === 'last' ? `, ${quoted(time)}` : ''
  return `${value}(${quoted(column)}${ordered}) AS ${quoted(aggregateColumn(column, value))}`
}

/** The statements that make the view and its policy, in order. */
export const aggregateStatements = (table: TableName, wish: AggregateWish): string[] => [
  `CREATE MATERIALIZED VIEW ${wish.view.sql} WITH (timescaledb.continuous, timescaledb.materialized_only = ${!wish.isRealTime}) AS ${aggregateQuery(table, wish)} WITH NO DATA`,
  policyStatement(wish)
]

export const policyStatement = ({ view, refresh }: AggregateWish): string =>
  `SELECT add_continuous_aggregate_policy(${literal(view.sql)}, start_offset => ${interval(refresh.fromMs)}, end_offset => ${interval(refresh.untilMs)}, schedule_interval => ${interval(refresh.everyMs)})`

export const policyRemoval = ({ view }: AggregateWish): string =>
  `SELECT remove_continuous_aggregate_policy(${literal(view.sql)})`

export const realTimeStatement = ({ view, isRealTime }: AggregateWish): string =>
  `ALTER MATERIALIZED VIEW ${view.sql} SET (timescaledb.materialized_only = ${!isRealTime})`

/** What brings all that a table holds into the view, however old it is. */
export const fillStatement = ({ view }: AggregateWish): string =>
  `CALL refresh_continuous_aggregate(${literal(view.sql)}, NULL, NULL)`
