import { quoted } from './identifier.ts'
import type { Database } from './pool.ts'

/** Where a group stands in one partition. */
export interface StoredOffset {
  readonly topic: string
  readonly partition: number
  /** The one behind the highest that a sink has stored. */
  readonly nextOffset: bigint
}

/**
 * Where the sinks of a consumer group stand, the slowest one where there are several; empty if none
 * has written offsets yet. Lower offsets may still have been on their way: a group whose own
 * offsets are in Kafka goes on from these, and takes the stored ones only where Kafka has lost
 * them.
 */
export async function storedOffsets(
  database: Database,
  group: string,
  schema?: string
): Promise<StoredOffset[]> {
  const table = `${schema === undefined ? '' : `${quoted(schema)}.`}millrace_offsets`
  const there = await database.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [table]
  )
  if (!there.rows[0]?.found) return []
  const { rows } = await database.query<{ topic: string; partition: number; next: string }>(
    `SELECT topic, partition, min(next_offset) AS next FROM ${table} WHERE group_id = $1 GROUP BY topic, partition ORDER BY topic, partition`,
    [group]
  )
  return rows.map(({ topic, partition, next }) => ({ topic, partition, nextOffset: BigInt(next) }))
}
