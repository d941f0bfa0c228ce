import type { RegistryStore } from '../store.ts'
import type { ImportedDevice } from './row.ts'

const BATCH = 1_000

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

/** Brings the devices of a list into the table, all of them or none. */
export async function importInto(
  { database, tables }: RegistryStore,
  rows: readonly ImportedDevice[]
): Promise<{ readonly added: number; readonly changed: number }> {
  let added = 0
  await database.with(async session => {
    await session.query('BEGIN')
    try {
      await session.query("SELECT set_config('millrace.by', 'import', true)")
      for (let from = 0; from < rows.length; from += BATCH) {
        const part = JSON.stringify(rows.slice(from, from + BATCH))
        const { rows: done } = await session.query<{ added: boolean }>(UPSERT(tables.devices), [
          part
        ])
        await session.query(SAY_STATUS(tables.devices), [part])
        added += done.filter(row => row.added).length
      }
      await session.query('COMMIT')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
  })
  return { added, changed: rows.length - added }
}
