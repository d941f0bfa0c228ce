import assert from 'node:assert/strict'
import type pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import {
  binaryRows,
  connected,
  copy,
  count,
  hypertable,
  pool,
  sqlState,
  useEmbedded
} from './embedded.ts'

describe('rows of the embedded TimescaleDB', function () {
  this.timeout(60_000)

  before(useEmbedded)
  after(() => pool?.end())

  it('answers a duplicate with 23505, and skips it with ON CONFLICT', async () => {
    const table = await hypertable()
    const insert = `INSERT INTO ${table} VALUES ($1, $2, $3)`
    const row = [new Date('2026-01-01'), 'a', 1]
    await pool.query(insert, row)
    await assert.rejects(pool.query(insert, row), sqlState('23505'))
    assert.equal((await pool.query(`${insert} ON CONFLICT DO NOTHING`, row)).rowCount, 0)
  })

  for (const { format, rows, sql } of [
    { format: 'binary, small', rows: binaryRows(100), sql: 'COPY TABLE_NAME FROM STDIN BINARY' },
    {
      format: 'binary, of 10 MB',
      rows: binaryRows(200_000),
      sql: 'COPY TABLE_NAME FROM STDIN (FORMAT binary)'
    },
    {
      format: 'text',
      rows: Array.from(
        { length: 100 },
        (_, i) => `2026-01-01 00:00:${i % 60}Z\tdevice-${i}\t${i}\n`
      ),
      sql: 'COPY TABLE_NAME FROM STDIN'
    },
    {
      format: 'CSV',
      rows: ['2026-01-01,"a,b",1\n', '2026-01-02,c,2\n'],
      sql: 'copy TABLE_NAME (time, device_id, value) from stdin with (format csv)'
    }
  ]) {
    it(`takes COPY (${format})`, async () => {
      const table = await hypertable()
      const client = await connected()
      const copied = await copy(client, sql.replace('TABLE_NAME', table), rows)
      assert.equal(await count(table), copied)
      assert.ok(copied >= 2)
      await client.end()
    })
  }

  it('takes COPY of many clients at once', async () => {
    const table = await hypertable()
    const work = Array.from({ length: 8 }, async (_, worker) => {
      const client = await pool.connect()
      const rows = Array.from(
        { length: 500 },
        (_, i) => `2026-01-01 00:00:${i % 60}Z\tdevice-${worker}-${i}\t${i}\n`
      )
      await copy(client, `COPY ${table} FROM STDIN`, rows)
      client.release()
    })
    await Promise.all(work)
    assert.equal(await count(table), 4_000)
  })

  it('names the line of a bad row in a COPY, small or large', async () => {
    const table = await hypertable()
    const client = await connected()
    for (const good of [2, 200_000]) {
      const rows = Array.from(
        { length: good },
        (_, i) => `2026-01-01 00:00:00Z\tdevice-${i}\t${i}\n`
      )
      const failed = copy(client, `COPY ${table} FROM STDIN`, [
        rows.join(''),
        'nonsense\n',
        '2026-01-01Z\tx\t1\n'
      ])
      await assert.rejects(
        failed,
        (error: pg.DatabaseError) =>
          error.code === '22007' && (error.where ?? '').includes(`line ${good + 1}`)
      )
    }
    assert.equal(await count(table), 0)
    await client.end()
  })

  it('forgets a COPY that the client gives up', async () => {
    const table = await hypertable()
    const client = await connected()
    const stream = client.query(copyFrom(`COPY ${table} FROM STDIN`))
    stream.write('2026-01-01 00:00:00Z\ta\t1\n')
    await new Promise(done => stream.once('error', done).destroy(new Error('changed my mind')))
    assert.equal(await count(table), 0)
    await client.end()
  })

  it('refuses a COPY FROM STDIN that is prepared, or one of several statements', async () => {
    const table = await hypertable()
    const client = await connected()
    await assert.rejects(
      client.query({
        text: `COPY ${table} FROM STDIN`,
        values: [],
        queryMode: 'extended'
      } as pg.QueryConfig),
      sqlState('0A000')
    )
    await assert.rejects(
      client.query(`SELECT 1; /* rows follow */ copy ${table} from stdin`),
      sqlState('0A000')
    )
    const { rows } = await client.query("SELECT 'copy a from stdin' AS a -- copy a from stdin")
    assert.deepEqual(rows, [{ a: 'copy a from stdin' }])
    await client.end()
  })

  it('gives rows by COPY TO STDOUT', async () => {
    const client = await connected()
    const chunks = await client
      .query(copyTo("COPY (SELECT n, 'x' FROM generate_series(1, 3) n) TO STDOUT"))
      .toArray()
    assert.equal(Buffer.concat(chunks).toString(), '1\tx\n2\tx\n3\tx\n')
    await client.end()
  })
})
