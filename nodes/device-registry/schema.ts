import { nameFrom, quoted, type TableName } from '../../core/postgres/identifier.ts'

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
    changed: alone('changed_in'),
    unsent: alone('events', 'unsent'),
    schema: schema === undefined ? undefined : quoted(schema)
  }
}

/**
 * Columns that a table of devices gets where it lacks them. Devices that a person has written down
 * are approved. What begins with `millrace_` is of no use to others, and enrich does not copy it.
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
  ['millrace_died_at', 'timestamptz'],
  ['millrace_silent_for', 'timestamptz'],
  ['millrace_firmware_at', 'timestamptz'],
  ['millrace_changed', 'xid8 NOT NULL DEFAULT pg_current_xact_id()']
]

/** What of a device is told as a change of its master data. */
const MASTER = ['name', 'type', 'site', 'location']

/**
 * The trigger sees who changes a device, whatever with: it notes the transaction, for those who ask
 * what has changed, and tells of approvals and master data as events, in that transaction. It has
 * the rights and the schema of who made it, so that whoever may change a device need not have more.
 */
const functionOf = ({ note, events }: Tables, schema: string): string => `
CREATE OR REPLACE FUNCTION ${note}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $millrace$
DECLARE
  said jsonb := jsonb_strip_nulls(jsonb_build_object(
    'by', nullif(current_setting('millrace.by', true), ''),
    'comment', nullif(current_setting('millrace.comment', true), '')));
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.millrace_changed := pg_current_xact_id();
    RETURN NEW;
  END IF;
  IF NEW.status IS DISTINCT FROM OLD.status THEN
    NEW.millrace_changed := pg_current_xact_id();
    IF NEW.status IN ('approved', 'blocked') THEN
      INSERT INTO ${events} (at, device_id, event, details) VALUES
        (clock_timestamp(), NEW.device_id, NEW.status, said || jsonb_build_object('before', OLD.status));
    END IF;
  END IF;
  IF (${MASTER.map(name => `NEW.${name}`).join(', ')}) IS DISTINCT FROM (${MASTER.map(name => `OLD.${name}`).join(', ')}) THEN
    NEW.millrace_changed := pg_current_xact_id();
    INSERT INTO ${events} (at, device_id, event, details) VALUES
      (clock_timestamp(), NEW.device_id, 'changed', said || jsonb_build_object(
        'before', jsonb_build_object(${MASTER.map(name => `'${name}', OLD.${name}`).join(', ')}),
        'after', jsonb_build_object(${MASTER.map(name => `'${name}', NEW.${name}`).join(', ')})));
  END IF;
  IF (NEW.presence, NEW.firmware) IS DISTINCT FROM (OLD.presence, OLD.firmware) THEN
    NEW.millrace_changed := pg_current_xact_id();
  END IF;
  RETURN NEW;
END
$millrace$`

/** The statements that make the tables, or complete them; each can be run again. */
export function tableStatements(tables: Tables): string[] {
  const { devices, events, readers, schema } = tables
  return [
    ...(schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${schema}`]),
    `CREATE TABLE IF NOT EXISTS ${devices} (device_id text PRIMARY KEY)`,
    `ALTER TABLE ${devices} ${COLUMNS.map(([name, type]) => `ADD COLUMN IF NOT EXISTS ${name} ${type}`).join(', ')}`,
    `CREATE INDEX IF NOT EXISTS ${tables.changed} ON ${devices} (millrace_changed, device_id)`,
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
    `CREATE TABLE IF NOT EXISTS ${readers} (reader text PRIMARY KEY, clock timestamptz, beat timestamptz NOT NULL)`
  ]
}

/** @param schema in which the tables are, ready for SQL */
export function triggerStatements(tables: Tables, schema: string): string[] {
  return [
    functionOf(tables, schema),
    `DROP TRIGGER IF EXISTS ${tables.trigger} ON ${tables.devices}`,
    `CREATE TRIGGER ${tables.trigger} BEFORE INSERT OR UPDATE ON ${tables.devices} FOR EACH ROW EXECUTE FUNCTION ${tables.note}()`
  ]
}
