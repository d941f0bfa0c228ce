import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import type { spec } from './spec.ts'

type Checked = Pick<Options<typeof spec>, 'field' | 'target' | 'decision' | 'fields'>

/** What is wrong between the fields that the node reads and writes. */
export function problemsBetween({ field, target, decision, fields }: Checked): Problem[] {
  const problems: Problem[] = rowProblems(fields).map(problem => ['fields', problem])
  if (target === field) problems.push(['target', `must be another field than ${field}, so that the original is kept`])
  if (decision === target || decision === field) problems.push(['decision', 'must be a field of its own'])
  return problems
}

const rowProblems = (rows: Checked['fields']): string[] =>
  rows.flatMap(({ from, to }, index) =>
    [from, to || from].flatMap(path => (isFieldPath(path) ? [] : [`row ${index + 1}: "${path}" is not the path of a field`]))
  )
