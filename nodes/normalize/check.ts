import type { Options } from '../../core/node/spec.ts'
import type { Problem } from '../../core/options-error.ts'
import { isFieldPath } from '../../core/record/field-path.ts'
import { isLanguage, patternProblem } from './pattern-problem.ts'
import type { spec } from './spec.ts'

type Checked = Pick<Options<typeof spec>, 'field' | 'target' | 'decision' | 'fields' | 'forms'>

/** What is wrong between the fields that the node reads and writes. */
export function problemsBetween({ field, target, decision, fields, forms }: Checked): Problem[] {
  const problems: Problem[] = rowProblems(fields).map(problem => ['fields', problem])
  for (const problem of formProblems(forms)) problems.push(['forms', problem])
  if (target === field)
    problems.push(['target', `must be another field than ${field}, so that the original is kept`])
  if (decision === target || decision === field)
    problems.push(['decision', 'must be a field of its own'])
  return problems
}

const formProblems = (forms: Checked['forms']): string[] =>
  forms.flatMap(({ pattern, language }, index) => {
    const problem =
      patternProblem(pattern) ??
      (isLanguage(language)
        ? undefined
        : `is in "${language}", which is no language such as en or de`)
    return problem === undefined ? [] : [`row ${index + 1}: "${pattern}" ${problem}`]
  })

const rowProblems = (rows: Checked['fields']): string[] =>
  rows.flatMap(({ from, to }, index) =>
    [from, to || from].flatMap(path =>
      isFieldPath(path) ? [] : [`row ${index + 1}: "${path}" is not the path of a field`]
    )
  )
