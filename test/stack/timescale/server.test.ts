import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { repository } from '../../../stack/services.ts'
import * as wire from '../../../stack/timescale/messages.ts'
import { kill, restart, testHome } from '../../services.ts'
import {
  binaryRows,
  connected,
  copy,
  count,
  day,
  hypertable,
  pool,
  sqlState,
  url,
  useEmbedded
} from './embedded.ts'

describe('the embedded TimescaleDB', function () {
  this.timeout(60_000)

  before(useEmbedded)

  after(() => pool?.end())

  it('has TimescaleDB, in the database it was asked for', async () => {
    const { rows } = await pool.query(
      'SELECT current_database() AS name, extversion FROM pg_extension WHERE extname = $1',
      ['timescaledb']
    )
    assert.equal(rows[0].name, 'postgres')
    assert.match(rows[0].extversion, /^2\./)
  })

  it('gives each of many clients its own answers', async () => {
    const workers = Array.from({ length: 16 }, async (_, worker) => {
      for (let i = 0; i < 25; i++) {
        const { rows } = await pool.query('SELECT $1::int AS a, $2::text AS b', [
          worker * 1000 + i,
          `worker-${worker}`
        ])
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
      assert.deepEqual((await first.query({ name: 'same', text: 'SELECT 1 AS a' })).rows, [
        { a: 1 }
      ])
      assert.deepEqual((await second.query({ name: 'same', text: 'SELECT 2 AS b' })).rows, [
        { b: 2 }
      ])
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
    const parameters = wire
      .makeMessage('', [0, 3, 0, 0], 'user', 'postgres', 'database', 'postgres', [0])
      .subarray(1)
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
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: repository,
      encoding: 'utf8',
      timeout: 30_000
    })
    assert.equal(status, 1)
    assert.match(stderr, /Process \d+ holds/)
  })

  it('keeps what a client sets to that client', async () => {
    const [first, second] = await Promise.all([
      connected({ options: '-c statement_timeout=12345' }),
      connected()
    ])
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
    await assert.rejects(
      connected({ connectionString: url.replace(/postgres$/, 'nothing') }),
      sqlState('3D000')
    )
    await assert.rejects(
      connected({ connectionString: url.replace('postgres@', 'somebody@') }),
      sqlState('28000')
    )
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

  it('runs the policies that are due', async () => {
    const table = await hypertable()
    await pool.query(`INSERT INTO ${table} VALUES ($1, 'old', 1), (now(), 'new', 2)`, [
      new Date(Date.now() - 30 * day)
    ])
    await pool.query(`SELECT add_retention_policy('${table}', INTERVAL '7 days')`)
    const compressed = await hypertable()
    await pool.query(`INSERT INTO ${compressed} VALUES ($1, 'old', 1), (now(), 'new', 2)`, [
      new Date(Date.now() - 30 * day)
    ])
    await pool.query(
      `ALTER TABLE ${compressed} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id')`
    )
    await pool.query(`SELECT add_compression_policy('${compressed}', INTERVAL '7 days')`)
    const chunks =
      'SELECT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = $1 ORDER BY range_start'
    const isDone = async () =>
      (await count(table)) === 1 && (await pool.query(chunks, [compressed])).rows[0].is_compressed
    const limit = Date.now() + 30_000
    while (!(await isDone()) && Date.now() < limit) await wait(100)
    assert.deepEqual((await pool.query(`SELECT device_id FROM ${table}`)).rows, [
      { device_id: 'new' }
    ])
    assert.deepEqual((await pool.query(chunks, [compressed])).rows, [
      { is_compressed: true },
      { is_compressed: false }
    ])
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
    await pool.query(
      `ALTER TABLE ${table} SET (timescaledb.compress, timescaledb.compress_segmentby = 'device_id')`
    )
    await pool.query(`SELECT compress_chunk(chunk) FROM show_chunks('${table}') AS chunk`)
    await pool.query(`SELECT add_compression_policy('${table}', INTERVAL '7 days')`)
    assert.equal(await count(table), 1_001)
  })
})
