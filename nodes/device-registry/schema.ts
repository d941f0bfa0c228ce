import { nameFrom, quoted, type TableName } from '../../core/postgres/identifier.ts'
import type { Database, Session } from '../../core/postgres/pool.ts'
import { sqlstateOf } from '../../core/postgres/sqlstate.ts'

/** The tables of a registry, ready for SQL. */
export interface Tables {
  readonly devices: string
  readonly events: string
  readonly readers: string
  readonly note: string
  readonly trigger: string
  readonly changed: string
  readonly unsent: string
  readonly schema: string | undefined
}

export function tablesOf({ schema, name, sql }: TableName): Tables {
  const beside = (...more: string[]) => {
    const made = quoted(nameFrom(name.slice(0, 45), ...more))
    return schema === undefined ? made : `${quoted(schema)}.${made}`
  }
  const alone = (...more: string[]) => quoted(nameFrom(name.slice(0, 45), ...more))
  return {
    devices: sql,
    events: beside('events'),
    readers: beside('readers'),
    note: beside('note_change'),
    trigger: alone('changed'),
    changed: alone('changed_at'),
    unsent: alone('events', 'unsent'),
    schema: schema === undefined ? undefined : quoted(schema)
  }
}

/**
 * Columns that a table of devices gets where it lacks them. Devices that a person has written down
 * are approved.
 */
export const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['name', 'text'],
  ['type', 'text'],
  ['site', 'text'],
  ['location', 'text'],
  ['firmware', 'text'],
  ['keys', 'jsonb'],
  ['status', "text NOT NULL DEFAULT 'approved'"],
  ['presence', "text NOT NULL DEFAULT 'unknown'"],
  ['first_seen', 'timestamptz'],
  ['last_seen', 'timestamptz'],
  ['info', "jsonb NOT NULL DEFAULT '{}'"],
  ['died_at', 'timestamptz'],
  ['silent_for', 'timestamptz'],
  ['firmware_at', 'timestamptz'],
  ['changed_at', 'timestamptz NOT NULL DEFAULT clock_timestamp()']
]

/** What of a device is told as a change of its master data. */
const MASTER = ['name', 'type', 'site', 'location']

/**
 * The trigger sees who changes a device, whatever with: it says when, for those who ask what has
 * changed, and tells of approvals and master data as events, in the transaction that changes them.
 */
const functionOf = ({ note, events }: Tables): string => `
CREATE OR REPLACE FUNCTION ${note}() RETURNS trigger LANGUAGE plpgsql AS $millrace$
DECLARE
  said jsonb := jsonb_strip_nulls(jsonb_build_object(
    'by', nullif(current_setting('millrace.by', true), ''),
    'comment', nullif(current_setting('millrace.comment', true), '')));
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF NEW.status IS DISTINCT FROM OLD.status THEN
    NEW.changed_at := clock_timestamp();
    IF NEW.status IN ('approved', 'blocked') THEN
      INSERT INTO ${events} (at, device_id, event, details) VALUES
        (clock_timestamp(), NEW.device_id, NEW.status, said || jsonb_build_object('before', OLD.status));
    END IF;
  END IF;
  IF (${MASTER.map(name => `NEW.${name}`).join(', ')}) IS DISTINCT FROM (${MASTER.map(name => `OLD.${name}`).join(', ')}) THEN
    NEW.changed_at := clock_timestamp();
    INSERT INTO ${events} (at, device_id, event, details) VALUES
      (clock_timestamp(), NEW.device_id, 'changed', said || jsonb_build_object(
        'before', jsonb_build_object(${MASTER.map(name => `'${name}', OLD.${name}`).join(', ')}),
        'after', jsonb_build_object(${MASTER.map(name => `'${name}', NEW.${name}`).join(', ')})));
  END IF;
  IF (NEW.presence, NEW.firmware) IS DISTINCT FROM (OLD.presence, OLD.firmware) THEN
    NEW.changed_at := clock_timestamp();
  END IF;
  RETURN NEW;
END
$millrace$`

/** The statements that make a registry, or complete one; each can be run again. */
export function statementsFor(tables: Tables): string[] {
  const { devices, events, readers, schema } = tables
  return [
    ...(schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${schema}`]),
    `CREATE TABLE IF NOT EXISTS ${devices} (device_id text PRIMARY KEY)`,
    `ALTER TABLE ${devices} ${COLUMNS.map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${name} ${type}`).join(', ')}`,
    `CREATE INDEX IF NOT EXISTS ${tables.changed} ON ${devices} (changed_at)`,
    `CREATE TABLE IF NOT EXISTS ${events} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  device_id text NOT NULL,
  event text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_until timestamptz,
  sent_at timestamptz
)`,
    `CREATE INDEX IF NOT EXISTS ${tables.unsent} ON ${events} (id) WHERE sent_at IS NULL`,
    `CREATE TABLE IF NOT EXISTS ${readers} (reader text PRIMARY KEY, clock timestamptz, beat timestamptz NOT NULL)`,
    functionOf(tables),
    `DROP TRIGGER IF EXISTS ${tables.trigger} ON ${devices}`,
    `CREATE TRIGGER ${tables.trigger} BEFORE INSERT OR UPDATE ON ${devices} FOR EACH ROW EXECUTE FUNCTION ${tables.note}()`
  ]
}

/** Two Node-REDs that start at once make it once; the number is arbitrary. */
const LOCK = 'SELECT pg_advisory_xact_lock(1296651853, hashtext($1))'
const NO_PERMISSION = '42501'

/** Makes what is missing. A user who may not finds it made by somebody who may. */
export async function makeTables(database: Database, tables: Tables): Promise<void> {
  await database.with(async session => {
    if (await isWhole(session, tables)) return
    await session.query('BEGIN')
    try {
      await session.query(LOCK, [tables.devices])
      if (!(await isWhole(session, tables)))
        for (const statement of statementsFor(tables)) await session.query(statement)
      await session.query('COMMIT')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw sqlstateOf(error) === NO_PERMISSION ? notAllowed(tables, error) : error
    }
  })
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
