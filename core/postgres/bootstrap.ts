import { reasonOf } from '../errors.ts'
import { quoted, type TableName } from './identifier.ts'
import type { Session } from './pool.ts'
import type { Plan } from './rows.ts'

/** How a table that is not there yet shall be made. Zero days: no such policy. */
export interface TableWish {
  readonly table: TableName
  readonly plan: Plan
  readonly chunkDays: number
  readonly compressAfterDays: number
  readonly retainDays: number
}

/**
 * Two sinks that start at once must not both create; the number is arbitrary, the table's name
 * makes it specific.
 */
const LOCK = 'SELECT pg_advisory_xact_lock(1296651852, hashtext($1))'

/**
 * Creates the table, with a unique index on the key, and as a hypertable with policies where
 * TimescaleDB is there. A table that exists is left as it is. Returns whether it was made, and what
 * a person should know.
 */
export async function createTable(
  session: Session,
  wish: TableWish
): Promise<{ created: boolean; warnings: string[] }> {
  if (await exists(session, wish.table)) return { created: false, warnings: [] }
  const timescale = await hasTimescale(session)
  await session.query('BEGIN')
  try {
    await session.query(LOCK, [wish.table.sql])
    if (!(await exists(session, wish.table)))
      for (const statement of statementsFor(wish, timescale)) await session.query(statement)
    await session.query('COMMIT')
  } catch (error) {
    await session.query('ROLLBACK')
    // whoever waited for the lock may still remember, in its catalogue cache, that there is no such
    // table
    if (!(await exists(session, wish.table))) throw error
  }
  const isSmall = wish.plan.newestBy !== undefined
  if (isSmall || (timescale && splitColumn(wish.plan) !== undefined))
    return { created: true, warnings: [] }
  const why = timescale
    ? 'No column is a time that is the key or required'
    : 'TimescaleDB is not installed in this database'
  const plain = `${wish.table.name} is a plain table, without chunks, compression and retention, and will become slow and large`
  return { created: true, warnings: [`${why}: ${plain}.`] }
}

/**
 * The column that a hypertable is split by; a unique index must hold it. Undefined where there is
 * none.
 */
function splitColumn({ mappings, key, timeFirst }: Plan): string | undefined {
  if (key.length > 0) return timeFirst ? mappings[key[0]!]!.column : undefined
  return mappings.find(({ type, required }) => type === 'timestamptz' && required)?.column
}

async function exists(session: Session, table: TableName): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table.sql]
  )
  return rows[0]?.found === true
}

/**
 * True if TimescaleDB is in this database; it is brought in where the server has it and the user
 * may.
 */
async function hasTimescale(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ installed: string | null }>(
    "SELECT installed_version AS installed FROM pg_available_extensions WHERE name = 'timescaledb'"
  )
  if (rows[0] === undefined) return false
  if (rows[0].installed !== null) return true
  try {
    await session.query('CREATE EXTENSION IF NOT EXISTS timescaledb')
    return true
  } catch (error) {
    // not preloaded, not allowed, or another sink was quicker: the table can be made all the same
    if (/already exists|duplicate key/.test(reasonOf(error))) return true
    return false
  }
}

/** The statements that make the table, in order. Shown in the dialog as well. */
export function statementsFor(wish: TableWish, timescale: boolean): string[] {
  const { table, plan } = wish
  const columns = plan.mappings.map(
    ({ column, type, key, required }) =>
      `${quoted(column)} ${type}${key || required ? ' NOT NULL' : ''}`
  )
  const statements = [
    ...(table.schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoted(table.schema)}`]),
    `CREATE TABLE ${table.sql} (${columns.join(', ')})`
  ]
  const key = plan.key.map(index => plan.mappings[index]!.column)
  const time = timescale ? splitColumn(plan) : undefined
  if (time !== undefined) statements.push(hypertable(wish, time))
  if (key.length > 0) {
    // PostgreSQL finds a name: that of a former table, which was renamed, may still be taken
    statements.push(`CREATE UNIQUE INDEX ON ${table.sql} (${key.map(quoted).join(', ')})`)
  }
  return time === undefined ? statements : [...statements, ...policies(wish, time, key.slice(1))]
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const days = (count: number): string => `INTERVAL '${Math.round(count)} days'`

/**
 * Without the default index on time alone: it costs half the rate, and the unique index with time
 * first makes it needless.
 */
const hypertable = ({ table, chunkDays }: TableWish, time: string): string =>
  `SELECT create_hypertable(${literal(table.sql)}, ${literal(time)}, chunk_time_interval => ${days(chunkDays)}, create_default_indexes => false)`

function policies(
  { table, compressAfterDays, retainDays }: TableWish,
  time: string,
  series: readonly string[]
): string[] {
  const name = literal(table.sql)
  const statements: string[] = []
  if (compressAfterDays > 0) {
    const segments =
      series.length > 0
        ? `, timescaledb.compress_segmentby = ${literal(series.map(quoted).join(', '))}`
        : ''
    const order = `timescaledb.compress_orderby = ${literal(`${quoted(time)} DESC`)}`
    statements.push(`ALTER TABLE ${table.sql} SET (timescaledb.compress${segments}, ${order})`)
    statements.push(
      `SELECT add_compression_policy(${name}, ${days(compressAfterDays)}, if_not_exists => true)`
    )
  }
  if (retainDays > 0)
    statements.push(
      `SELECT add_retention_policy(${name}, ${days(retainDays)}, if_not_exists => true)`
    )
  return statements
}
