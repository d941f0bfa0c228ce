import { compressionOf, type Timescale } from './bootstrap.ts'
import type { TableName } from './identifier.ts'

/** What is needed of a database connection. */
export interface PolicyQueries {
  query(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/** What becomes of the old rows of a table. */
export interface Policies {
  readonly hasTimescale: boolean
  /** How its version compresses. */
  readonly timescale?: Timescale
  /** Neither a hypertable nor split into partitions by somebody. */
  readonly isPlain: boolean
  readonly hasRetention: boolean
  readonly hasCompression: boolean
}

const TABLE = `
  SELECT to_regclass('timescaledb_information.jobs') IS NOT NULL AS timescale,
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS version,
    EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'p') AS partitioned`
/** Jobs that are of no table have no name of one. */
const JOBS = `
  WITH wanted AS (
    SELECT nspname::text AS schema, relname::text AS name
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE pg_class.oid = to_regclass($1)
  )
  SELECT EXISTS (
      SELECT FROM timescaledb_information.hypertables, wanted
      WHERE hypertable_schema::text = schema AND hypertable_name::text = name
    ) AS hypertable,
    ARRAY(
      SELECT proc_name::text FROM timescaledb_information.jobs, wanted
      WHERE hypertable_schema::text = schema AND hypertable_name::text = name AND scheduled
    ) AS jobs`

/**
 * Looks up which policies a table has. Partitions that somebody has made are dropped by whoever
 * made them, which nobody can look up.
 */
export async function policiesOf(database: PolicyQueries, table: TableName): Promise<Policies> {
  const [known] = (await database.query(TABLE, [table.sql])).rows
  const isSplit = known?.partitioned === true
  if (known?.timescale !== true)
    return {
      hasTimescale: false,
      isPlain: !isSplit,
      hasRetention: isSplit,
      hasCompression: isSplit
    }
  const [found] = (await database.query(JOBS, [table.sql])).rows
  const jobs = (found?.jobs ?? []) as readonly string[]
  return {
    hasTimescale: true,
    timescale: compressionOf(String(known.version)),
    isPlain: found?.hypertable !== true && !isSplit,
    hasRetention: isSplit || jobs.includes('policy_retention'),
    hasCompression: isSplit || jobs.some(job => /^policy_(compression|columnstore)$/.test(job))
  }
}
