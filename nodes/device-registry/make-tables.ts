import type { Database, Session } from '../../core/postgres/pool.ts'
import { SettingError } from '../../core/postgres/setting-error.ts'
import { sqlstateOf } from '../../core/postgres/sqlstate.ts'
import { COLUMNS, type Tables, tableStatements, triggerStatements } from './schema.ts'

/** Two Node-REDs that start at once make it once; the number is arbitrary. */
const LOCK = 'SELECT pg_advisory_xact_lock(1296651853, hashtext($1))'
const NO_PERMISSION = '42501'

/**
 * Makes what is missing. A user who may not finds it made by somebody who may.
 * @throws SettingError where the table that is there cannot hold devices; it is left as it is
 */
export async function makeTables(database: Database, tables: Tables): Promise<void> {
  await database.with(async session => {
    if (await isWhole(session, tables)) return
    await session.begin()
    try {
      await session.query(LOCK, [tables.devices])
      if (!(await isWhole(session, tables))) await make(session, tables)
      await session.query('COMMIT')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw sqlstateOf(error) === NO_PERMISSION ? notAllowed(tables, error) : error
    }
  })
}

async function make(session: Session, tables: Tables): Promise<void> {
  const problems = await problemsOf(session, tables)
  if (problems.length > 0) throw new SettingError(problems, 'table does not fit')
  for (const statement of tableStatements(tables)) await session.query(statement)
  const { rows } = await session.query<{ schema: string }>(
    'SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = to_regclass($1)',
    [tables.devices]
  )
  for (const statement of triggerStatements(tables, rows[0]!.schema)) await session.query(statement)
}

const notAllowed = ({ devices }: Tables, error: unknown): unknown =>
  Object.assign(error as Error, {
    message: `the registry ${devices} is not whole, and its user may not make it: ${(error as Error).message}`
  })

const COMPLETE = `
  SELECT to_regclass($2) IS NOT NULL AND to_regclass($3) IS NOT NULL
    AND (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0
         AND NOT attisdropped AND attname = ANY ($4)) = cardinality($4::text[])
    AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND quote_ident(tgname) IN ($5, trim(both '"' from $5))) AS whole`

async function isWhole(session: Session, tables: Tables): Promise<boolean> {
  const { devices, events, readers, trigger } = tables
  const names = ['device_id', ...COLUMNS.map(([name]) => name)]
  const { rows } = await session.query<{ whole: boolean }>(COMPLETE, [
    devices,
    events,
    readers,
    names,
    trigger
  ])
  return rows[0]?.whole === true
}

interface Found {
  readonly kind: string
  readonly hasKey: boolean
  readonly columns: Readonly<Record<string, string>>
}

/** What is there under the name of the table, its columns, and whether an id is unique. */
const FOUND = `
  SELECT relkind::text AS kind,
    EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'device_id'
            WHERE i.indrelid = c.oid AND indisunique AND indimmediate AND indisvalid AND indpred IS NULL
              AND indnkeyatts = 1 AND indkey[0] = a.attnum) AS "hasKey",
    (SELECT coalesce(jsonb_object_agg(attname, format_type(atttypid, NULL)), '{}') FROM pg_attribute
     WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
  FROM pg_class c WHERE oid = to_regclass($1)`

const TEXTS = ['text', 'character varying', 'citext']
const LONG: Readonly<Record<string, string>> = { timestamptz: 'timestamp with time zone' }

/** Why devices cannot be kept in what is there; nothing if they can, or if nothing is there. */
async function problemsOf(session: Session, { devices }: Tables): Promise<string[]> {
  const [found] = (await session.query<Found>(FOUND, [devices])).rows
  if (found === undefined) return []
  if (found.kind !== 'r' && found.kind !== 'p')
    return [`${devices} is no table: a registry cannot be kept in a view or a foreign table.`]
  const problems: string[] = []
  for (const [name, wish] of [['device_id', 'text'] as const, ...COLUMNS]) {
    const type = wish.split(' ')[0]!
    const is = found.columns[name]
    if (is === undefined || (type === 'text' ? TEXTS : [LONG[type] ?? type]).includes(is)) continue
    problems.push(
      `The column ${name} of ${devices} is of the type ${is}; a registry needs ${type}.`
    )
  }
  if (found.columns.device_id === undefined)
    problems.push(`The table ${devices} has no column device_id.`)
  else if (!found.hasKey)
    problems.push(`The table ${devices} needs a unique index on device_id alone, or it as its key.`)
  return problems
}
