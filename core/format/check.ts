import { isFieldPath } from '../record/field-path.ts'
import { formatFields } from './fields.ts'
import type { Placing } from './records-at.ts'

/** What is wrong with where the records are said to be, in words; empty if nothing is. */
export function placingProblems({ at, path, keyField, valueField }: Placing): string[] {
  const problems: string[] = []
  if (at !== 'message' && path !== '' && !isFieldPath(path))
    problems.push(`${formatFields.path.label}: "${path}" is not the path of a field`)
  for (const [{ label: text }, name] of [
    [formatFields.keyField, keyField],
    [formatFields.valueField, valueField]
  ] as const) {
    if (name === '__proto__') problems.push(`${text}: "${name}" cannot be the name of a field`)
  }
  if (at === 'object' && keyField === valueField)
    problems.push(`${formatFields.keyField.label}: must be another field than ${valueField}`)
  return problems
}
