/**
 * What happens to a database while the sink writes: each time what the status says, and that no row
 * is lost, doubled or wrong.
 */
// Mostly waits.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Node } from 'node-red'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { databaseAt, reading } from '../../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

interface Shown {
  readonly fill: string
  readonly text: string
}

const LOCK_MS = process.env.MILLRACE_CRASH === 'long' ? 60_000 : 9_000
/** What comes while the table is locked is less than a sink holds. */
const FEED_EVERY_MS = LOCK_MS > 30_000 ? 50 : 20
const ROLE = 'interfered'
/** Of this run alone: one that was killed leaves them behind. */
const SMALL_DISK = `small_disk_${process.pid}`
const FILLER = `filler_${process.pid}`

describe('interference with the database of a sink', function () {
  this.timeout(LOCK_MS + 90_000)
  let nodeRed: RunningNodeRed
  let database: Database
  let url = ''
  let table = ''
  let tables = 0
  let sent = 0
  let done = 0
  let feeding: NodeJS.Timeout | undefined
  const shown: (Shown & { readonly atMs: number })[] = []

  before(async function () {
    this.timeout(120_000)
    url = (await services('postgres')).postgres.url
    database = databaseAt(url)
    await database.query(
      `DROP ROLE IF EXISTS ${ROLE}; CREATE ROLE ${ROLE} LOGIN PASSWORD 'first'; GRANT ALL ON SCHEMA public TO ${ROLE}`
    )
    nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
    const events = nodeRed.RED.events as NodeJS.EventEmitter
    events.on(
      'node-status',
      ({ id, status }: { id: string; status: Shown }) =>
        id === 'sink' && shown.push({ ...status, atMs: performance.now() })
    )
    nodeRed.RED.hooks.add('onComplete.interference', (event: unknown) => {
      const { node, error } = event as { node: { id: string }; error?: unknown }
      if (node.id === 'sink' && !error) done++
    })
  })
  beforeEach(() => {
    table = `interfered_${tables++}`
    sent = done = shown.length = 0
  })
  afterEach(async () => {
    clearInterval(feeding)
    await nodeRed.deploy([])
    await database.query(`DROP TABLE IF EXISTS ${table}`)
  })
  after(async () => {
    nodeRed.RED.hooks.remove('*.interference')
    await nodeRed.stop()
    await database.query(`DROP OWNED BY ${ROLE}; DROP ROLE ${ROLE}`)
    await database.close()
  })

  /** A sink that gets fifty records each 20 ms from now on, with the first of them stored. */
  async function flowing(sink: object = {}, place: object = {}): Promise<void> {
    const { hostname, port } = new URL(url)
    const as = {
      connection: 'fields',
      host: hostname,
      port: Number(port),
      database: 'postgres',
      user: ROLE,
      credentials: { password: 'first' }
    }
    await nodeRed.deploy([
      { id: 'database', type: 'millrace-timescale-database', ...as, ...place },
      { id: 'tab', type: 'tab' },
      {
        id: 'sink',
        type: 'millrace-timescale-sink',
        z: 'tab',
        database: 'database',
        table,
        wires: [[], ['end']],
        ...sink
      },
      { id: 'end', type: 'junction', z: 'tab', wires: [[]] }
    ])
    const node = nodeRed.node<Node>('sink')
    feeding = setInterval(() => {
      const from = 50 * sent++
      node.receive({
        payload: Array.from({ length: 50 }, (_, n) => reading(from + n, { value: from + n }))
      })
    }, FEED_EVERY_MS)
    await until('the first records', () => done > 10)
  }
  const status = (fill: string, text: RegExp) =>
    until(
      `the status ${text}`,
      () => shown.some(one => one.fill === fill && text.test(one.text)),
      20_000
    ).catch(error => {
      throw new Error(`${error} after ${shown.map(one => `${one.fill} ${one.text}`).join('; ')}`)
    })

  /** Ends the feeding, and holds what is in the table against what was sent. */
  async function allThereOnce(): Promise<void> {
    const before = done
    await until('records to be stored again', () => done > before, 30_000)
    clearInterval(feeding)
    await until('the rest to be stored', () => done === sent, 30_000)
    const { rows } = await database.query(
      `SELECT count(*)::int AS rows, count(DISTINCT (time, device_id, metric))::int AS keys,
              count(*) FILTER (WHERE value <> extract(epoch FROM time - '2024-02-23T00:00:00Z'))::int AS wrong FROM ${table}`
    )
    assert.deepEqual(rows, [{ rows: 50 * sent, keys: 50 * sent, wrong: 0 }])
    await until('the status to be green', () => shown.at(-1)?.fill === 'green')
  }
  const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ROLE}'`
  const run = (sql: string) => database.query(sql.replaceAll('%', table))

  it('its processes are terminated again and again', async () => {
    await flowing()
    for (let round = 0; round < 20; round++) {
      await run(others)
      const before = done
      await until('some records in between', () => done > before)
    }
    await allThereOnce()
  })

  it('it is read-only, and back: yellow', async () => {
    await flowing()
    await run('ALTER SYSTEM SET default_transaction_read_only = on')
    await run('SELECT pg_reload_conf()')
    await status('yellow', /database read-only/)
    await run('ALTER SYSTEM RESET default_transaction_read_only')
    await run('SELECT pg_reload_conf()')
    await allThereOnce()
  })

  it('it is read-only for new sessions, which those that exist do not learn of when it ends', async () => {
    await flowing()
    await run(`ALTER ROLE ${ROLE} SET default_transaction_read_only = on`)
    await run(others)
    await status('yellow', /database read-only/)
    await run(`ALTER ROLE ${ROLE} RESET default_transaction_read_only`)
    await allThereOnce()
  })

  it('the table is renamed, and back: red', async () => {
    await flowing()
    await nodeRed.deploy([])
    clearInterval(feeding)
    sent = done = shown.length = 0
    await run('TRUNCATE %')
    await flowing({ create: 'off' })
    await run('ALTER TABLE % RENAME TO %_away')
    await status('red', /table missing/)
    await run('ALTER TABLE %_away RENAME TO %')
    await allThereOnce()
  })

  it('a column changes its type to and fro', async () => {
    await flowing()
    for (const type of ['bigint', 'numeric', 'integer', 'double precision']) {
      await run(`ALTER TABLE % ALTER COLUMN value TYPE ${type}`)
      const before = done
      await until('some records in between', () => done > before + 3)
    }
    await allThereOnce()
    assert.ok(!shown.some(({ fill }) => fill === 'red'))
  })

  it('the unique index is dropped, and made again: red', async () => {
    await flowing()
    const { rows } = await database.query<{ name: string }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${table}'::regclass`
    )
    await run(`DROP INDEX ${rows[0]!.name}`)
    await status('red', /unique index gone/)
    await run('CREATE UNIQUE INDEX ON % (time, device_id, metric)')
    await allThereOnce()
  })

  it(`the table is locked for ${LOCK_MS / 1000} s: yellow within 10 s, by name in the log`, async () => {
    await flowing()
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query(`LOCK TABLE ${table}`)
      const lockedMs = performance.now()
      await status('yellow', /waiting · table locked/)
      const saidMs = shown.find(({ text }) => /table locked/.test(text))!.atMs - lockedMs
      assert.ok(saidMs < 10_000, `said after ${saidMs} ms`)
      await new Promise(resolve => setTimeout(resolve, LOCK_MS - (performance.now() - lockedMs)))
      assert.match(shown.at(-1)!.text, /table locked/)
      await session.query('COMMIT')
    })
    await allThereOnce()
    const lines = nodeRed.logs
      .map(({ msg }) => String(msg))
      .filter(text => /locks the table/.test(text))
    assert.match(
      lines[0] ?? '',
      /Process \d+ of the database \(millrace test, user postgres\) locks the table/
    )
  })

  it('statements run into their time-out under load', async () => {
    await flowing({}, { statementTimeoutS: 1 })
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query(`LOCK TABLE ${table}`)
      await status('yellow', /table locked|no answer/)
      await session.query('COMMIT')
    })
    await allThereOnce()
    assert.ok(metricsFor('sink', 'millrace-timescale-sink', '').retried > 0)
  })

  it('no connection is left: yellow', async () => {
    await flowing()
    await run(`ALTER ROLE ${ROLE} CONNECTION LIMIT 0`)
    await run(others)
    await status('yellow', /no connection left/)
    await run(`ALTER ROLE ${ROLE} CONNECTION LIMIT -1`)
    await allThereOnce()
  })

  it('the password is changed, and back: red', async () => {
    await flowing()
    await run(`ALTER ROLE ${ROLE} PASSWORD 'second'`)
    await run(others)
    await status('red', /wrong password/)
    await run(`ALTER ROLE ${ROLE} PASSWORD 'first'`)
    await allThereOnce()
  })

  it('a right is taken away, and given back: red', async () => {
    await run(`CREATE TABLE % (time timestamptz, device_id text, location text, metric text, value float8, UNIQUE (time, device_id, metric));
      GRANT INSERT, SELECT ON % TO ${ROLE}`)
    await flowing()
    await run(`REVOKE INSERT ON % FROM ${ROLE}`)
    await status('red', /no permission/)
    await run(`GRANT INSERT ON % TO ${ROLE}`)
    await allThereOnce()
  })

  it('another writer takes the same rows in the opposite order', async () => {
    await flowing({ conflict: 'update' })
    for (let round = 0; round < 10; round++) {
      // either of the two is ended by the server
      const late = `SELECT time FROM ${table} ORDER BY time DESC LIMIT 40`
      await run(`DO $$ DECLARE t timestamptz; BEGIN FOR t IN ${late} LOOP
        UPDATE % SET location = 'x' WHERE time = t; PERFORM pg_sleep(0.002); END LOOP; END $$`).catch(
        () => {}
      )
    }
    await allThereOnce()
  })

  it('its disk is full: red', async () => {
    try {
      const { fill, free } = await smallDisk()
      await flowing()
      await fill()
      await status('red', /disk full/)
      await free()
      await allThereOnce()
    } finally {
      clearInterval(feeding)
      await nodeRed.deploy([])
      await run(`DROP TABLE IF EXISTS ${FILLER}, %`)
      await unmount()
    }
  })

  let disk: string | undefined
  /**
   * A tablespace in a file system of 24 MB where one may be mounted; else a trigger says what the
   * server would.
   */
  async function smallDisk(): Promise<{
    fill: () => Promise<unknown>
    free: () => Promise<unknown>
  }> {
    const columns =
      '(time timestamptz, device_id text, location text, metric text, value float8, UNIQUE (time, device_id, metric))'
    const grant = `GRANT INSERT, SELECT ON % TO ${ROLE}`
    disk = mounted()
    if (disk !== undefined) {
      await run(`CREATE TABLESPACE ${SMALL_DISK} LOCATION '${disk}'`)
      await run(
        `CREATE TABLE % ${columns} TABLESPACE ${SMALL_DISK}; ${grant}; CREATE TABLE ${FILLER} (bytes text STORAGE EXTERNAL) TABLESPACE ${SMALL_DISK}`
      )
      const more = `INSERT INTO ${FILLER} SELECT repeat('x', 8000) FROM generate_series(1, 100)`
      return {
        fill: async () => {
          // until the last page is taken; the sink's own pages are part of the race
          let full = false
          while (!full)
            full = await run(more).then(
              () => false,
              () => true
            )
        },
        // TRUNCATE would need a new page first
        free: () => run(`DROP TABLE IF EXISTS ${FILLER}`)
      }
    }
    await run(`CREATE TABLE % ${columns}; ${grant};
      CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
    return {
      fill: () => run('CREATE TRIGGER full BEFORE INSERT ON % EXECUTE FUNCTION full_disk()'),
      free: () => run('DROP TRIGGER IF EXISTS full ON %')
    }
  }
  function mounted(): string | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0777', 'tmpfs', folder], {
        stdio: 'ignore'
      })
    } catch {
      rmSync(folder, { recursive: true })
      return undefined
    }
    const data = join(folder, 'data')
    execFileSync('install', ['-d', '-o', 'nobody', '-m', '0700', data])
    chmodSync(folder, 0o755)
    return data
  }
  async function unmount(): Promise<void> {
    await run(`DROP TABLESPACE IF EXISTS ${SMALL_DISK}`)
    if (disk === undefined) return
    execFileSync('umount', ['-l', join(disk, '..')])
    rmSync(join(disk, '..'), { recursive: true })
  }
})
