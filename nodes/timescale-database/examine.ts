import { type OperatorAnswer, QUESTIONS, spanText } from '../../core/node/answer.ts'
import { askAside } from '../../core/postgres/ask-aside.ts'
import { databaseSentence } from '../../core/postgres/connect-errors.ts'
import { type DatabaseHealth, databaseHealth } from '../../core/postgres/health.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { sqlstateOf } from '../../core/postgres/sqlstate.ts'

/** Others need connections as well. */
const MANY_CONNECTIONS = 0.8
/** It keeps rows from being cleaned up, and policies from running. */
const LONG_TRANSACTION_S = 600

/** too_many_connections */
const FULL = '53300'
const RUN_OUT =
  'Connections run out: see in pg_stat_activity who has them, or put PgBouncer in front.'

/** Whether the database is healthy, for doctor. */
export async function examined(database: Database, signal: AbortSignal): Promise<OperatorAnswer> {
  const { host, port, database: name } = database.settings
  const about = `${name} at ${host}:${port}`
  const question = QUESTIONS.database
  try {
    const health = await askAside(database, signal, databaseHealth)
    return { question, about, found: foundIn(health), ...verdictOf(health) }
  } catch (error) {
    const found = databaseSentence(error, database.place)
    // Those that write have theirs.
    if (sqlstateOf(error) === FULL) return { question, about, found, state: 'look', todo: RUN_OUT }
    const todo = 'Start the server, or mend what the sentence names; records wait meanwhile.'
    return { question, about, found, state: 'bad', todo }
  }
}

const foundIn = ({
  answeredMs,
  connections,
  maxConnections,
  bytes,
  seesOthers
}: DatabaseHealth): string =>
  [
    `answers in ${spanText(answeredMs)}`,
    `${connections} of ${maxConnections} connections`,
    `${Math.round(bytes / 1e6)} MB`,
    ...(seesOthers
      ? []
      : ['open transactions of other users cannot be seen (that takes pg_read_all_stats)'])
  ].join(', ')

function verdictOf(health: DatabaseHealth): Pick<OperatorAnswer, 'state' | 'todo'> {
  if (health.isStandby)
    return {
      state: 'bad',
      todo: 'It is a standby, which takes no rows: name the primary, or several hosts and "read-write".'
    }
  if (health.connections > health.maxConnections * MANY_CONNECTIONS)
    return {
      state: 'look',
      todo: RUN_OUT
    }
  if (health.oldestTransactionS > LONG_TRANSACTION_S)
    return {
      state: 'look',
      todo: `A transaction is open for ${spanText(health.oldestTransactionS * 1000)}: see pg_stat_activity, and end it.`
    }
  return { state: 'well' }
}
