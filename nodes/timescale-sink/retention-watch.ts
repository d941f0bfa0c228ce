import { type Get, getter } from '../../core/record/field-path.ts'
import { parseIso } from '../../core/record/iso-time.ts'
import { ThrottledNotice } from '../../core/throttled-notice.ts'

/** What is needed of a database connection. */
export interface Queries {
  query(
    text: string,
    values: readonly unknown[]
  ): Promise<{ rows: { ms: unknown; words: unknown }[] }>
}

export interface RetentionOptions {
  readonly database: Queries
  /** As `to_regclass` takes it. */
  readonly table: string
  /** The field with the time of a record; undefined where no column has one. */
  readonly field: string | undefined
  readonly warn: (sentence: string) => void
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

/** A policy that is added or changed later is found after this time. */
const LOOK_AGAIN_MS = 600_000
const CUTOFF_FOR_MS = 10_000

/**
 * Warns of rows that a retention policy deletes at its next run, since nobody would find them: at
 * most once a minute.
 */
export class RetentionWatch {
  readonly #get: Get | undefined
  readonly #old: ThrottledNotice
  readonly #now: () => number
  #policy: { readonly ms: number; readonly words: string } | undefined
  #looking: Promise<void> | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  #cutoffMs = Number.NEGATIVE_INFINITY
  #cutoffText = ''
  #cutoffUntilMs = Number.NEGATIVE_INFINITY

  constructor(private readonly options: RetentionOptions) {
    this.#get = options.field === undefined ? undefined : getter(options.field)
    this.#now = options.now ?? Date.now
    this.#old = new ThrottledNotice((records, time) =>
      options.warn(
        `${records === 1 ? 'A record that was' : `${records} records that were`} stored in ${options.table} ` +
          `will be deleted at once: the table keeps ${this.#policy?.words}. The time of the first: ${time}.`
      )
    )
  }

  /**
   * Looks up the policy, if that was not done lately. Never rejects: without an answer nothing is
   * warned of.
   */
  look(): Promise<void> {
    if (this.#get === undefined || this.#now() - this.#askedMs < LOOK_AGAIN_MS)
      return this.#looking ?? Promise.resolve()
    this.#askedMs = this.#now()
    this.#looking = this.#ask()
      .catch(() => undefined)
      .then(policy => {
        this.#policy = policy
        this.#cutoffUntilMs = Number.NEGATIVE_INFINITY
        this.#looking = undefined
      })
    return this.#looking
  }

  async #ask(): Promise<{ ms: number; words: string } | undefined> {
    const { database, table } = this.options
    const view = await database.query(VIEW, [])
    if (view.rows[0]?.words === null) return undefined
    const [row] = (await database.query(POLICY, [table])).rows
    return typeof row?.ms === 'number' ? { ms: row.ms, words: String(row.words) } : undefined
  }

  /** The records of a message that are in the table now, all but those at `refused`. */
  see(records: readonly unknown[], refused: { has(index: number): boolean }): void {
    if (this.#get === undefined) return
    const looking = this.look()
    // The first rows may be there before the answer is.
    if (this.#policy !== undefined) this.#warnOf(this.#get, this.#policy.ms, records, refused)
    else if (this.#looking !== undefined) {
      const get = this.#get
      void looking.then(() => this.#policy && this.#warnOf(get, this.#policy.ms, records, refused))
    }
  }

  #warnOf(
    get: Get,
    keptMs: number,
    records: readonly unknown[],
    refused: { has(index: number): boolean }
  ): void {
    this.#renewCutoff(keptMs)
    let old = 0
    let first: unknown
    for (let index = 0; index < records.length; index++) {
      const time = get(records[index])
      if (!this.#isOld(time) || refused.has(index)) continue
      if (old++ === 0) first = time
    }
    if (old > 0) this.#old.add(old, first instanceof Date ? first.toISOString() : String(first))
  }

  close(): void {
    this.#old.end()
  }

  #renewCutoff(keptMs: number): void {
    const nowMs = this.#now()
    if (nowMs < this.#cutoffUntilMs) return
    this.#cutoffUntilMs = nowMs + CUTOFF_FOR_MS
    this.#cutoffMs = nowMs - keptMs
    this.#cutoffText = new Date(Math.max(this.#cutoffMs, 0)).toISOString()
  }

  /** Texts sort as times do in the form that normalize writes; what seems old is read. */
  #isOld(time: unknown): boolean {
    if (typeof time === 'string') return time < this.#cutoffText && parseIso(time) < this.#cutoffMs
    if (time instanceof Date) return time.getTime() < this.#cutoffMs
    return typeof time === 'number' && time < this.#cutoffMs
  }
}
