import {
  type AggregateWish,
  aggregateQuery,
  aggregateStatements,
  fillStatement,
  policyRemoval,
  policyStatement,
  realTimeStatement
} from './aggregates.ts'
import { type DatabasePlace, databaseSentence } from './connect-errors.ts'
import { quoted, type TableName } from './identifier.ts'
import type { Session } from './pool.ts'
import { isServerError } from './sqlstate.ts'

/** As for tables: two sinks that start at once must not both create. */
const LOCK = 'SELECT pg_advisory_xact_lock(1296651852, hashtext($1))'

const PLACE = `
  SELECT to_regclass('timescaledb_information.continuous_aggregates') IS NOT NULL AS timescale`
const HYPERTABLE = `
  SELECT FROM timescaledb_information.hypertables h
  JOIN pg_namespace n ON n.nspname = h.hypertable_schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = h.hypertable_name
  WHERE c.oid = to_regclass($1)`
const MAY_COMPARE = "SELECT has_database_privilege(current_database(), 'TEMPORARY') AS may"
const THERE = 'SELECT to_regclass($1) IS NOT NULL AS found'

/** What there is by the name of a view; older versions name a policy's table by what is inside. */
const FOUND = `
  SELECT a.view_definition AS query, a.materialized_only AS "isMaterialized",
         extract(epoch FROM (j.config ->> 'start_offset')::interval)::float8 * 1000 AS "fromMs",
         extract(epoch FROM (j.config ->> 'end_offset')::interval)::float8 * 1000 AS "untilMs",
         extract(epoch FROM j.schedule_interval)::float8 * 1000 AS "everyMs"
  FROM timescaledb_information.continuous_aggregates a
  JOIN pg_namespace n ON n.nspname = a.view_schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.view_name
  LEFT JOIN timescaledb_information.jobs j ON j.proc_name = 'policy_refresh_continuous_aggregate'
    AND (j.hypertable_schema, j.hypertable_name) IN
        ((a.view_schema, a.view_name), (a.materialization_hypertable_schema, a.materialization_hypertable_name))
  WHERE c.oid = to_regclass($1)`

interface Found {
  readonly query: string
  readonly isMaterialized: boolean
  readonly fromMs: number | null
  readonly untilMs: number | null
  readonly everyMs: number | null
}

/** Of this transaction alone; for how the server writes the query that is wished. */
const WISHED = 'millrace_wished'

/** What is made of the table while nobody waits for a lock for longer. */
const LOCK_WAIT = "SET LOCAL lock_timeout = '5s'"

/**
 * Makes the continuous aggregates that are not there. Those that are there stay as they are. No
 * record waits for one that cannot be made.
 * @param isNew whether the table has just been made, so that it has no rows
 * @returns what a person should know, in sentences
 */
export async function makeAggregates(
  session: Session,
  table: TableName,
  wishes: readonly AggregateWish[],
  { isNew, place }: { readonly isNew: boolean; readonly place: DatabasePlace }
): Promise<string[]> {
  if (wishes.length === 0) return []
  const names = wishes.map(({ view }) => view.name).join(', ')
  const unmade = `the continuous aggregates that are wished (${names}) are not made; records are stored all the same`
  const { rows } = await session.query<{ timescale: boolean }>(PLACE)
  if (rows[0]?.timescale !== true)
    return [`TimescaleDB is not installed in this database, so that ${unmade}.`]
  if ((await session.query(HYPERTABLE, [table.sql])).rowCount === 0)
    return [`The table ${table.name} is no hypertable, so that ${unmade}.`]
  const said: string[] = []
  for (const wish of wishes) {
    try {
      if (await makeOne(session, table, wish))
        said.push(...(await filled(session, table, wish, isNew)))
      else said.push(...(await compared(session, table, wish, place)))
    } catch (error) {
      if (!isServerError(error)) throw error
      said.push(
        `The continuous aggregate ${wish.view.name} could not be made, and is tried again at the next deploy; records are stored all the same. ${databaseSentence(error, place)}`
      )
    }
  }
  return said
}

