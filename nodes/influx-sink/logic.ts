import { PRODUCTS, type Product, type ProductName } from '../../core/influx/products.ts'
import type { Target } from '../../core/influx/settings.ts'
import type { Options } from '../../core/node/spec.ts'
import { OptionsError, type Problem } from '../../core/options-error.ts'
import { problemsBetween } from './check.ts'
import { LineMaker, type LineOptions } from './line.ts'
import { spec } from './spec.ts'

export type InfluxSinkOptions = Options<typeof spec>

/** What the options ask for, made ready. */
export interface LinePlan {
  readonly maker: LineMaker
  readonly target: Target
  readonly maxLines: number
  readonly maxBytes: number
}

/**
 * @param service what the lines are for; where nobody knows yet, InfluxDB 2
 * @throws OptionsError that lists all that is wrong with the mapping
 */
export function sinkPlan(options: InfluxSinkOptions, service: ProductName = 'influx2'): LinePlan {
  const product = PRODUCTS[service]
  const problems = [...problemsBetween(options), ...problemsFor(options, service, product)]
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  return {
    maker: new LineMaker(lineOptionsOf(options), product),
    target: {
      database: options.database,
      retention: options.retention,
      precision: options.precision
    },
    maxLines: options.maxLines,
    maxBytes: options.maxKilobytes * 1000
  }
}

const lineOptionsOf = (options: InfluxSinkOptions): LineOptions => ({
  measurement: options.measurement,
  rows: options.rows,
  time: options.time,
  precision: options.precision,
  longAsText: options.longNumbers === 'text'
})

const NAMES_A_DATABASE = new Set<ProductName>(['influx1', 'influx2', 'influx3', 'timestream'])
const CREATES = new Set<ProductName>(['influx1', 'questdb'])

/** What this server cannot do of what is asked for. */
function problemsFor(
  options: InfluxSinkOptions,
  service: ProductName,
  product: Product
): Problem[] {
  const { name } = product
  const problems: Problem[] = []
  if (options.create === 'create' && !CREATES.has(service))
    problems.push(['create', `nothing is created in ${name} by this node`])
  if (options.retention !== '' && service !== 'influx1')
    problems.push(['retention', `${name} has none; its retention is that of the bucket or table`])
  if (options.longNumbers === 'text' && !product.takesTexts)
    problems.push(['longNumbers', `${name} keeps no texts`])
  for (const [index, row] of options.rows.entries()) {
    const says = rowProblem(row, product)
    if (says !== undefined) problems.push(['rows', `row ${index + 1}: ${says}`])
  }
  return problems
}

function rowProblem(
  { name, type }: InfluxSinkOptions['rows'][number],
  { name: server, reserved, takesTexts, takesUnsigned }: Product
): string | undefined {
  if (reserved.includes(name)) return `"${name}" means something else in ${server}`
  if (!takesTexts && (type === 'text' || type === 'json')) return `${server} keeps no texts`
  if (!takesUnsigned && type === 'unsigned') return `${server} has no unsigned integers`
  return undefined
}

/** Of a node that runs: a database must be named where the server has several. */
export const databaseProblem = (options: InfluxSinkOptions, service: ProductName): Problem[] =>
  options.database === '' && NAMES_A_DATABASE.has(service) ? [['database', 'is required']] : []
