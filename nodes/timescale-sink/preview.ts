import type { Previewed, SortedSample } from '../../core/node/preview.ts'
import { aggregateStatements } from '../../core/postgres/aggregates.ts'
import { statementsFor } from '../../core/postgres/bootstrap.ts'
import { quoted } from '../../core/postgres/identifier.ts'
import { insertStatement } from '../../core/postgres/insert-statement.ts'
import { misfitReason, type Plan, Rows } from '../../core/postgres/rows.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { type Message, recordsOf } from '../../core/record/message.ts'
import { reject } from '../../core/record/record.ts'
import { type SinkOptions, sinkPlan } from './logic.ts'

/** So many rows hold what a dialog asks for. */
const MOST_ROWS = 1_000

/**
 * The rows that records would become, and why some would be rejected, by the columns of the dialog;
 * no database is asked. With it the statements that would be run.
 */
export function previewed(options: SinkOptions): Previewed {
  const { plan } = sinkPlan(options)
  const text = statementsFrom(options)
  return {
    sort(message: Message): SortedSample {
      const rows = new Rows(plan, MOST_ROWS)
      const written: unknown[] = []
      const rejected: unknown[] = []
      for (const record of recordsOf(message.payload).slice(0, MOST_ROWS)) {
        const problem = rows.append(record)
        if (problem === undefined) written.push({ $row: rowOf(record, plan) })
        else rejected.push(reject(record, 'timescale-sink', misfitReason(problem)))
      }
      return { outputs: [written, rejected], filtered: 0, text }
    }
  }
}

/** The statements that would be run with these settings. */
export function statementsFrom(options: SinkOptions): string {
  const { plan, ...wish } = sinkPlan(options)
  const statements = statementsFor({ ...wish, plan }, 'columnstore').map(each => `${each};`)
  const created = options.create === 'create' ? [...CREATES, ...statements, ''] : []
  const { table, aggregates = [] } = wish
  const views = aggregates.flatMap(each => aggregateStatements(table, each)).map(each => `${each};`)
  const why = options.create === 'create' ? MISSING_VIEWS : COPIED_VIEWS
  const aggregated = views.length > 0 ? [`-- ${why}`, ...views, ''] : []
  const written =
    options.conflict === 'newest'
      ? `${insertStatement(plan, table, 'newest', 'true')};`
      : insertion(plan, table.sql)
  return [...created, ...aggregated, `-- ${WRITES}`, written].join('\n')
}

const CREATES = ['-- where the table is missing']
const MISSING_VIEWS = 'where a continuous aggregate is missing'
const COPIED_VIEWS =
  'continuous aggregates, to be run by somebody who may; the node creates nothing'
const WRITES = 'for each batch, in binary form'

const insertion = ({ mappings }: Plan, table: string): string =>
  `COPY ${table} (${mappings.map(({ column }) => quoted(column)).join(', ')}) FROM STDIN;`

/** What stands in each column, as a person reads it. */
const rowOf = (record: unknown, { mappings, getters }: Plan): Record<string, unknown> =>
  Object.fromEntries(
    mappings.map(({ column, type }, index) => {
      const value = getters[index]!(record) ?? null
      const isText = type === 'text' || type === 'jsonb' || type === 'numeric'
      return [
        column,
        isText && value !== null && typeof value !== 'string' ? jsonText(value) : value
      ]
    })
  )
