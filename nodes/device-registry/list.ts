import type { RegistryStore } from './store.ts'

/** A device as the dialog shows it. */
export interface ListedDevice {
  readonly id: string
  readonly name: string | null
  readonly type: string | null
  readonly site: string | null
  readonly location: string | null
  readonly firmware: string | null
  readonly status: string
  readonly presence: string
  readonly seen: string | null
}

export interface ListRequest {
  readonly search: string
  /** A status or a presence; empty for all. */
  readonly only: string
  readonly page: number
}

export const PAGE_ROWS = 20

const SEARCHED = ['device_id', 'name', 'type', 'site', 'location', 'firmware']
const WHERE = `($1 = '' OR ${SEARCHED.map(name => `d.${name} ILIKE $1`).join(' OR ')}) AND ($2 = '' OR d.status = $2 OR d.presence = $2)`

/** A page of the list, and how many there are; the new ones first, since they wait for somebody. */
export async function listed(
  { database, tables }: RegistryStore,
  { search, only, page }: ListRequest
): Promise<{ readonly total: number; readonly rows: readonly ListedDevice[] }> {
  const like = search === '' ? '' : `%${search.replace(/[\\%_]/g, '\\$&')}%`
  const { rows: counted } = await database.query<{ total: number }>(
    `SELECT count(*)::int AS total FROM ${tables.devices} d WHERE ${WHERE}`,
    [like, only]
  )
  const { rows } = await database.query<ListedDevice>(
    `SELECT device_id AS id, name, type, site, location, firmware, status, presence,
       to_char(last_seen, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS seen
     FROM ${tables.devices} d WHERE ${WHERE}
     ORDER BY (status = 'new') DESC, device_id LIMIT ${PAGE_ROWS} OFFSET $3`,
    [like, only, page * PAGE_ROWS]
  )
  return { total: counted[0]?.total ?? 0, rows }
}
