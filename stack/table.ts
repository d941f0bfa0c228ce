/**
 * The hypertable that the pipeline writes to, and the table of devices that it looks them up in.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { repository, telemetryTable } from './services.ts'

const definition = join(repository, 'stack', 'timescale', 'telemetry.sql')

/**
 * Makes the tables, the one of readings with its unique index and policies; does nothing where they
 * are. Returns 'table' for a PostgreSQL without TimescaleDB. Rejects with the database's error.
 */
export async function ensureTable(url: string): Promise<'hypertable' | 'table'> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await bringExtension(client)
    await client.query(readFileSync(definition, 'utf8'))
    const isHypertable =
      "SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL AS is"
    const { rows } = await client.query<{ is: boolean }>(isHypertable)
    return rows[0]?.is ? 'hypertable' : 'table'
  } finally {
    await client.end()
  }
}

async function bringExtension(client: pg.Client): Promise<void> {
  const sql = "SELECT installed_version FROM pg_available_extensions WHERE name = 'timescaledb'"
  const { rows } = await client.query<{ installed_version: string | null }>(sql)
  if (rows[0] && rows[0].installed_version === null)
    await client.query('CREATE EXTENSION IF NOT EXISTS timescaledb')
}

/** How many rows the table holds. */
export async function countRows(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${telemetryTable}`)
    return Number(rows[0]?.count)
  } finally {
    await client.end()
  }
}
