/** All that the sink uses, behind the PgBouncer of the machine. */
// Mostly waits.
import assert from 'node:assert/strict'
import { parseTableName } from '../../../core/postgres/identifier.ts'
import type { OnConflict } from '../../../core/postgres/insert-statement.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { tableState } from '../../../core/postgres/table-state.ts'
import { type Batch, PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { isInstalled, PgBouncer } from '../../servers/pgbouncer.ts'
import { services } from '../../services.ts'
import { countRows, databaseAt, readings, TestWriter } from './table-under-test.ts'

/** In session mode a connection is the client's own, where little can differ. */
const WAYS: Readonly<Record<'transaction' | 'session', readonly OnConflict[]>> = {
  transaction: ['ignore', 'update', 'reject'],
  session: ['ignore']
}

const BATCH: Batch = {
  at: index => ({
    origin: { kind: 'kafka', topic: 't', partition: index % 3, offset: `${index}`, timestamp: '0' },
    key: null,
    headers: {},
    raw: null
  })
}

if (!isInstalled) console.log('⚠ not run: PgBouncer (it is not installed)')
else
  for (const mode of ['transaction', 'session'] as const)
    describe(`behind PgBouncer in ${mode} mode`, function () {
      this.timeout(60_000)
      let bouncer: PgBouncer
      let database: Database
      let owner: Database
      let url = ''
      const table = `bounced_${mode}`

      before(async function () {
        this.timeout(120_000)
        const behind = (await services('postgres')).postgres.url
        owner = databaseAt(behind)
        bouncer = new PgBouncer(behind, mode)
        url = await bouncer.start()
        // In session mode each holds one of the two connections.
        database = databaseAt(url, { maxConnections: mode === 'session' ? 1 : 8 })
      })
      after(async () => {
        await database.close()
        await bouncer.end()
        await owner.close()
      })
      afterEach(() =>
        owner.query(`DROP TABLE IF EXISTS ${table}, millrace_offsets, millrace_receipts`)
      )

      for (const onConflict of WAYS[mode])
        it(`rows are stored once: ${onConflict}`, async () => {
          const writer = new TestWriter(database, table, { onConflict, maxRows: 200 })
          const parts = Array.from({ length: 20 }, (_, n) => readings(n * 100, 100))
          const outcomes = await Promise.all(parts.map(part => writer.put(part)))
          assert.equal(
            outcomes.reduce((sum, { stored }) => sum + stored, 0),
            2000
          )
          const again = await writer.put(readings(1900, 200))
          assert.equal(again.stored, onConflict === 'update' ? 200 : 100)
          assert.equal(again.rejections.length, onConflict === 'reject' ? 100 : 0)
          const bad = await writer.put([
            ...readings(3000, 50),
            { ...readings(4000, 1)[0], value: 'x' }
          ])
          assert.deepEqual([bad.stored, bad.rejections.length], [50, 1])
          await writer.close()
          assert.equal(await countRows(owner, table), 2150)
          assert.deepEqual(
            writer.troubles.filter(trouble => trouble !== undefined),
            []
          )
        })

      it('receipts keep out what comes again', async () => {
        const offsets = { group: 'g', sink: 's' }
        const written = async () => {
          const writer = new TestWriter(database, table, { offsets })
          const records = readings(0, 300).map((each, index) =>
            Object.assign(each, { [PROVENANCE]: new Provenance(BATCH, index) })
          )
          const outcome = await writer.put(records)
          await writer.close()
          return outcome
        }
        assert.equal((await written()).stored, 300)
        assert.deepEqual((await written()).duplicates, 300)
      })

      it('several make a table once, and look at it', async () => {
        const writers = Array.from({ length: 4 }, () => new TestWriter(database, table))
        const outcomes = await Promise.all(writers.map((each, n) => each.put(readings(n * 10, 10))))
        assert.ok(outcomes.every(({ stored }) => stored === 10))
        await Promise.all(writers.map(each => each.close()))
        const state = await database.with(session => tableState(session, parseTableName(table)!))
        assert.ok(state!.bytes > 0)
      })

      it('no other client gets the settings or the statements of this one', async () => {
        const writer = new TestWriter(database, table)
        await writer.put(readings(0, 1000))
        await writer.close()
        await database.close()
        const other = databaseAt(url, { statementTimeoutMs: 7000 })
        const [{ found }] = (
          await other.query<{ found: string[] }>(
            "SELECT array_agg(setting) || (SELECT array_agg(name) FROM pg_prepared_statements) AS found FROM pg_settings WHERE name = 'statement_timeout'"
          )
        ).rows as [{ found: string[] }]
        await other.close()
        assert.deepEqual(found, ['0'])
      })

      it('a statement that takes too long is ended by the server', async () => {
        const writer = new TestWriter(database, table)
        await writer.put(readings(0, 10))
        const limited = databaseAt(url, { statementTimeoutMs: 300, maxConnections: 1 })
        const waits = new TestWriter(limited, table, { connections: 1, create: false })
        const holder = await owner.with(async session => {
          await session.query(`BEGIN; LOCK TABLE ${table}`)
          const waiting = waits.put(readings(10, 10))
          const endMs = Date.now() + 20_000
          while (waits.retried < 2 && Date.now() < endMs)
            await session.query('SELECT pg_sleep(0.1)')
          const { rows } = await session.query<{ count: number }>(
            'SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND relation = $1::regclass',
            [table]
          )
          await session.query('COMMIT')
          return { waiting, count: rows[0]!.count }
        })
        assert.ok(waits.retried >= 2)
        // None that was given up waits on.
        assert.ok(holder.count <= 1, `${holder.count} wait`)
        assert.equal((await holder.waiting).stored, 10)
        await Promise.all([waits.close(), writer.close()])
        await limited.close()
      })
    })
