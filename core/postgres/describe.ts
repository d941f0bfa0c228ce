import { type DatabasePlace, databaseSentence, shownPlace } from './connect-errors.ts'
import { parseTableName } from './identifier.ts'
import type { Database, Session } from './pool.ts'
import { LIST_COLUMNS, LIST_TABLES } from './table.ts'
import { tableState } from './table-state.ts'
import { type StateRow, stateRows } from './table-state-rows.ts'

const VERSIONS = `
  SELECT current_setting('server_version') AS postgres, current_user AS "user",
         (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale,
         pg_is_in_recovery() AS standby`

interface Versions {
  readonly postgres: string
  readonly user: string
  readonly timescale: string | null
  readonly standby: boolean
}

/** What answers there, in one sentence. @throws Error that says in words why nothing does */
export async function describeDatabase(database: Database): Promise<string> {
  const rows = await inWords(database, () => database.query<Versions>(VERSIONS))
  return sentenceOf(rows[0]!, database.place)
}

/** The same over a connection that is there already. @throws Error of the driver */
export async function describeServer(session: Session, place: DatabasePlace): Promise<string> {
  const { rows } = await session.query<Versions>(VERSIONS)
  return sentenceOf(rows[0]!, place)
}

function sentenceOf(
  { postgres, user, timescale, standby }: Versions,
  place: DatabasePlace
): string {
  const extension =
    timescale === null
      ? 'no TimescaleDB in this database (tables will be plain tables)'
      : `TimescaleDB ${timescale}`
  const readOnly = standby ? ' It is a standby, which takes no writes.' : ''
  const version = `PostgreSQL ${postgres.split(' ')[0]}`
  return `${version}, ${extension}, at ${shownPlace(place)} as ${user}.${readOnly}`
}

/** The tables a person could mean, with their schema where it is needed. */
export async function listTables(database: Database): Promise<string[]> {
  const rows = await inWords(database, () => database.query<{ name: string }>(LIST_TABLES))
  return rows.map(({ name }) => name)
}

/** The columns of a table, in their order; none where there is no such table. */
export async function listColumns(database: Database, table: string): Promise<string[]> {
  const name = parseTableName(table)
  if (!name) return []
  const rows = await inWords(database, () =>
    database.query<{ name: string }>(LIST_COLUMNS, [name.sql])
  )
  return rows.map(row => row.name)
}

/** How a table stands, in lines. @throws Error that says in words why that is not known */
export async function describeTable(database: Database, table: string): Promise<StateRow[]> {
  const name = parseTableName(table)
  if (!name) throw new Error(`"${table}" is not a table's name such as telemetry.`)
  const state = await told(database, () => database.with(session => tableState(session, name)))
  if (!state) throw new Error(`There is no table ${name.name} yet.`)
  return stateRows(state)
}

const inWords = async <R>(database: Database, ask: () => Promise<{ rows: R[] }>): Promise<R[]> =>
  (await told(database, ask)).rows

async function told<T>(database: Database, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new Error(databaseSentence(error, database.place), { cause: error })
  }
}
