import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import type { spec } from './spec.ts'

type Checked = Pick<Options<typeof spec>, 'rows' | 'measurement' | 'create'>

/** As line protocol or InfluxDB have them; a server drops or refuses what is called so. */
const RESERVED = new Set(['time', '_time', '_field', '_measurement'])

/** What is wrong between the fields of the dialog, all at once. */
export function problemsBetween({ rows, measurement, create }: Checked): Problem[] {
  const problems: Problem[] = rowProblems(rows).map(problem => ['rows', problem])
  if (create === 'create' && /\{(?!\{)/.test(measurement.replaceAll('{{', '')))
    problems.push(['create', 'a measurement that is made of fields cannot be created before'])
  return problems
}

function rowProblems(rows: Checked['rows']): string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const [index, { name, from }] of rows.entries()) {
    const row = `row ${index + 1}`
    if (seen.has(name)) problems.push(`${row}: "${name}" is there twice`)
    if (RESERVED.has(name))
      problems.push(`${row}: no tag or field can be called "${name}", which is the point's own`)
    if (/[\n\r]|\\$/.test(name))
      problems.push(`${row}: a name has no line break, and no backslash at its end`)
    if (!isFieldPath(from)) problems.push(`${row}: "${from}" is not a field's name or path`)
    seen.add(name)
  }
  if (!rows.some(({ type }) => type !== 'tag'))
    problems.push('a point needs at least one field beside its tags')
  return problems
}
