import type { Problem } from '../../core/options-error.ts'
import { stepsOf } from '../../core/record/field-path.ts'
import type { Settings } from './settings.ts'

/** What is wrong between the fields, in the dialog and at the start. */
export function problemsBetween(settings: Settings): Problem[] {
  const { recordsAt, listPath, restTo, topic, mode } = settings
  const problems: Problem[] = []
  if (recordsAt === 'list' && listPath === '')
    problems.push(['listPath', 'must name the field with the list'])
  const open = topic === '#' || topic.endsWith('/#')
  if (restTo !== '' && !open) problems.push(['restTo', 'needs a topic that ends in #'])
  if (settings.metricTo === settings.valueTo)
    problems.push(['valueTo', 'must be another field than the one of the metric'])
  return mode === 'unpivot' ? [...problems, ...unpivotProblems(settings)] : problems
}

function unpivotProblems(settings: Settings): Problem[] {
  const { keep, metricTo, valueTo, which, names, separator } = settings
  const problems: Problem[] = []
  const taken = keep.findIndex(({ from, to }) => [metricTo, valueTo].includes(to || from))
  if (taken >= 0)
    problems.push(['keep', `row ${taken + 1}: this is the field of the metric or the value`])
  if (which === 'only' && names.length === 0) problems.push(['names', 'there must be at least one'])
  if (which !== 'only') return problems
  const seen = new Set<string>()
  for (const [index, { field, metric }] of names.entries()) {
    const name = metric || (stepsOf(field)?.join(separator) ?? '')
    if (seen.has(name))
      problems.push(['names', `row ${index + 1}: there is a metric "${name}" already`])
    seen.add(name)
  }
  return problems
}
