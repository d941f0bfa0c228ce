import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { repository } from '../../../stack/services.ts'
import * as wire from '../../../stack/timescale/messages.ts'
import { kill, restart, services, testHome } from '../../services.ts'

const day = 86_400_000
let url = ''
let pool: pg.Pool
let tableCount = 0

/** A new hypertable (time, device_id, value) with a unique index. */
async function hypertable(): Promise<string> {
  const table = `stack_${process.pid}_${++tableCount}`
  await pool.query(`CREATE TABLE ${table} (time timestamptz NOT NULL, device_id text NOT NULL, value float8)`)
  await pool.query(`SELECT create_hypertable('${table}', 'time', create_default_indexes => false)`)
  await pool.query(`CREATE UNIQUE INDEX ON ${table} (time, device_id)`)
  return table
}

async function connected(config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...config })
  // the server ends connections in some of these tests
  client.on('error', () => {})
  await client.connect()
  return client
}

async function copy(client: pg.ClientBase, sql: string, parts: Iterable<Buffer | string>): Promise<number> {
  const stream = client.query(copyFrom(sql))
  await new Promise<void>((done, failed) => {
    stream.on('finish', done).on('error', failed)
    for (const part of parts) stream.write(part)
    stream.end()
  })
  return stream.rowCount ?? 0
}

