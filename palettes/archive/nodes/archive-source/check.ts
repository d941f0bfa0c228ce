import type { Problem } from '@millrace/node-red-telemetry'
import { templateProblems } from '../../core/template-problems.ts'

/** What is wrong with the path, and between the two bounds. */
export function problemsBetween(values: Readonly<Record<string, unknown>>): Problem[] {
  const { path = '', since = '', until = '' } = values
  const problems: Problem[] = templateProblems(String(path)).map(what => ['path', what] as const)
  if (since !== '' && until !== '' && !(Date.parse(String(since)) < Date.parse(String(until))))
    problems.push(['until', `must be after Since (${String(since)})`])
  return problems
}
