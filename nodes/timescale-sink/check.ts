import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import { isTableName } from '../../core/table-name.ts'
import { type AggregateOptions, aggregateProblems } from './aggregate-rows.ts'
import { namesIn, ordersIn } from './column-list.ts'
import type { spec } from './spec.ts'

type Columns = Pick<Options<typeof spec>, 'table' | 'columns' | 'conflict'>
type Layout = Pick<Options<typeof spec>, 'columns' | 'create' | 'segmentBy' | 'orderBy'>

/** What is wrong with the table's name and with what is made of its columns, all at once. */
export function problemsBetween(options: Columns & AggregateOptions & Layout): Problem[] {
  const { table } = options
  const problems: Problem[] = [
    ...columnProblems(options).map((problem): Problem => ['columns', problem]),
    ...aggregateProblems(options).map((problem): Problem => ['aggregates', problem]),
    ...layoutProblems(options)
  ]
  if (isTableName(table)) return problems
  return [
    ['table', `"${table}" is not a table's name such as telemetry or iot.telemetry`],
    ...problems
  ]
}

function columnProblems({ columns, conflict }: Columns): string[] {
  if (columns.length === 0) return ['there must be at least one']
  const problems: string[] = []
  const seen = new Set<string>()
  for (const [index, { column, from }] of columns.entries()) {
    if (seen.has(column)) problems.push(`row ${index + 1}: the column ${column} is there twice`)
    if (!isFieldPath(from))
      problems.push(`row ${index + 1}: "${from}" is not a field's name or path`)
    seen.add(column)
  }
  const keys = columns.filter(({ role }) => role === 'key')
  if (keys.length === 0 && conflict !== 'ignore')
    problems.push('to replace or reject what is there already, some columns must be the key')
  // TimescaleDB: a unique index must hold the column that the table is split by
  if (conflict === 'newest') return [...problems, ...newestProblems(columns)]
  if (keys.length > 0 && !keys.some(({ type }) => type === 'timestamptz'))
    problems.push('a key needs a time among its columns')
  return problems
}

/** Only a time tells what is newer, and it would be a row of its own if it were part of the key. */
function newestProblems(columns: Columns['columns']): string[] {
  const times = columns.filter(({ type }) => type === 'timestamptz')
  if (times.some(({ role }) => role === 'key'))
    return ['to keep the newest, the time must not be part of the key: make it required']
  if (times.some(({ role }) => role === 'required')) return []
  return ['to keep the newest, a time must be among the required columns']
}

/** What a compressed chunk is segmented and sorted by must be there; the time must not segment. */
function layoutProblems({ columns, create, segmentBy, orderBy }: Layout): Problem[] {
  if (create !== 'create') return []
  const types = new Map(columns.map(({ column, type }) => [column, type]))
  const segments = namesIn(segmentBy)
  const orders = ordersIn(orderBy).map(({ column }) => column)
  const missing = (field: string, names: readonly string[]): Problem[] =>
    names.filter(name => !types.has(name)).map(name => [field, `there is no column ${name} above`])
  return [
    ...missing('segmentBy', segments),
    ...missing('orderBy', orders),
    ...segments
      .filter(name => types.get(name) === 'timestamptz')
      .map((name): Problem => ['segmentBy', `${name} is a time, of which each row has another`]),
    ...orders
      .filter(name => segments.includes(name))
      .map((name): Problem => ['orderBy', `${name} is the same in all rows of a segment`])
  ]
}