async function count(table: string): Promise<number> {
  return Number((await pool.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count)
}

const sqlState = (code: string) => (error: unknown) => (error as pg.DatabaseError).code === code

/** Rows of COPY BINARY: timestamptz as microseconds since 2000, text, float8. In pieces of some kB. */
function binaryRows(rowCount: number): Buffer[] {
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
  return Array.from({ length: Math.ceil(rows.length / 100) }, (_, i) => Buffer.concat(rows.slice(i * 100, i * 100 + 100)))
}

describe('the embedded TimescaleDB', function () {
  this.timeout(60_000)

  before(async () => {
    url = (await services('timescale')).timescale.url
    pool = new pg.Pool({ connectionString: url, max: 8 })
    pool.on('error', () => {})
  })

  after(() => pool?.end())

  it('has TimescaleDB, in the database it was asked for', async () => {
    const { rows } = await pool.query('SELECT current_database() AS name, extversion FROM pg_extension WHERE extname = $1', ['timescaledb'])
    assert.equal(rows[0].name, 'postgres')
    assert.match(rows[0].extversion, /^2\./)
  })

  it('gives each of many clients its own answers', async () => {
    const workers = Array.from({ length: 16 }, async (_, worker) => {
      for (let i = 0; i < 25; i++) {
        const { rows } = await pool.query('SELECT $1::int AS a, $2::text AS b', [worker * 1000 + i, `worker-${worker}`])
        assert.deepEqual(rows, [{ a: worker * 1000 + i, b: `worker-${worker}` }])
      }
    })
    await Promise.all(workers)
  })

  it('keeps transactions of different clients apart', async () => {
    const table = `counter_${process.pid}`
    await pool.query(`CREATE TABLE ${table} (n int)`)
    await pool.query(`INSERT INTO ${table} VALUES (0)`)
    const increment = async () => {
      const client = await pool.connect()
      await client.query('BEGIN')
      const { rows } = await client.query<{ n: number }>(`SELECT n FROM ${table}`)
      await client.query(`UPDATE ${table} SET n = $1`, [(rows[0]?.n ?? 0) + 1])
      await client.query('COMMIT')
      client.release()
    }
    await Promise.all(Array.from({ length: 40 }, increment))
    assert.deepEqual((await pool.query(`SELECT n FROM ${table}`)).rows, [{ n: 40 }])
  })

  it('rolls back what a client that goes away has begun, and lets the next one in', async () => {
    const table = await hypertable()
    const client = await connected()
    await client.query('BEGIN')
    await client.query(`INSERT INTO ${table} VALUES (now(), 'a', 1)`)
    const waiting = count(table)
    await client.end()
    assert.equal(await waiting, 0)
  })

  it('keeps prepared statements of one name apart', async () => {
    const [first, second] = await Promise.all([connected(), connected()])
    for (let i = 0; i < 2; i++) {
      assert.deepEqual((await first.query({ name: 'same', text: 'SELECT 1 AS a' })).rows, [{ a: 1 }])
      assert.deepEqual((await second.query({ name: 'same', text: 'SELECT 2 AS b' })).rows, [{ b: 2 }])
    }
    await first.end()
    assert.deepEqual((await second.query({ name: 'same', text: 'SELECT 2 AS b' })).rows, [{ b: 2 }])
    await second.end()
  })

  it('keeps the unnamed statement that a client has prepared in an earlier turn', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const send = async (...messages: Buffer[]) => {
      socket.write(Buffer.concat(messages))
      const chunks: Buffer[] = []
      for await (const [chunk] of on(socket, 'data')) {
        chunks.push(chunk as Buffer)
        if (wire.summarize(Buffer.concat(chunks)).status) break
      }
      return wire.splitMessages(Buffer.concat(chunks)).messages.map(wire.typeOf).join('')
    }
    const sync = wire.makeMessage('S')
    const parameters = wire.makeMessage('', [0, 3, 0, 0], 'user', 'postgres', 'database', 'postgres', [0]).subarray(1)
    const parse = wire.makeMessage('P', '', 'SELECT 42', [0, 0])
    const bind = wire.makeMessage('B', '', '', [0, 0, 0, 0, 0, 0])
    const execute = wire.makeMessage('E', '', [0, 0, 0, 0])
    assert.match(await send(Buffer.from(parameters)), /^RS+KZ$/)
    assert.equal(await send(parse, sync), '1Z')
    await pool.query('SELECT $1::text', ['another client prepares'])
    assert.equal(await send(bind, execute, sync), '2DCZ')
    socket.end()
  })

  it('has its data folder for itself', () => {
    const server = join(repository, 'stack', 'timescale', 'server.ts')
    const args = ['--import', 'tsx', server, join(testHome, 'timescale'), '0']
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: repository, encoding: 'utf8', timeout: 30_000 })
    assert.equal(status, 1)
    assert.match(stderr, /Process \d+ holds/)
  })

  it('keeps what a client sets to that client', async () => {
    const [first, second] = await Promise.all([connected({ options: '-c statement_timeout=12345' }), connected()])
    await first.query("SET TIME ZONE 'Asia/Tokyo'")
    const zone = async (client: pg.Client) => (await client.query('SHOW timezone')).rows[0].TimeZone
    assert.equal(await zone(second), 'GMT')
    assert.equal(await zone(first), 'Asia/Tokyo')
    assert.equal((await second.query('SHOW statement_timeout')).rows[0].statement_timeout, '0')
    assert.equal((await first.query('SHOW statement_timeout')).rows[0].statement_timeout, '12345ms')
    await first.query('RESET timezone')
    assert.equal(await zone(first), 'GMT')
    await second.query("SET search_path TO 'nowhere'")
    await second.query('RESET search_path')
    assert.equal((await second.query('SHOW search_path')).rows[0].search_path, '"$user", public')
    await first.query("SET TIME ZONE 'Asia/Tokyo'")
    await first.end()
    assert.equal(await zone(second), 'GMT')
    await second.end()
  })

  it('leaves the prepared statements of others alone when a client discards all of its own', async () => {
    const [first, second] = await Promise.all([connected(), connected()])
    const kept = { name: 'kept', text: 'SELECT 1 AS a' }
    await first.query(kept)
    await second.query({ name: 'kept', text: 'SELECT 2 AS a' })
    assert.equal((await second.query('DISCARD ALL')).command, 'DISCARD')
    assert.deepEqual((await first.query(kept)).rows, [{ a: 1 }])
    await Promise.all([first.end(), second.end()])
  })

  it('refuses a user and a database that do not exist', async () => {
    await assert.rejects(connected({ connectionString: url.replace(/postgres$/, 'nothing') }), sqlState('3D000'))
    await assert.rejects(connected({ connectionString: url.replace('postgres@', 'somebody@') }), sqlState('28000'))
  })

  const mistakes: { sql: string; values: unknown[]; code: string }[] = [
    { sql: 'SELECT 1 / $1::int', values: [0], code: '22012' },
    { sql: 'SELECT * FROM nothing_here', values: [], code: '42P01' },
    { sql: 'SELEC 1', values: [], code: '42601' },
    { sql: 'SELECT $1::text', values: ['\u0000'], code: '22021' },
    { sql: 'INSERT INTO TABLE_NAME VALUES (now(), NULL, 1)', values: [], code: '23502' }
  ]
  for (const { sql, values, code } of mistakes) {
    it(`answers ${JSON.stringify(sql)} with SQLSTATE ${code} and goes on`, async () => {
      const statement = sql.replace('TABLE_NAME', await hypertable())
      const client = await connected()
      await assert.rejects(client.query(statement, values), sqlState(code))
      assert.deepEqual((await client.query('SELECT $1::int AS n', [7])).rows, [{ n: 7 }])
      await client.query('BEGIN')
      await assert.rejects(client.query(statement, values), sqlState(code))
      await assert.rejects(client.query('SELECT 1'), sqlState('25P02'))
      await client.query('ROLLBACK')
      await client.end()
    })
  }

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
    { format: 'binary, of 10 MB', rows: binaryRows(200_000), sql: 'COPY TABLE_NAME FROM STDIN (FORMAT binary)' },
    {
      format: 'text',
      rows: Array.from({ length: 100 }, (_, i) => `2026-01-01 00:00:${i % 60}Z\tdevice-${i}\t${i}\n`),
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
      const rows = Array.from({ length: 500 }, (_, i) => `2026-01-01 00:00:${i % 60}Z\tdevice-${worker}-${i}\t${i}\n`)
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
      const rows = Array.from({ length: good }, (_, i) => `2026-01-01 00:00:00Z\tdevice-${i}\t${i}\n`)
      const failed = copy(client, `COPY ${table} FROM STDIN`, [rows.join(''), 'nonsense\n', '2026-01-01Z\tx\t1\n'])
      await assert.rejects(failed, (error: pg.DatabaseError) => error.code === '22007' && (error.where ?? '').includes(`line ${good + 1}`))
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
      client.query({ text: `COPY ${table} FROM STDIN`, values: [], queryMode: 'extended' } as pg.QueryConfig),
      sqlState('0A000')
    )
    await assert.rejects(client.query(`SELECT 1; /* rows follow */ copy ${table} from stdin`), sqlState('0A000'))
    const { rows } = await client.query("SELECT 'copy a from stdin' AS a -- copy a from stdin")
    assert.deepEqual(rows, [{ a: 'copy a from stdin' }])
    await client.end()
  })

  it('gives rows by COPY TO STDOUT', async () => {
    const client = await connected()
    const chunks = await client.query(copyTo("COPY (SELECT n, 'x' FROM generate_series(1, 3) n) TO STDOUT")).toArray()
    assert.equal(Buffer.concat(chunks).toString(), '1\tx\n2\tx\n3\tx\n')
    await client.end()
  })

  it('runs the policies that are due', async () => {
    const table = await hypertable()
    await pool.query(`INSERT INTO ${table} VALUES ($1, 'old', 1), (now(), 'new', 2)`, [new Date(Date.now() - 30 * day)])
    await pool.query(`SELECT add_retention_policy('${table}', INTERVAL '7 days')`)
    const compressed = await hypertable()
    await pool.query(`INSERT INTO ${compressed} VALUES ($1, 'old', 1), (now(), 'new', 2)`, [new Date(Date.now() - 30 * day)])
    await pool.query(`ALTER TABLE ${compressed} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id')`)
    await pool.query(`SELECT add_compression_policy('${compressed}', INTERVAL '7 days')`)
    const chunks = 'SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = $1 ORDER BY range_start'
    const isDone = async () => (await count(table)) === 1 && (await pool.query(chunks, [compressed])).rows[0].is_compressed
    const limit = Date.now() + 30_000
    while (!(await isDone()) && Date.now() < limit) await wait(100)
    assert.deepEqual((await pool.query(`SELECT device_id FROM ${table}`)).rows, [{ device_id: 'new' }])
    assert.deepEqual((await pool.query(chunks, [compressed])).rows, [{ is_compressed: true }, { is_compressed: false }])
  })

  it('has all committed rows after kill -9, and compresses them', async () => {
    const table = await hypertable()
    const client = await connected()
    await copy(client, `COPY ${table} FROM STDIN BINARY`, binaryRows(1_000))
    await client.query(`INSERT INTO ${table} VALUES (now(), 'last', 1)`)
    await client.query('BEGIN')
    await client.query(`INSERT INTO ${table} VALUES (now(), 'not committed', 1)`)
    await kill('timescale')
    assert.equal((await restart('timescale')).url, url)
    assert.equal(await count(table), 1_001)
    await pool.query(`ALTER TABLE ${table} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id')`)
    await pool.query(`SELECT compress_chunk(chunk) FROM show_chunks('${table}') AS chunk`)
    await pool.query(`SELECT add_compression_policy('${table}', INTERVAL '7 days')`)
    assert.equal(await count(table), 1_001)
  })
})
