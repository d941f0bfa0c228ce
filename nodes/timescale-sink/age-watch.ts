import { type Get, getter } from '../../core/record/field-path.ts'
import { parseIso } from '../../core/record/iso-time.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'

/** What is needed of a database connection. */
export interface Queries {
  query(
    text: string,
    values: readonly unknown[]
  ): Promise<{ rows: Readonly<Record<string, unknown>>[] }>
}

export interface AgeOptions {
  readonly database: Queries
  /** As `to_regclass` takes it. */
  readonly table: string
  /** The field with the time of a record; undefined where no column has one. */
  readonly field: string | undefined
  readonly warn: (sentence: string) => void
  /** So many records more were stored in compressed chunks. */
  readonly late?: (records: number) => void
  readonly now?: () => number
}

/** Only where TimescaleDB is; a policy by whole numbers is of no time. */
const VIEW = `SELECT to_regclass('timescaledb_information.jobs')::text AS words, NULL AS ms`
const POLICY = `
  SELECT jobs.config ->> 'drop_after' AS words, extract(epoch FROM (jobs.config ->> 'drop_after')::interval)::float8 * 1000 AS ms
  FROM timescaledb_information.jobs AS jobs
  JOIN pg_namespace AS schema ON schema.nspname = jobs.hypertable_schema
  JOIN pg_class AS class ON class.relnamespace = schema.oid AND class.relname = jobs.hypertable_name
  WHERE jobs.proc_name = 'policy_retention' AND jobs.scheduled AND class.oid = to_regclass($1)
    AND jobs.config ->> 'drop_after' !~ '^[0-9]+$'`
/** From when to when all chunks are compressed; the newest first. */
const COMPRESSED = `
  WITH compressed AS (
    SELECT c.range_start, c.range_end,
           c.range_start > lag(c.range_end) OVER (ORDER BY c.range_start) AS gap
    FROM timescaledb_information.chunks AS c
    JOIN pg_namespace AS schema ON schema.nspname = c.hypertable_schema
    JOIN pg_class AS class ON class.relnamespace = schema.oid AND class.relname = c.hypertable_name
    WHERE class.oid = to_regclass($1) AND c.is_compressed AND c.range_start IS NOT NULL
  ), islands AS (
    SELECT *, count(*) FILTER (WHERE gap) OVER (ORDER BY range_start) AS island FROM compressed
  )
  SELECT extract(epoch FROM min(range_start))::float8 * 1000 AS "fromMs",
         extract(epoch FROM max(range_end))::float8 * 1000 AS "untilMs"
  FROM islands GROUP BY island ORDER BY 1 DESC LIMIT 100`

interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

/** What the database does with rows by their age. */
interface Ages {
  /** How long a retention policy keeps rows, and in which words. */
  readonly kept?: { readonly ms: number; readonly words: string }
  readonly compressed: readonly Span[]
}

const NOTHING: Ages = { compressed: [] }

/** A policy that is added or changed later is found after this time, and so is a compression. */
const LOOK_AGAIN_MS = 600_000
const CUTOFF_FOR_MS = 10_000

type Refused = { has(index: number): boolean }

/**
 * Warns of rows that a retention policy deletes at its next run, since nobody would find them, and
 * of rows that came into compressed chunks, which cost the database more: each at most once a
 * minute.
 */
export class AgeWatch {
  readonly #get: Get | undefined
  readonly #doomed: ThrottledNotice
  readonly #late: ThrottledNotice
  readonly #now: () => number
  #ages: Ages | undefined
  #looking: Promise<void> | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  /** Older times are looked at. */
  #cutoffMs = Number.NEGATIVE_INFINITY
  #cutoffText = ''
  #cutoffUntilMs = Number.NEGATIVE_INFINITY

