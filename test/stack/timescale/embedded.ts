/** The embedded TimescaleDB, with what tests of it share. */
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { services } from '../../services.ts'

export const day = 86_400_000
export let url = ''
export let pool: pg.Pool
let tableCount = 0

/** A new hypertable (time, device_id, value) with a unique index. */
export async function hypertable(): Promise<string> {
  const table = `stack_${process.pid}_${++tableCount}`
  await pool.query(
    `CREATE TABLE ${table} (time timestamptz NOT NULL, device_id text NOT NULL, value float8)`
  )
  await pool.query(`SELECT create_hypertable('${table}', 'time', create_default_indexes => false)`)
  await pool.query(`CREATE UNIQUE INDEX ON ${table} (time, device_id)`)
  return table
}

export async function connected(config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...config })
  // the server ends connections in some of these tests
  client.on('error', () => {})
  await client.connect()
  return client
}

export async function copy(
  client: pg.ClientBase,
  sql: string,
  parts: Iterable<Buffer | string>
): Promise<number> {
  const stream = client.query(copyFrom(sql))
  await new Promise<void>((done, failed) => {
    stream.on('finish', done).on('error', failed)
    for (const part of parts) stream.write(part)
    stream.end()
  })
  return stream.rowCount ?? 0
}

export async function count(table: string): Promise<number> {
  return Number(
    (await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count
  )
}

export const sqlState = (code: string) => (error: unknown) =>
  (error as pg.DatabaseError).code === code

/**
 * Rows of COPY BINARY: timestamptz as microseconds since 2000, text, float8. In pieces of some kB.
 */
export function binaryRows(rowCount: number): Buffer[] {
  const rows = [Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])]
  for (let i = 0; i < rowCount; i++) {
    const device = Buffer.from(`device-${i}`)
    const row = Buffer.alloc(2 + 12 + 4 + device.length + 12)
    let at = row.writeInt16BE(3)
    at = row.writeInt32BE(8, at)
    at = row.writeBigInt64BE(BigInt(i) * 1_000_000n, at)
    at = row.writeInt32BE(device.length, at)
    at += device.copy(row, at)
    at = row.writeInt32BE(8, at)
    row.writeDoubleBE(i / 2, at)
    rows.push(row)
  }
  rows.push(Buffer.from([0xff, 0xff]))
  return Array.from({ length: Math.ceil(rows.length / 100) }, (_, i) =>
    Buffer.concat(rows.slice(i * 100, i * 100 + 100))
  )
}

/** Connects the tests of a file with the server, which starts where it does not run. */
export async function useEmbedded(): Promise<void> {
  url = (await services('timescale')).timescale.url
  pool = new pg.Pool({ connectionString: url, max: 8 })
  pool.on('error', () => {})
}
