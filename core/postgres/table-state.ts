import type { TableName } from './identifier.ts'
import type { Session } from './pool.ts'

/** How a table stands in the database; what only hypertables have is absent elsewhere. */
export interface TableState {
  readonly bytes: number
  readonly hasTimescale: boolean
  readonly chunks?: Chunks
  readonly compression?: CompressedBytes
  readonly jobs: readonly JobState[]
}

export interface Chunks {
  readonly count: number
  readonly compressed: number
  /** Of the oldest and the newest chunk; null where there is none. */
  readonly fromMs: number | null
  readonly untilMs: number | null
}

/** Of the chunks that are compressed. */
export interface CompressedBytes {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** A job of TimescaleDB for the table, or for one of its continuous aggregates. */
export interface JobState {
  readonly job: string
  /** The name of the table or view that it works on. */
  readonly of: string
  /** `drop_after`, `compress_after` or both offsets of a refresh, in the words of the server. */
  readonly config: Readonly<Record<string, unknown>>
  readonly lastRunMs: number | null
  /** `Success` or `Failed`; null before the first run. */
  readonly lastStatus: string | null
  readonly failures: number
  readonly nextMs: number | null
  readonly lastError: string | null
}

/** The answer is for the eye: it must not keep the database busy, nor anybody waiting. */
const LIMITS = "SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1s'"

const TABLE = `
  SELECT c.relname AS name, n.nspname AS schema, pg_total_relation_size(c.oid)::float8 AS bytes,
         to_regclass('timescaledb_information.hypertables') IS NOT NULL AS timescale,
         to_regprocedure('hypertable_approximate_size(regclass)') IS NOT NULL AS estimates,
         to_regclass('timescaledb_information.job_errors') IS NOT NULL AS errors
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`

interface TableRow {
  readonly name: string
  readonly schema: string
  readonly bytes: number
  readonly timescale: boolean
  readonly estimates: boolean
  readonly errors: boolean
}

const IS_HYPERTABLE = `
  SELECT FROM timescaledb_information.hypertables
  WHERE hypertable_schema = $1 AND hypertable_name = $2`

const CHUNKS = `
  SELECT count(*)::int AS count, (count(*) FILTER (WHERE is_compressed))::int AS compressed,
         extract(epoch FROM min(range_start))::float8 * 1000 AS "fromMs",
         extract(epoch FROM max(range_end))::float8 * 1000 AS "untilMs"
  FROM timescaledb_information.chunks WHERE hypertable_schema = $1 AND hypertable_name = $2`

const COMPRESSION = `
  SELECT before_compression_total_bytes::float8 AS "bytesBefore",
         after_compression_total_bytes::float8 AS "bytesAfter"
  FROM hypertable_compression_stats($1::regclass) WHERE before_compression_total_bytes > 0`

/** Counted from what is kept of the files where the server can; else each file is asked. */
const sizeQuery = (estimates: boolean): string =>
  `SELECT hypertable_${estimates ? 'approximate_' : ''}size($1::regclass)::float8 AS bytes`

const MOST_JOBS = 40

const jobsQuery = (errors: boolean): string => `
  WITH own AS (
    SELECT $1::name AS schema, $2::name AS name, $2::name AS shown
    UNION ALL
    SELECT s.schema, s.name, a.view_name FROM timescaledb_information.continuous_aggregates a
    CROSS JOIN LATERAL (VALUES (a.view_schema, a.view_name),
      (a.materialization_hypertable_schema, a.materialization_hypertable_name)) AS s(schema, name)
    WHERE a.hypertable_schema = $1 AND a.hypertable_name = $2
  )
  SELECT j.proc_name::text AS job, own.shown::text AS of, coalesce(j.config, '{}') AS config,
         extract(epoch FROM nullif(s.last_run_started_at, '-infinity'))::float8 * 1000 AS "lastRunMs",
         s.last_run_status AS "lastStatus", coalesce(s.total_failures, 0)::int AS failures,
         extract(epoch FROM nullif(nullif(j.next_start, 'infinity'), '-infinity'))::float8 * 1000 AS "nextMs",
         ${errors ? LAST_ERROR : 'NULL'} AS "lastError"
  FROM own JOIN timescaledb_information.jobs j
    ON j.hypertable_schema = own.schema AND j.hypertable_name = own.name
  LEFT JOIN timescaledb_information.job_stats s USING (job_id)
  ORDER BY own.shown, j.job_id LIMIT ${MOST_JOBS}`

const LAST_ERROR = `(
    SELECT left(e.err_message, 300) FROM timescaledb_information.job_errors e
    WHERE e.job_id = j.job_id ORDER BY e.start_time DESC LIMIT 1)`

/** Asks how a table stands; undefined where there is none. Costs the server seconds at most. */
export async function tableState(
  session: Session,
  table: TableName
): Promise<TableState | undefined> {
  await session.query('BEGIN READ ONLY')
  try {
    await session.query(LIMITS)
    return await stateWithin(session, table)
  } finally {
    await session.query('ROLLBACK')
  }
}

async function stateWithin(session: Session, table: TableName): Promise<TableState | undefined> {
  const [found] = (await session.query<TableRow & Row>(TABLE, [table.sql])).rows
  if (found === undefined) return undefined
  const { bytes, timescale: hasTimescale, schema, name } = found
  const isHypertable =
    hasTimescale && (await session.query(IS_HYPERTABLE, [schema, name])).rowCount === 1
  if (!isHypertable) return { bytes, hasTimescale, jobs: [] }
  const size = await session.query<{ bytes: number }>(sizeQuery(found.estimates), [table.sql])
  const chunks = await session.query<Chunks & Row>(CHUNKS, [schema, name])
  const compression = await session.query<CompressedBytes & Row>(COMPRESSION, [table.sql])
  const jobs = await session.query<JobState & Row>(jobsQuery(found.errors), [schema, name])
  return {
    bytes: size.rows[0]?.bytes ?? bytes,
    hasTimescale,
    ...(chunks.rows[0] && { chunks: chunks.rows[0] }),
    ...(compression.rows[0] && { compression: compression.rows[0] }),
    jobs: jobs.rows
  }
}

type Row = Record<string, unknown>

/** A job that did not come to its end the last time. */
export const hasFailed = ({ lastStatus }: JobState): boolean => lastStatus === 'Failed'

/** How many times less room the compressed chunks take than before. */
export const ratioOf = ({ bytesBefore, bytesAfter }: CompressedBytes): number =>
  bytesAfter > 0 ? bytesBefore / bytesAfter : 0
