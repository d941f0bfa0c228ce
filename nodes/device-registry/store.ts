import type { Database, Session } from '../../core/postgres/pool.ts'
import { Applied, FACTS, type FactsRow, ms, type StoredDevice, storedOf } from './applied.ts'
import { type Command, WRITABLE } from './commands.ts'
import type { Sighting } from './facts.ts'
import type { News } from './logic.ts'
import { makeTables } from './make-tables.ts'
import type { Tables } from './schema.ts'
import type { Silences } from './settings.ts'

const time = (name: string) => `to_timestamp(u.${name} / 1000)`

const SAID = "SELECT set_config('millrace.by', $1, true), set_config('millrace.comment', $2, true)"
const STATUS: Readonly<Record<Command['command'], string | undefined>> = {
  approve: 'approved',
  block: 'blocked',
  set: undefined
}
/** So many are locked and judged in one transaction. */
const MOST = 1000

const idsOf = (news: readonly News[]): string[] => [
  ...new Set(news.map(each => ('seen' in each ? each.seen.id : each.command.id)))
]

export interface ChangePlace {
  readonly changed: string
  readonly id: string
}

/** The registry in the database: what every Node-RED that has it reads and writes. */
export class RegistryStore {
  constructor(
    readonly database: Database,
    readonly tables: Tables
  ) {}

  prepare(): Promise<void> {
    return makeTables(this.database, this.tables)
  }