/** Returns whether it was made; false where something is there by its name. */
function makeOne(session: Session, table: TableName, wish: AggregateWish): Promise<boolean> {
  const { view } = wish
  return inTransaction(session, 'COMMIT', async () => {
    await session.query(LOCK_WAIT)
    await session.query(LOCK, [view.sql])
    if ((await session.query<{ found: boolean }>(THERE, [view.sql])).rows[0]?.found) return false
    if (view.schema !== undefined)
      await session.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(view.schema)}`)
    for (const statement of aggregateStatements(table, wish)) await session.query(statement)
    return true
  })
}

/** How the rows that were there before come into it. */
async function filled(
  session: Session,
  table: TableName,
  wish: AggregateWish,
  isNew: boolean
): Promise<string[]> {
  if (isNew || (await session.query(`SELECT FROM ${table.sql} LIMIT 1`)).rowCount === 0) return []
  return [
    `The continuous aggregate ${wish.view.name} is made. Rows that were in the table before are in it after: ${fillStatement(wish)};`
  ]
}

/** Holds one that is there against what is wished. */
async function compared(
  session: Session,
  table: TableName,
  wish: AggregateWish,
  place: DatabasePlace
): Promise<string[]> {
  const there = await found(session, wish.view)
  if (there === undefined) return [noAggregate(wish)]
  const unknown = `The continuous aggregate ${wish.view.name} is there, and ${STAYS}; whether it is as the settings say could not be found out`
  if ((await session.query<{ may: boolean }>(MAY_COMPARE)).rows[0]?.may !== true)
    return [
      `${unknown}, which takes a temporary view: GRANT TEMPORARY ON DATABASE ${quoted(place.database)} TO ${quoted(place.user)}; allows it.`
    ]
  try {
    return differences(wish, there, await asWished(session, table, wish))
  } catch (error) {
    if (!isServerError(error)) throw error
    return [`${unknown}. ${databaseSentence(error, place)}`]
  }
}

async function found(session: Session, view: TableName): Promise<Found | undefined> {
  return (await session.query<Found & Record<string, unknown>>(FOUND, [view.sql])).rows[0]
}

/** The query in the server's own words, which are the same for the same query. */
function asWished(
  session: Session,
  table: TableName,
  wish: AggregateWish
): Promise<string | undefined> {
  return inTransaction(session, 'ROLLBACK', async () => {
    await session.query(`CREATE TEMPORARY VIEW ${WISHED} AS ${aggregateQuery(table, wish)}`)
    const { rows } = await session.query<{ query: string }>(
      `SELECT pg_get_viewdef('pg_temp.${WISHED}'::regclass) AS query`
    )
    return rows[0]?.query
  })
}

const STAYS = 'stays as it is'

const noAggregate = ({ view }: AggregateWish): string =>
  `There is something by the name ${view.name} that is no continuous aggregate; it ${STAYS}. Give the aggregate another name.`

/** What is other than wished, and what would make it as wished. */
function differences(wish: AggregateWish, there: Found, query: string | undefined): string[] {
  const { view, refresh, isRealTime } = wish
  if (there.query !== query)
    return [
      `The continuous aggregate ${view.name} is of another query than the settings say, and ${STAYS}. Give the new one another name; or run DROP MATERIALIZED VIEW ${view.sql}; and deploy, which makes it anew of the rows that are still in the table.`
    ]
  const realTime = there.isMaterialized === isRealTime ? [realTimeStatement(wish)] : []
  const isSame =
    there.fromMs === refresh.fromMs &&
    there.untilMs === refresh.untilMs &&
    there.everyMs === refresh.everyMs
  const removal = there.everyMs === null ? [] : [policyRemoval(wish)]
  const policy = isSame ? [] : [...removal, policyStatement(wish)]
  const statements = [...realTime, ...policy]
  if (statements.length === 0) return []
  const what = [...(realTime.length > 0 ? ['real time'] : []), ...(isSame ? [] : ['refresh'])]
  return [
    `The continuous aggregate ${view.name} has other settings (${what.join(', ')}), and ${STAYS}. To change it: ${statements.map(each => `${each};`).join(' ')}`
  ]
}

async function inTransaction<T>(
  session: Session,
  end: 'COMMIT' | 'ROLLBACK',
  work: () => Promise<T>
): Promise<T> {
  await session.begin()
  try {
    const result = await work()
    await session.query(end)
    return result
  } catch (error) {
    await session.query('ROLLBACK')
    throw error
  }
}
