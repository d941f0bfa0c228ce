import type { Database } from './pool.ts'

/** How a server is, as a node needs it to be. */
export interface DatabaseHealth {
  readonly answeredMs: number
  /** A standby takes no rows. */
  readonly isStandby: boolean
  readonly connections: number
  readonly maxConnections: number
  readonly bytes: number
  /** Since when the oldest transaction is open, of any client. */
  readonly oldestTransactionS: number
}

const HEALTH = `
  SELECT pg_is_in_recovery() AS "isStandby", current_setting('max_connections')::int AS "maxConnections",
    pg_database_size(current_database())::float8 AS bytes,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
    (SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND backend_type = 'client backend')::float8 AS "oldestTransactionS"`

/** Asks the server; connections are opened for it, and closed, where no node uses any. */
export async function databaseHealth(database: Database): Promise<DatabaseHealth> {
  database.acquire()
  try {
    return await database.with(async session => {
      const sinceMs = performance.now()
      const { rows } = await session.query<Omit<DatabaseHealth, 'answeredMs'> & Row>(HEALTH)
      return { ...rows[0]!, answeredMs: performance.now() - sinceMs }
    })
  } finally {
    await database.release()
  }
}

type Row = Record<string, unknown>