  constructor(private readonly options: AgeOptions) {
    this.#get = options.field === undefined ? undefined : getter(options.field)
    this.#now = options.now ?? Date.now
    const { warn, table } = options
    const stored = (records: number) =>
      `${records === 1 ? 'A record that was' : `${records} records that were`} stored in ${table}`
    this.#doomed = new ThrottledNotice((records, time) =>
      warn(
        `${stored(records)} will be deleted at once: the table keeps ${this.#ages?.kept?.words}. The time of the first: ${time}.`
      )
    )
    this.#late = new ThrottledNotice((records, time) =>
      warn(
        `${stored(records)} came late into chunks that are compressed already, which costs the database more. Where that is usual, compress later. The time of the first: ${time}.`
      )
    )
  }

  /**
   * Looks up the policy and the compressed chunks, if that was not done lately. Never rejects:
   * without an answer nothing is warned of.
   */
  look(): Promise<void> {
    if (this.#get === undefined || this.#now() - this.#askedMs < LOOK_AGAIN_MS)
      return this.#looking ?? Promise.resolve()
    this.#askedMs = this.#now()
    this.#looking = this.#ask()
      .catch(() => NOTHING)
      .then(ages => {
        this.#ages = ages
        this.#cutoffUntilMs = Number.NEGATIVE_INFINITY
        this.#looking = undefined
      })
    return this.#looking
  }

  async #ask(): Promise<Ages> {
    const { database, table } = this.options
    const view = await database.query(VIEW, [])
    if (view.rows[0]?.words === null) return NOTHING
    const [row] = (await database.query(POLICY, [table])).rows
    const { rows: compressed } = await database.query(COMPRESSED, [table])
    return {
      ...(typeof row?.ms === 'number' && { kept: { ms: row.ms, words: String(row.words) } }),
      compressed: compressed as unknown as Span[]
    }
  }

  /** The records of a message that are in the table now, all but those at `refused`. */
  see(records: readonly unknown[], refused: Refused): void {
    const get = this.#get
    if (get === undefined) return
    const looking = this.look()
    // The first rows may be there before the answer is.
    if (this.#ages !== undefined) this.#judge(get, this.#ages, records, refused)
    else void looking.then(() => this.#ages && this.#judge(get, this.#ages, records, refused))
  }

  #judge(get: Get, ages: Ages, records: readonly unknown[], refused: Refused): void {
    if (ages.kept === undefined && ages.compressed.length === 0) return
    const nowMs = this.#now()
    const keptSinceMs = nowMs - (ages.kept?.ms ?? Number.POSITIVE_INFINITY)
    this.#renewCutoff(nowMs, Math.max(keptSinceMs, ages.compressed[0]?.untilMs ?? -Infinity))
    const doomed = new Found()
    const late = new Found()
    for (let index = 0; index < records.length; index++) {
      const time = get(records[index])
      if (!this.#isOld(time) || refused.has(index)) continue
      const ms = msOf(time)
      if (ms < keptSinceMs) doomed.add(time)
      else if (ages.compressed.some(({ fromMs, untilMs }) => ms >= fromMs && ms < untilMs))
        late.add(time)
    }
    doomed.tell(this.#doomed)
    late.tell(this.#late)
    if (late.records > 0) this.options.late?.(late.records)
  }

  close(): void {
    this.#doomed.end()
    this.#late.end()
  }

  #renewCutoff(nowMs: number, cutoffMs: number): void {
    if (nowMs < this.#cutoffUntilMs) return
    this.#cutoffUntilMs = nowMs + CUTOFF_FOR_MS
    this.#cutoffMs = cutoffMs
    this.#cutoffText = new Date(Math.min(Math.max(cutoffMs, 0), MAX_DATE_MS)).toISOString()
  }

  /** Texts sort as times do in the form that normalize writes; what seems old is read. */
  #isOld(time: unknown): boolean {
    if (typeof time === 'string') return time < this.#cutoffText && parseIso(time) < this.#cutoffMs
    if (time instanceof Date) return time.getTime() < this.#cutoffMs
    return typeof time === 'number' && time < this.#cutoffMs
  }
}

/** The last that a Date can be. */
const MAX_DATE_MS = 8.64e15

function msOf(time: unknown): number {
  if (typeof time === 'string') return parseIso(time)
  return time instanceof Date ? time.getTime() : Number(time)
}

/** Those of a message, and the time of the first. */
class Found {
  records = 0
  #first = ''

  add(time: unknown): void {
    if (this.records++ === 0) this.#first = time instanceof Date ? time.toISOString() : String(time)
  }

  tell(notice: ThrottledNotice): void {
    if (this.records > 0) notice.add(this.records, this.#first)
  }
}