  /**
   * Joins news into the table, in their order, and writes what happened by them down as events; all
   * of it or nothing. Gives the devices as they are then.
   */
  apply(news: readonly News[]): Promise<StoredDevice[]> {
    return this.#transaction(async session => {
      const seen = news.flatMap(each => ('seen' in each ? [each.seen] : []))
      const commands = news.flatMap(each => ('command' in each ? [each.command] : []))
      const added = await this.#addMissing(session, seen, commands)
      const rows = await this.#locked(session, idsOf(news))
      const work = new Applied(rows)
      for (const each of seen) work.join(each, added.has(each.id))
      await this.#write(session, work)
      if (commands.length === 0) return work.devices()
      for (const command of commands) await this.#obey(session, command)
      return (await this.#locked(session, idsOf(news))).map(storedOf)
    })
  }

  /**
   * Declares devices silent that were not heard for too long, some at a time.
   * @param clockMs how far event time has come for the slowest reader
   * @param latest what this Node-RED has heard of a device; undefined: leave it alone
   */
  sweep(
    clockMs: number,
    silences: Silences,
    latest: (id: string) => Sighting | undefined
  ): Promise<{ readonly devices: StoredDevice[]; readonly isMore: boolean }> {
    return this.#transaction(async session => {
      const { rows } = await session.query<FactsRow>(
        `SELECT ${FACTS} FROM ${this.tables.devices}
         WHERE presence = 'online' AND last_seen <= to_timestamp(
           ($1::float8 - coalesce(($2::jsonb->>type)::float8, $3::float8)) / 1000)
         ORDER BY device_id LIMIT ${MOST} FOR UPDATE SKIP LOCKED`,
        [clockMs, JSON.stringify(silences.byType), silences.others]
      )
      const work = new Applied(rows)
      for (const { id, type } of rows) {
        const own = latest(id)
        if (own === undefined) continue
        work.join(own, false)
        const lastMs = work.lastOf(id)
        const silentAtMs = lastMs + silences.of(type)
        if (silentAtMs <= clockMs) work.join({ id, silentForMs: lastMs, silentAtMs }, false)
      }
      await this.#write(session, work)
      return { devices: work.devices(), isMore: rows.length === MOST && work.events.length > 0 }
    })
  }

  /** Tells how far time has come here, and gives how far it has come for the slowest reader. */
  async beat(reader: string, clockMs: number | undefined, aliveMs: number): Promise<number> {
    const { readers } = this.tables
    const { rows } = await this.database.query<{ clock: number | null }>(
      `WITH told AS (INSERT INTO ${readers} (reader, clock, beat) VALUES ($1, to_timestamp($2::float8 / 1000), now())
         ON CONFLICT (reader) DO UPDATE SET clock = excluded.clock, beat = excluded.beat)
       SELECT ${ms('min(clock)', 'clock')} FROM ${readers}
       WHERE reader <> $1 AND beat > now() - make_interval(secs => $3::float8 / 1000)`,
      [reader, clockMs ?? null, aliveMs]
    )
    const others = rows[0]?.clock ?? Number.POSITIVE_INFINITY
    return Math.min(others, clockMs ?? Number.NEGATIVE_INFINITY)
  }

  async leave(reader: string): Promise<void> {
    await this.database.query(
      `DELETE FROM ${this.tables.readers} WHERE reader = $1 OR beat < now() - interval '1 day'`,
      [reader]
    )
  }

  /** Forgets events that are too old. */
  async prune(keepMs: number): Promise<void> {
    await this.database.query(
      `DELETE FROM ${this.tables.events} WHERE written_at < now() - make_interval(secs => $1::float8 / 1000)`,
      [keepMs]
    )
  }

  /** Devices behind this one by name: those that are blocked, or the others. */
  async page(after: string, most: number, isBlocked: boolean): Promise<StoredDevice[]> {
    const { rows } = await this.database.query<FactsRow>(
      `SELECT ${FACTS} FROM ${this.tables.devices}
       WHERE device_id > $1 AND (status IS NOT DISTINCT FROM 'blocked') = $2 ORDER BY device_id LIMIT ${most}`,
      [after, isBlocked]
    )
    return rows.map(storedOf)
  }

  /** The oldest transaction that is not over: what others have done is in it or in later ones. */
  async mark(): Promise<string> {
    const { rows } = await this.database.query<{ mark: string }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS mark'
    )
    return rows[0]!.mark
  }

  /**
   * Those that were changed since a mark, by whomever and however long that took, behind a place in
   * that order. A table that came from another server may have transactions that are still to come.
   */
  async changes(
    since: string,
    after: ChangePlace | undefined,
    most: number
  ): Promise<{ readonly devices: StoredDevice[]; readonly last: ChangePlace | undefined }> {
    const { rows } = await this.database.query<FactsRow & { changed: string }>(
      `SELECT ${FACTS}, millrace_changed::text AS changed FROM ${this.tables.devices}
       WHERE millrace_changed >= $1::text::xid8 AND millrace_changed < pg_snapshot_xmax(pg_current_snapshot())
         AND (millrace_changed, device_id) > ($2::text::xid8, $3)
       ORDER BY millrace_changed, device_id LIMIT ${most}`,
      [since, after?.changed ?? '0', after?.id ?? '']
    )
    const last = rows.at(-1)
    return { devices: rows.map(storedOf), last: last && { changed: last.changed, id: last.id } }
  }

  async #addMissing(
    session: Session,
    seen: readonly Sighting[],
    commands: readonly Command[]
  ): Promise<ReadonlySet<string>> {
    const first = new Map<string, object>()
    for (const { id, type, site } of seen)
      if (!first.has(id)) first.set(id, { id, status: 'new', type, site })
    // Somebody who names a device that never came means one that is to come.
    for (const { id } of commands) if (!first.has(id)) first.set(id, { id, status: 'approved' })
    const { rows } = await session.query<{ id: string }>(
      `INSERT INTO ${this.tables.devices} (device_id, status, type, site)
       SELECT id, status, type, site FROM jsonb_to_recordset($1::jsonb) AS u(id text, status text, type text, site text)
       ORDER BY id ON CONFLICT (device_id) DO NOTHING RETURNING device_id AS id`,
      [JSON.stringify([...first.values()])]
    )
    return new Set(rows.map(({ id }) => id))
  }

  async #locked(session: Session, ids: readonly string[]): Promise<FactsRow[]> {
    const { rows } = await session.query<FactsRow>(
      `SELECT ${FACTS} FROM ${this.tables.devices} WHERE device_id = ANY ($1) ORDER BY device_id FOR UPDATE`,
      [ids]
    )
    return rows
  }

  async #write(session: Session, work: Applied): Promise<void> {
    const changed = work.changed()
    if (changed.length > 0)
      await session.query(
        `UPDATE ${this.tables.devices} d SET presence = u.presence, first_seen = ${time('first')},
           last_seen = ${time('last')}, millrace_died_at = ${time('died')}, millrace_silent_for = ${time('silent')},
           firmware = coalesce(u.firmware, d.firmware), millrace_firmware_at = ${time('firmware_at')}
         FROM jsonb_to_recordset($1::jsonb) AS u(id text, presence text, first float8, last float8,
           died float8, silent float8, firmware text, firmware_at float8)
         WHERE d.device_id = u.id`,
        [JSON.stringify(changed)]
      )
    if (work.events.length > 0)
      await session.query(
        `INSERT INTO ${this.tables.events} (at, device_id, event, details)
         SELECT to_timestamp((e->>'at')::float8 / 1000), e->>'id', e->>'event', e->'details'
         FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS g(e, n) ORDER BY n`,
        [JSON.stringify(work.events)]
      )
  }

  async #obey(session: Session, { command, id, set, info, by, comment }: Command): Promise<void> {
    await session.query(SAID, [by ?? '', comment ?? ''])
    const values: unknown[] = [id, JSON.stringify(info ?? {})]
    const parts = ["info = coalesce(info, '{}') || $2::jsonb"]
    for (const name of WRITABLE)
      if (set[name] !== undefined) parts.push(`${name} = $${values.push(set[name])}`)
    const status = STATUS[command]
    if (status !== undefined) parts.push(`status = $${values.push(status)}`)
    await session.query(
      `UPDATE ${this.tables.devices} SET ${parts.join(', ')} WHERE device_id = $1`,
      values
    )
  }

  async #transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.database.with(async session => {
      await session.begin()
      try {
        const result = await work(session)
        await session.query('COMMIT')
        return result
      } catch (error) {
        await session.query('ROLLBACK').catch(() => {})
        throw error
      }
    })
  }
}
