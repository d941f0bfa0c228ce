/**
 * The table of lanes C and E. PostgreSQL itself keeps the time of each row's commit, so nobody has
 * to ask while the clock runs.
 */
import type pg from 'pg'
import type { Count, Window } from './arrivals.ts'
import type { Shape } from './fleet.ts'

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const COMMIT_MS = 'extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000'

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

export class Table {
  constructor(
    private readonly pool: pg.Pool,
    readonly name: string
  ) {}

  /**
   * Time comes first in the unique key, since that is how the sink makes it and inserts are fastest
   * so.
   */
  async create(shape: Shape): Promise<void> {
    const more = Array.from(
      { length: shape.values - 1 },
      (_, index) => `, value_${index + 2} double precision`
    ).join('')
    await this.pool.query(
      `create table ${quoted(this.name)} (time timestamptz not null, device_id text not null, location text, metric text not null,
       value double precision${more}, unique (time, device_id, metric))`
    )
    await this.pool.query('checkpoint')
  }

  async drop(): Promise<void> {
    await this.pool.query(`drop table if exists ${quoted(this.name)}`)
  }

  /**
   * Rows written so far by the server's statistics: nearly free, up to a second late, and rows
   * rolled back count too.
   */
  async roughCount(): Promise<number> {
    const { rows } = await this.pool.query(
      'select n_tup_ins::float8 as n from pg_stat_user_tables where relname = $1',
      [this.name]
    )
    return (rows[0] as { n: number } | undefined)?.n ?? 0
  }

  async count(from: number, count: number): Promise<Count> {
    const { rows } = await this.pool.query(
      `select count(*)::int as rows, count(distinct value)::int as records from ${quoted(this.name)} where value >= $1 and value < $2`,
      [from, from + count]
    )
    const found = rows[0] as { rows: number; records: number }
    return { missing: count - found.records, doubled: found.rows - found.records }
  }

  /** From the commit with which this share (0 … 1) of the records was there, to the last commit. */
  async window(from: number, count: number, afterShare: number): Promise<Window> {
    const { rows } = await this.pool.query(
      `with commits as materialized (select ${COMMIT_MS} as at from ${quoted(this.name)} where value >= $1 and value < $2),
       beginning as materialized (select percentile_disc($3) within group (order by at) as at from commits)
       select beginning.at as "fromMs", max(commits.at) as "toMs", (count(*) filter (where commits.at > beginning.at))::int as records
       from commits, beginning group by beginning.at`,
      [from, from + count, afterShare]
    )
    return (rows[0] as Window | undefined) ?? { fromMs: 0, toMs: 0, records: 0 }
  }

  /** From the time in the row, when the publisher sent it, to the commit. */
  async latency(from: number, count: number): Promise<Latency> {
    const { rows } = await this.pool.query(
      `select percentile_cont(0.5) within group (order by ms) as "p50Ms", percentile_cont(0.99) within group (order by ms) as "p99Ms"
       from (select ${COMMIT_MS} - extract(epoch from time)::float8 * 1000 as ms from ${quoted(this.name)} where value >= $1 and value < $2) as rows`,
      [from, from + count]
    )
    return rows[0] as Latency
  }

  /** How many of the records were committed by then. */
  async countUntil(from: number, count: number, untilMs: number): Promise<number> {
    const { rows } = await this.pool.query(
      `select count(distinct value)::int as n from ${quoted(this.name)} where value >= $1 and value < $2 and ${COMMIT_MS} <= $3`,
      [from, from + count, untilMs]
    )
    return (rows[0] as { n: number }).n
  }
}

export async function keepsCommitTimes(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query('show track_commit_timestamp')
  return (rows[0] as { track_commit_timestamp: string }).track_commit_timestamp === 'on'
}
