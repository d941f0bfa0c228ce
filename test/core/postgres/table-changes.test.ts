import assert from 'node:assert/strict'
import type { Database } from '../../../core/postgres/pool.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import {
  countRows,
  databaseAt,
  reading,
  readings,
  TELEMETRY,
  TestWriter,
  type TestWriterOptions
} from './table-under-test.ts'

for (const server of ['postgres', 'timescale'] as const) {
  describe(`a table that is changed while rows are written, in ${server}`, function () {
    this.timeout(60_000)
    let database: Database
    let url = ''
    let tables = 0
    let table = ''
    const writers: TestWriter[] = []

    before(async function () {
      this.timeout(120_000)
      url = (await services(server))[server].url
      database = databaseAt(url)
    })
    beforeEach(() => {
      // Another run may use the same services.
      table = `changes_${server}_${process.pid}_${tables++}`
    })
    afterEach(async () => {
      for (const writer of writers.splice(0)) await writer.close()
      for (const name of [table, `${table}_old`])
        await database.query(`DROP TABLE IF EXISTS ${name}`)
      for (const name of ['changed', 'renamed'])
        await database.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`)
    })
    after(() => database.close())

    async function running(options: TestWriterOptions = {}, of = table): Promise<TestWriter> {
      const made = new TestWriter(database, of, {
        connections: 1,
        compressAfterDays: 0,
        ...options
      })
      writers.push(made)
      assert.equal((await made.put(readings(0, 5))).stored, 5)
      return made
    }
    const alter = (sql: string) => database.query(sql.replaceAll('%', table))
    const values = async () =>
      (
        await database.query<{ value: string }>(`SELECT value::text FROM ${table} ORDER BY time`)
      ).rows.map(({ value }) => value)
    const trouble = (sink: TestWriter) =>
      until('the trouble to be told', () => sink.troubles.at(-1)?.kind === 'setting').then(() =>
        String(sink.troubles.at(-1)?.error)
      )
    const whole = (n: number) => reading(n, { value: n })

    const types: [string, (n: string) => string][] = [
      ['bigint', n => n],
      ['integer', n => n],
      ['numeric', n => n],
      ['real', n => n]
    ]
    for (const [type, text] of types) {
      for (const onConflict of ['ignore', 'update', 'reject'] as const) {
        it(`double precision becomes ${type}: the same numbers, and all go on (${onConflict})`, async () => {
          const sink = await running({ onConflict })
          await alter(`ALTER TABLE % ALTER COLUMN value TYPE ${type}`)
          const load = await sink.put(
            [whole(100), whole(-7_000), whole(16_777_216)].map((one, n) => ({
              ...one,
              ts_utc: reading(50 + n).ts_utc
            }))
          )
          assert.deepEqual([load.stored, load.rejections, sink.troubles], [3, [], []])
          assert.deepEqual(
            (await values()).slice(5).map(value => Number(text(value))),
            [100, -7_000, 16_777_216]
          )
        })
      }
    }

    it('a number that is not whole is rejected for a whole column, never rounded', async () => {
      const sink = await running()
      await alter('ALTER TABLE % ALTER COLUMN value TYPE bigint')
      const load = await sink.put([
        reading(100, { value: 1 }),
        reading(101, { value: 1.5 }),
        reading(102, { value: 3 })
      ])
      assert.deepEqual(
        load.rejections.map(({ reason, record }) => [
          reason.code,
          reason.path,
          (record as { value: number }).value
        ]),
        [['COLUMN_TYPE', 'value', 1.5]]
      )
      assert.deepEqual((await values()).slice(5), ['1', '3'])
      assert.deepEqual(
        (await sink.put([reading(103, { value: 2.5 }), reading(104, { value: 4 })])).stored,
        1
      )
    })

    it('keeps all digits of a number where the column has become numeric', async () => {
      const sink = await running()
      await alter('ALTER TABLE % ALTER COLUMN value TYPE numeric')
      await sink.put([reading(100, { value: 0.1 + 0.2 })])
      assert.equal((await values()).at(-1), '0.30000000000000004')
    })

    it('waits where a number column has become a time, and goes on when it is one again', async () => {
      const sink = await running()
      await alter('ALTER TABLE % DROP COLUMN value, ADD COLUMN value timestamptz')
      const waiting = sink.put([whole(100)])
      assert.match(
        await trouble(sink),
        /"value" is timestamp with time zone, but the mapping says double precision/
      )
      assert.deepEqual(
        (await values()).filter(value => value !== null),
        []
      )
      await alter('ALTER TABLE % DROP COLUMN value, ADD COLUMN value double precision')
      assert.equal((await waiting).stored, 1)
      assert.equal((await values()).at(-1), '100')
    })

    it('waits where a time column has become a number of eight bytes', async () => {
      const mapping = {
        column: 'seen',
        from: 'seen',
        type: 'timestamptz',
        key: false,
        required: false
      } as const
      const sink = new TestWriter(database, table, {
        mappings: [...TELEMETRY, mapping],
        compressAfterDays: 0
      })
      writers.push(sink)
      await sink.put([reading(1, { seen: 0 })])
      await alter('ALTER TABLE % ALTER COLUMN seen TYPE bigint USING 0')
      void sink.put([reading(2, { seen: 1_000 })]).catch(() => {})
      assert.match(await trouble(sink), /"seen" is bigint, but the mapping says timestamptz/)
      const { rows } = await database.query(`SELECT device_id, seen FROM ${table}`)
      assert.deepEqual(rows, [{ device_id: 'd1', seen: '0' }])
    })

    it('is written as the new one where it was dropped and made anew with other types', async () => {
      const sink = await running()
      await alter(`DROP TABLE %; CREATE TABLE % (time timestamptz NOT NULL, device_id text NOT NULL, location text, metric text NOT NULL,
        value bigint, UNIQUE (time, device_id, metric))`)
      assert.equal((await sink.put([whole(100)])).stored, 1)
      assert.deepEqual(await values(), ['100'])
    })

    it('waits for a value that a new column needs, and blames no record', async () => {
      const sink = await running()
      await alter('ALTER TABLE % ADD COLUMN site text')
      await alter("UPDATE % SET site = 'x'")
      await alter('ALTER TABLE % ALTER COLUMN site SET NOT NULL')
      const waiting = sink.put(readings(100, 5))
      assert.match(
        await trouble(sink),
        /needs a value for column "site", which is not in the mapping/
      )
      await alter("ALTER TABLE % ALTER COLUMN site SET DEFAULT 'here'")
      const load = await waiting
      assert.deepEqual([load.stored, load.rejections], [5, []])
    })

    it('rejects the rows alone that lack what a column has come to need', async () => {
      const sink = await running()
      await alter("UPDATE % SET location = 'x'")
      await alter('ALTER TABLE % ALTER COLUMN location SET NOT NULL')
      const load = await sink.put([reading(100), reading(101, { location: 'hall' }), reading(102)])
      assert.deepEqual([load.stored, load.rejections.length, sink.troubles], [1, 2, []])
    })

    for (const onConflict of ['ignore', 'update', 'reject'] as const) {
      it(`lets nothing in twice when the unique index is gone, and waits until it is there again (${onConflict})`, async () => {
        const sink = await running({ onConflict })
        const [index] = (
          await database.query<{ name: string }>(
            `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${table}'::regclass AND indisunique`
          )
        ).rows
        await alter(`DROP INDEX ${index!.name}`)
        const waiting = sink.put([...readings(0, 5), reading(100)])
        assert.match(await trouble(sink), /unique index/)
        assert.equal(await countRows(database, table), 5)
        await alter('CREATE UNIQUE INDEX ON % (time, device_id, metric)')
        const { stored, duplicates, rejections } = await waiting
        assert.equal(await countRows(database, table), 6)
        assert.deepEqual(
          [stored, duplicates, rejections.length],
          { ignore: [1, 5, 0], update: [6, 0, 0], reject: [1, 0, 5] }[onConflict]
        )
      })
    }

    it('goes on with an index that was made anew', async () => {
      const sink = await running()
      await alter('CREATE UNIQUE INDEX another ON % (time, device_id, metric)')
      const names = await database.query<{ name: string }>(
        `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = '${table}'::regclass AND indexrelid <> 'another'::regclass`
      )
      for (const { name } of names.rows) await alter(`DROP INDEX ${name}`)
      const load = await sink.put(readings(0, 6))
      assert.deepEqual([load.stored, load.duplicates, sink.troubles], [1, 5, []])
    })

    it('a column that is renamed or dropped is waited for', async () => {
      const sink = await running()
      await alter('ALTER TABLE % RENAME COLUMN value TO reading')
      const waiting = sink.put([whole(100)])
      assert.match(await trouble(sink), /no column "value"/)
      await alter('ALTER TABLE % RENAME COLUMN reading TO value')
      assert.equal((await waiting).stored, 1)
      await alter('ALTER TABLE % DROP COLUMN value')
      const again = sink.put([whole(101)])
      assert.match(await trouble(sink), /no column "value"/)
      await alter('ALTER TABLE % ADD COLUMN value float8')
      assert.equal((await again).stored, 1)
    })

    it('one that is renamed is made anew, and that is said', async () => {
      const sink = await running()
      await alter('ALTER TABLE % RENAME TO %_old')
      assert.equal((await sink.put([whole(100)])).stored, 1)
      assert.deepEqual(await values(), ['100'])
      assert.ok(
        sink.warnings.some(text => /was gone, and has been created anew/.test(text)),
        sink.warnings.join('\n')
      )
    })

    it('a schema that is renamed is waited for where the sink may not create', async () => {
      const name = `changed.${table}`
      await database.query('CREATE SCHEMA changed')
      await database.query(
        `CREATE TABLE ${name} (time timestamptz, device_id text, location text, metric text, value float8, UNIQUE (time, device_id, metric))`
      )
      const sink = await running({ create: false }, name)
      await database.query('ALTER SCHEMA changed RENAME TO renamed')
      const waiting = sink.put([whole(100)])
      assert.match(await trouble(sink), /There is no table/)
      await database.query('ALTER SCHEMA renamed RENAME TO changed')
      assert.equal((await waiting).stored, 1)
    })

    // what the embedded server, which has one session for all, cannot show
    if (server === 'timescale') return

    it('another table that the search path finds first is written as what it is', async () => {
      const sink = await running()
      await database.query(`CREATE SCHEMA changed; CREATE TABLE changed.${table} (time timestamptz, device_id text, location text, metric text,
        value bigint, UNIQUE (time, device_id, metric))`)
      const { rows } = await database.query<{ user: string }>(
        'SELECT quote_ident(current_user) AS "user"'
      )
      const user = rows[0]!.user
      await database.query(`ALTER ROLE ${user} SET search_path = changed, public`)
      database.renew()
      try {
        assert.equal((await sink.put([whole(100)])).stored, 1)
        assert.deepEqual((await database.query(`SELECT value FROM changed.${table}`)).rows, [
          { value: '100' }
        ])
      } finally {
        await database.query(`ALTER ROLE ${user} RESET search_path`)
        database.renew()
      }
    })

    it('is looked at as well where a connection has forgotten what was prepared on it, as behind a pooler', async () => {
      const own = databaseAt(url, { maxConnections: 1 })
      const sink = new TestWriter(own, table, { connections: 1 })
      const prepared =
        "SELECT count(*)::int AS count FROM pg_prepared_statements WHERE name LIKE 'millrace%'"
      const count = async () => (await own.query<{ count: number }>(prepared)).rows[0]!.count
      try {
        await sink.put(readings(0, 5))
        await sink.put(readings(5, 5))
        assert.equal(await count(), 1)
        await own.query('DEALLOCATE ALL')
        assert.equal((await sink.put(readings(10, 5))).stored, 5)
        assert.deepEqual([await count(), sink.troubles], [0, []])
        await alter('ALTER TABLE % ALTER COLUMN value TYPE bigint')
        assert.equal((await sink.put([whole(100)])).stored, 1)
        assert.equal((await values()).at(-1), '100')
      } finally {
        await sink.close()
        await own.close()
      }
    })

    it('types that change to and fro under load spoil no number, lose none and double none', async () => {
      const sink = new TestWriter(database, table, { connections: 4, maxRows: 200 })
      writers.push(sink)
      await sink.put([whole(0)])
      const loads: Promise<{ stored: number; duplicates: number }>[] = []
      let finished = false
      const altering = (async () => {
        for (let round = 0; !finished; round++) {
          const type = ['bigint', 'numeric', 'double precision', 'integer', 'real'][round % 5]
          await alter(`ALTER TABLE % ALTER COLUMN value TYPE ${type} USING value::${type}`)
        }
        return undefined
      })()
      for (let n = 0; n < 25; n++) {
        const load = sink.put(Array.from({ length: 200 }, (_, index) => whole(1 + n * 200 + index)))
        loads.push(load)
        await Promise.race([load, new Promise(resolve => setTimeout(resolve, 20))])
      }
      const done = await Promise.all(loads).finally(() => {
        finished = true
      })
      await altering
      assert.equal(
        done.reduce((sum, { stored, duplicates }) => sum + stored + duplicates, 0),
        5_000
      )
      const { rows } = await database.query(
        `SELECT count(*)::int AS count, count(*) FILTER (WHERE value <> extract(epoch FROM time - '2024-02-23T00:00:00Z'))::int AS wrong FROM ${table}`
      )
      assert.deepEqual(rows, [{ count: 5_001, wrong: 0 }])
      assert.deepEqual(
        sink.troubles.filter(one => one?.kind === 'setting'),
        []
      )
    })

    it('a change that comes between two batches of a transaction level above "read committed" is seen', async () => {
      const strict = databaseAt(url, { maxConnections: 1 })
      await strict.query("SET default_transaction_isolation = 'serializable'")
      const sink = new TestWriter(strict, table, { connections: 1 })
      try {
        await sink.put(readings(0, 5))
        await alter('ALTER TABLE % ALTER COLUMN value TYPE bigint')
        assert.equal((await sink.put([whole(100)])).stored, 1)
        assert.equal((await values()).at(-1), '100')
      } finally {
        await sink.close()
        await strict.close()
      }
    })
  })
}
