import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import { isTableName } from '../../core/table-name.ts'
import type { spec } from './spec.ts'

type Columns = Pick<Options<typeof spec>, 'table' | 'columns' | 'conflict'>

/** What is wrong with the table's name and with the mapping, all at once. */
export function problemsBetween(options: Columns): Problem[] {
  const { table } = options
  const problems: Problem[] = columnProblems(options).map(problem => ['columns', problem])
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
