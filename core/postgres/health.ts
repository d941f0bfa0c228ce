import type { Database } from './pool.ts'

/** How a server is, as a node needs it to be. */
export interface DatabaseHealth {
  readonly answeredMs: number
  /** A standby takes no rows. */
  readonly isStandby: boolean
  readonly connections: number
  readonly maxConnections: number
  readonly bytes: number
  /** Since when the oldest transaction is open, of the clients that are seen. */
  readonly oldestTransactionS: number
  /** The user may see what sessions of other users do. */
  readonly seesOthers: boolean
}

/**
 * Of sessions of other users an ordinary user is told neither what they are nor since when they are
 * in a transaction. The server's own count is of jobs in the background as well.
 */
const HEALTH = `
  WITH right_to AS (SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS see)
  SELECT pg_is_in_recovery() AS "isStandby", current_setting('max_connections')::int AS "maxConnections",
    pg_database_size(current_database())::float8 AS bytes, see AS "seesOthers",
    CASE WHEN see
      THEN (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
      ELSE (SELECT sum(numbackends) FROM pg_stat_database) END::int AS connections,
    (SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND backend_type = 'client backend')::float8 AS "oldestTransactionS"
  FROM right_to`

/** Asks the server how it is. */
export async function databaseHealth(database: Database): Promise<DatabaseHealth> {
  return database.with(async session => {
    const sinceMs = performance.now()
    const { rows } = await session.query<Omit<DatabaseHealth, 'answeredMs'> & Row>(HEALTH)
    return { ...rows[0]!, answeredMs: performance.now() - sinceMs }
  })
}

type Row = Record<string, unknown>
