import type { Problem } from '../../core/options-error.ts'
import type { AggregateSettings, FunctionName } from './settings.ts'

type Row = AggregateSettings['functions'][number]

/** Short names of functions that have another than their own. */
const SHORT: Readonly<Partial<Record<FunctionName, (parameter: string) => string>>> = {
  percentile: percent => `p${percent.trim().replace('.', '_')}`,
  seconds: state => (state.trim() === '' ? 'seconds' : `seconds_${state.trim()}`)
}

/** What is wrong with what a function is given. */
const PROBLEMS: Readonly<Partial<Record<FunctionName, (parameter: string) => string | undefined>>> =
  {
    percentile: percent =>
      percent.trim() !== '' && Number(percent) >= 0 && Number(percent) <= 100
        ? undefined
        : 'give the percentile, a number from 0 to 100',
    increase: limit =>
      limit.trim() === '' || Number(limit) > 0
        ? undefined
        : 'the limit at which the counter begins again is a number above 0, or empty'
  }

/** `avg`, or `temperature_avg` where the field is another than the usual one. */
export function nameOf(row: Row, valueField: string): string {
  if (row.as !== '') return row.as
  const short = SHORT[row.function]?.(row.parameter) ?? row.function
  return row.field === '' || row.field === valueField ? short : `${row.field}_${short}`
}

/** What is wrong with the rows, by the name of the setting. */
export function functionProblems({ functions, valueField }: AggregateSettings): Problem[] {
  const problems: Problem[] = []
  const names = new Set<string>()
  for (const [index, row] of functions.entries()) {
    const say = (problem: string) => problems.push(['functions', `row ${index + 1}: ${problem}`])
    const problem = PROBLEMS[row.function]?.(row.parameter)
    if (problem !== undefined) say(problem)
    const name = nameOf(row, valueField)
    if (names.has(name)) say(`there is a result "${name}" already; give one of them another name`)
    names.add(name)
  }
  return problems
}
