import type { ImportedDevice } from './import-row.ts'
import type { RegistryStore } from './store.ts'

/** What a list has is written over what is there; what it does not say stays. */
const UPSERT = (devices: string) => `
  INSERT INTO ${devices} AS d (device_id, name, type, site, location, firmware, status, keys, info)
  SELECT u.id, u.name, u.type, u.site, u.location, u.firmware, coalesce(u.status, 'approved'), u.keys, coalesce(u.info, '{}')
  FROM jsonb_to_recordset($1::jsonb) AS u(id text, name text, type text, site text, location text,
    firmware text, status text, keys jsonb, info jsonb)
  ORDER BY u.id
  ON CONFLICT (device_id) DO UPDATE SET
    name = coalesce(excluded.name, d.name), type = coalesce(excluded.type, d.type),
    site = coalesce(excluded.site, d.site), location = coalesce(excluded.location, d.location),
    firmware = coalesce(d.firmware, excluded.firmware),
    status = CASE d.status WHEN 'new' THEN excluded.status ELSE d.status END,
    keys = coalesce(excluded.keys, d.keys), info = coalesce(d.info, '{}') || excluded.info
  RETURNING (xmax = 0) AS added`

/** Who is blocked stays so, unless the list says otherwise. */
const SAY_STATUS = (devices: string) => `
  UPDATE ${devices} d SET status = u.status
  FROM jsonb_to_recordset($1::jsonb) AS u(id text, status text)
  WHERE d.device_id = u.id AND u.status IS NOT NULL AND d.status <> u.status`

/**
 * Brings the devices of a list into the table, all of them or none: in one statement, in the order
 * in which others lock devices too.
 */
export async function importInto(
  { database, tables }: RegistryStore,
  rows: readonly ImportedDevice[]
): Promise<{ readonly added: number; readonly changed: number }> {
  const list = [JSON.stringify(rows)]
  return database.with(async session => {
    await session.begin()
    try {
      await session.query("SELECT set_config('millrace.by', 'import', true)")
      const { rows: done } = await session.query<{ added: boolean }>(UPSERT(tables.devices), list)
      await session.query(SAY_STATUS(tables.devices), list)
      await session.query('COMMIT')
      const added = done.filter(row => row.added).length
      return { added, changed: rows.length - added }
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
  })
}
