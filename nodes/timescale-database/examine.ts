import { type OperatorAnswer, QUESTIONS, spanText } from '../../core/node/answer.ts'
import { databaseSentence } from '../../core/postgres/connect-errors.ts'
import { databaseHealth } from '../../core/postgres/health.ts'
import type { Database } from '../../core/postgres/pool.ts'

/** Others need connections as well. */
const MANY_CONNECTIONS = 0.8
/** It keeps rows from being cleaned up, and policies from running. */
const LONG_TRANSACTION_S = 600

/** Whether the database is healthy, for doctor. */
export async function examined(database: Database): Promise<OperatorAnswer> {
  const { host, port, database: name } = database.settings
  const about = `${name} at ${host}:${port}`
  const question = QUESTIONS.database
  try {
    const health = await databaseHealth(database)
    const found = [
      `answers in ${spanText(health.answeredMs)}`,
      `${health.connections} of ${health.maxConnections} connections`,
      `${Math.round(health.bytes / 1e6)} MB`
    ].join(', ')
    return { question, about, found, ...verdictOf(health) }
  } catch (error) {
    const todo = 'Start the server, or mend what the sentence names; records wait meanwhile.'
    return {
      question,
      about,
      found: databaseSentence(error, database.settings),
      state: 'bad',
      todo
    }
  }
}

type Health = Awaited<ReturnType<typeof databaseHealth>>

function verdictOf(health: Health): Pick<OperatorAnswer, 'state' | 'todo'> {
  if (health.isStandby)
    return {
      state: 'bad',
      todo: 'It is a standby, which takes no rows: name the primary, or several hosts and "read-write".'
    }
  if (health.connections > health.maxConnections * MANY_CONNECTIONS)
    return {
      state: 'look',
      todo: 'Connections run out: see in pg_stat_activity who has them, or put PgBouncer in front.'
    }
  if (health.oldestTransactionS > LONG_TRANSACTION_S)
    return {
      state: 'look',
      todo: `A transaction is open for ${spanText(health.oldestTransactionS * 1000)}: see pg_stat_activity, and end it.`
    }
  return { state: 'well' }
}
