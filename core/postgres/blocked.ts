import type { Database } from './pool.ts'

/** Who keeps a process of the server waiting. */
export interface Blocker {
  readonly process: number
  readonly user: string | null
  readonly application: string | null
  /**
   * The lock is on rows, or on a transaction that may write the same rows, and not on the table as
   * a whole.
   */
  readonly ofRows: boolean
}

const BLOCKERS = `
  SELECT DISTINCT holder AS process, b.usename::text AS "user", b.application_name AS application,
         a.wait_event IN ('transactionid', 'tuple', 'virtualxid') AS "ofRows"
  FROM pg_stat_activity a CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS holder
  LEFT JOIN pg_stat_activity b ON b.pid = holder
  WHERE a.pid = ANY ($1::int[]) AND holder <> ALL ($1::int[]) ORDER BY 1 LIMIT 1`

/** How long a person may be kept from the answer. */
const ASK_MS = 3000

/**
 * Asks the server who keeps its processes waiting, over a connection of its own, as the others may
 * all be waiting.
 */
export async function blockerOf(
  database: Database,
  processes: readonly number[]
): Promise<Blocker | undefined> {
  const asking = database.aside({ statementTimeoutMs: ASK_MS, connectTimeoutMs: ASK_MS })
  try {
    return (await asking.query<Blocker>(BLOCKERS, [processes])).rows[0]
  } catch {
    // the answer is for the status only, which then does without
    return undefined
  } finally {
    await asking.close()
  }
}
