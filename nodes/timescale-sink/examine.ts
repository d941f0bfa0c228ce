import { type OperatorAnswer, QUESTIONS, spanText } from '../../core/node/answer.ts'
import { askAside } from '../../core/postgres/ask-aside.ts'
import type { TableName } from '../../core/postgres/identifier.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { hasFailed, ratioOf, type TableState, tableState } from '../../core/postgres/table-state.ts'

const question = QUESTIONS.table

/** How the table stands, for doctor; what keeps it from being asked, the database node says. */
export async function examined(
  database: Database,
  table: TableName,
  signal: AbortSignal
): Promise<OperatorAnswer[]> {
  const about = table.name
  try {
    const state = await askAside(database, signal, aside =>
      aside.with(session => tableState(session, table))
    )
    if (state === undefined)
      return [{ question, about, found: 'is not there yet', state: 'unknown' }]
    return [{ question, about, found: foundIn(state), ...verdictOf(state) }]
  } catch {
    return [{ question, about, found: 'could not be asked', state: 'unknown' }]
  }
}

function foundIn({ bytes, chunks, compression, jobs }: TableState): string {
  const size = `${Math.round(bytes / 1e6)} MB`
  if (chunks === undefined) return `${size}, a plain table`
  const ratio =
    compression === undefined ? '' : `, ${ratioOf(compression).toFixed(1)} times smaller`
  const ran = jobs.map(({ job, lastRunMs }) => {
    const name = job.replace('policy_', '')
    return lastRunMs === null
      ? `${name} has not run yet`
      : `${name} ran ${spanText(Date.now() - lastRunMs)} ago`
  })
  return [
    `${size} in ${chunks.count} chunks`,
    `${chunks.compressed} of them compressed${ratio}`,
    ...(ran.length === 0 ? ['no jobs'] : ran)
  ].join(', ')
}

function verdictOf({ jobs }: TableState): Pick<OperatorAnswer, 'state' | 'todo'> {
  const failed = jobs.find(hasFailed)
  if (failed === undefined) return { state: 'well' }
  const why = failed.lastError === null ? '' : ` It says: ${failed.lastError}`
  return {
    state: 'look',
    todo: `The job ${failed.job} of ${failed.of} failed the last time: see timescaledb_information.job_errors.${why}`
  }
}
