import type { Problem } from '@millrace/node-red-telemetry'
import { templateProblems } from '../../core/template-problems.ts'

/** What is wrong with the fields and between them. */
export function problemsBetween(values: Readonly<Record<string, unknown>>): Problem[] {
  const { path = '', format, compression, columns, rest } = values
  const problems: Problem[] = templateProblems(String(path)).map(what => ['path', what] as const)
  if (compression === 'snappy' && format !== 'parquet')
    problems.push(['compression', 'snappy is for Parquet only'])
  if (format === 'jsonl' || !Array.isArray(columns)) return problems
  const rows = columns as readonly { readonly column: string; readonly digits?: string }[]
  const names = rows.map(({ column }) => column)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index)
      problems.push(['columns', `row ${index + 1}: there is a column "${name}" already`])
    if (name === 'rest' && rest === 'column')
      problems.push(['columns', `row ${index + 1}: "rest" is the column of the other fields`])
    const [precision, scale = 0] = String(rows[index]!.digits || '18,6')
      .split(',')
      .map(Number)
    if (precision !== undefined && scale > precision)
      problems.push(['columns', `row ${index + 1}: more digits behind the point than in all`])
  }
  return problems
}
