import { reasonOf } from '../errors.ts'
import { type AggregateWish, literal } from './aggregates.ts'
import { quoted, type TableName } from './identifier.ts'
import type { Session } from './pool.ts'
import type { Plan } from './rows.ts'

/** How a table that is not there yet shall be made. Zero days: no such policy. */
export interface TableWish {
  readonly table: TableName
  readonly plan: Plan
  readonly chunkDays: number
  readonly compressAfterDays: number
  /** Rows with the same values in these columns lie together; the rest of the key where absent. */
  readonly segmentBy?: readonly string[] | undefined
  /** How they are sorted there; the newest first where absent. */
  readonly orderBy?: readonly Order[] | undefined
  readonly retainDays: number
  /** Are made where they are missing, also of a table that is there. */
  readonly aggregates?: readonly AggregateWish[]
}

export interface Order {
  readonly column: string
  readonly isDescending: boolean
}

/** How TimescaleDB compresses: versions before 2.18 know it by other names. */
export type Timescale = 'columnstore' | 'compression'

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
  const timescale = await timescaleOf(session)
  await session.begin()
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
  if (isSmall || timescale === undefined || splitColumn(wish.plan) !== undefined)
    return { created: true, warnings: [] }
  const why = 'No column is a time that is the key or required'
  const plain = `${wish.table.name} is a plain table, without chunks, compression and retention, and will become slow and large`
  return { created: true, warnings: [`${why}: ${plain}.`] }
}

/**
 * The column that a hypertable is split by; a unique index must hold it. Undefined where there is
 * none.
 */
export function splitColumn({ mappings, key, timeFirst }: Plan): string | undefined {
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

const VERSIONS = `
  SELECT installed_version AS installed, default_version AS offered
  FROM pg_available_extensions WHERE name = 'timescaledb'`

/**
 * How the TimescaleDB of this database compresses; it is brought in where the server has it and the
 * user may. Undefined where there is none.
 */
async function timescaleOf(session: Session): Promise<Timescale | undefined> {
  const { rows } = await session.query<{ installed: string | null; offered: string }>(VERSIONS)
  if (rows[0] === undefined) return undefined
  const { installed, offered } = rows[0]
  if (installed !== null) return compressionOf(installed)
  try {
    await session.query('CREATE EXTENSION IF NOT EXISTS timescaledb')
  } catch (error) {
    // not preloaded, not allowed, or another sink was quicker: the table can be made all the same
    if (!/already exists|duplicate key/.test(reasonOf(error))) return undefined
  }
  return compressionOf(offered)
}

export function compressionOf(version: string): Timescale {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 2 || (major === 2 && minor >= 18) ? 'columnstore' : 'compression'
}

/** The statements that make the table, in order. Shown in the dialog as well. */
export function statementsFor(wish: TableWish, timescale: Timescale | undefined): string[] {
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
  const time = timescale && splitColumn(plan)
  if (time !== undefined) statements.push(hypertable(wish, time))
  if (key.length > 0) {
    // PostgreSQL finds a name: that of a former table, which was renamed, may still be taken
    statements.push(`CREATE UNIQUE INDEX ON ${table.sql} (${key.map(quoted).join(', ')})`)
  }
  if (timescale !== undefined && time !== undefined)
    statements.push(...policies(wish, time, timescale))
  return statements
}

const days = (count: number): string => `INTERVAL '${Math.round(count)} days'`

/**
 * Without the default index on time alone: it costs half the rate, and the unique index with time
 * first makes it needless.
 */
const hypertable = ({ table, chunkDays }: TableWish, time: string): string =>
  `SELECT create_hypertable(${literal(table.sql)}, ${literal(time)}, chunk_time_interval => ${days(chunkDays)}, create_default_indexes => false)`

function policies(wish: TableWish, time: string, timescale: Timescale): string[] {
  return [
    ...(wish.compressAfterDays > 0 ? compressionOn(wish, time, timescale) : []),
    ...(wish.retainDays > 0 ? [retentionOn(wish)] : [])
  ]
}

function compressionOn(wish: TableWish, time: string | undefined, timescale: Timescale): string[] {
  const { on, prefix, policy } = COMPRESSION[timescale]
  const { sql } = wish.table
  return [
    `ALTER TABLE ${sql} SET (${on}${layout(wish, time, prefix)})`,
    policy(literal(sql), days(wish.compressAfterDays))
  ]
}

const retentionOn = ({ table, retainDays }: TableWish): string =>
  `SELECT add_retention_policy(${literal(table.sql)}, ${days(retainDays)}, if_not_exists => true)`

/** Statements that a person can run for what a table is found not to have. */
export interface PolicyStatements {
  readonly hypertable: string
  readonly retention: string
  readonly compression: string
}

const COMPRESS_AFTER_DAYS = 7
const RETAIN_DAYS = 365

/** Where the wish says none, since somebody else made the table, the usual days are taken. */
export function policyStatements(wish: TableWish, timescale: Timescale): PolicyStatements {
  const { table, plan, compressAfterDays, retainDays } = wish
  const time = splitColumn(plan)
  const full = {
    ...wish,
    compressAfterDays: compressAfterDays || COMPRESS_AFTER_DAYS,
    retainDays: retainDays || RETAIN_DAYS
  }
  const column = time === undefined ? '…' : literal(time)
  return {
    hypertable: `SELECT create_hypertable(${literal(table.sql)}, ${column}, migrate_data => true);`,
    retention: `${retentionOn(full)};`,
    compression: compressionOn(full, time, timescale)
      .map(each => `${each};`)
      .join(' ')
  }
}

const COMPRESSION = {
  columnstore: {
    on: 'timescaledb.enable_columnstore = true',
    prefix: 'timescaledb.',
    policy: (name: string, after: string) =>
      `CALL add_columnstore_policy(${name}, after => ${after}, if_not_exists => true)`
  },
  compression: {
    on: 'timescaledb.compress',
    prefix: 'timescaledb.compress_',
    policy: (name: string, after: string) =>
      `SELECT add_compression_policy(${name}, ${after}, if_not_exists => true)`
  }
} as const satisfies Record<Timescale, object>

/** Of which rows lie together in a compressed chunk, and in which order. */
function layout(
  { plan, segmentBy, orderBy }: TableWish,
  time: string | undefined,
  prefix: string
): string {
  const key = plan.key.map(index => plan.mappings[index]!.column)
  const segments = segmentBy ?? key.filter(column => column !== time)
  const newestFirst = time === undefined ? [] : [{ column: time, isDescending: true }]
  const orders = (orderBy ?? newestFirst).map(
    ({ column, isDescending }) => `${quoted(column)}${isDescending ? ' DESC' : ''}`
  )
  const option = (name: string, values: readonly string[]) =>
    values.length === 0 ? '' : `, ${prefix}${name} = ${literal(values.join(', '))}`
  return option('segmentby', segments.map(quoted)) + option('orderby', orders)
}
