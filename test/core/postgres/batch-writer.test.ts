import assert from 'node:assert/strict'
import { BatchWriter } from '../../../core/postgres/batch-writer.ts'
import { PendingMessage } from '../../../core/postgres/pending-message.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import { Rows } from '../../../core/postgres/rows.ts'
import { Work } from '../../../core/postgres/work.ts'
import { kill, restart, services } from '../../services.ts'
import { threadMs } from '../../thread-time.ts'
import { until } from '../../until.ts'
import {
  countRows,
  databaseAt,
  type Outcome,
  reading,
  readings,
  TestWriter,
  wishFor
} from './table-under-test.ts'

describe('writing many messages', function () {
  this.timeout(60_000)
  let database: Database
  let url = ''
  let tables = 0
  let table = ''
  const writers: TestWriter[] = []

  before(async function () {
    this.timeout(120_000)
    url = (await services('postgres')).postgres.url
    database = databaseAt(url)
  })
  beforeEach(() => {
    table = `writer_${tables++}`
  })
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close()
    await database.query(`DROP TABLE IF EXISTS ${table}`)
  })
  after(() => database.close())

  function writer(...arguments_: Parameters<typeof makeWriter>): TestWriter {
    return makeWriter(...arguments_)
  }
  function makeWriter(
    options: ConstructorParameters<typeof TestWriter>[2] = {},
    by = database
  ): TestWriter {
    const made = new TestWriter(by, table, options)
    writers.push(made)
    return made
  }
  const total = (loads: readonly Outcome[], of: 'stored' | 'duplicates') =>
    loads.reduce((sum, load) => sum + load[of], 0)

  it('two writers with the same keys in opposite order never deadlock', async () => {
    const [one, two] = [
      writer({ onConflict: 'ignore', maxRows: 500 }),
      writer({ onConflict: 'ignore', maxRows: 500 })
    ]
    await one!.put([reading(-1)])
    const loads: Promise<Outcome>[] = []
    for (let round = 0; round < 20; round++) {
      const records = readings(round * 500, 500)
      loads.push(one!.put(records), two!.put(records.toReversed()))
    }
    const done = await Promise.all(loads)
    assert.deepEqual([total(done, 'stored'), total(done, 'duplicates')], [10_000, 10_000])
    assert.equal(one!.retried + two!.retried, 0)
    assert.equal(await countRows(database, table), 10_001)
  })

  it('a deadlock with somebody else is tried again', async () => {
    const sink = writer({ onConflict: 'update', connections: 1 })
    await sink.put(readings(0, 2))
    const key = (n: number) => [reading(n).ts_utc]
    const update = `UPDATE ${table} SET value = 0 WHERE time = $1`
    let waiting: Promise<Outcome> | undefined
    await database.with(async session => {
      await session.query('BEGIN')
      await session.query(update, key(1))
      waiting = sink.put(readings(0, 2))
      const blocked =
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'"
      await until(
        'the sink to be blocked',
        async () => (await database.query(blocked)).rowCount === 1
      )
      // one of the two is ended by the server; the sink must come through in either case
      await session.query(update, key(0)).catch(() => {})
      await session.query('ROLLBACK')
    })
    assert.equal((await waiting)?.stored, 2)
  })

  it('cancelled statements are tried again, and the log need not know', async () => {
    const sink = writer({ maxRows: 200 })
    const loads = Promise.all(
      Array.from({ length: 20 }, (_, n) => sink.put(readings(n * 200, 200)))
    )
    const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%${table}%' AND pid <> pg_backend_pid() AND state = 'active'`
    let finished = false
    const done = loads.finally(() => {
      finished = true
    })
    await until(
      'all to be written',
      async () => {
        await database.query(cancel)
        return finished
      },
      30_000,
      5
    )
    assert.equal(total(await done, 'stored'), 4000)
    assert.equal(await countRows(database, table), 4000)
    assert.deepEqual(sink.troubles, [])
  })

  it('kill -9 of the server under load loses nothing and doubles nothing', async () => {
    const sink = writer({ maxRows: 250 }, database)
    const loads: Promise<Outcome>[] = []
    const feed = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        const load = sink.put(readings(n * 100, 100))
        loads.push(load)
        if (n % 10 === 9)
          await Promise.race([load, new Promise(resolve => setTimeout(resolve, 100))])
      }
    }
    await feed(0, 50)
    const feeding = feed(50, 200)
    await kill('postgres')
    await feeding
    await until('the outage to be noticed', () =>
      sink.troubles.some(trouble => trouble?.kind === 'away')
    )
    await restart('postgres')
    const done = await Promise.all(loads)
    assert.equal(total(done, 'stored') + total(done, 'duplicates'), 20_000)
    assert.equal(await countRows(database, table), 20_000)
    assert.equal(sink.troubles.at(-1), undefined)
  })

  it('waits for a server that is not there at the start', async () => {
    await kill('postgres')
    const sink = writer()
    sink.writer.start()
    const loads = [sink.put(readings(0, 10)), sink.put(readings(10, 10))]
    await until('the outage to be noticed', () => sink.troubles[0]?.kind === 'away')
    assert.equal(sink.writer.waitingRecords, 20)
    await restart('postgres')
    assert.equal(total(await Promise.all(loads), 'stored'), 20)
  })

  it('gives back what is waiting when it is closed, and does not wait for the server', async () => {
    const sink = writer({}, databaseAt(url, { port: 1 }))
    const load = sink.put(readings(0, 10))
    const rejected = assert.rejects(load, { code: 'CLOSED' })
    await until('the outage to be noticed', () => sink.troubles.length > 0)
    const startMs = performance.now()
    await sink.close()
    assert.ok(performance.now() - startMs < 1000)
    await rejected
    await assert.rejects(sink.put(readings(0, 1)), { code: 'CLOSED' })
  })

  it('writes what is under way before it closes', async () => {
    const sink = writer()
    const loads = [sink.put(readings(0, 1000)), sink.put(readings(1000, 1000))]
    await sink.close()
    assert.equal(total(await Promise.all(loads), 'stored'), 2000)
  })

  it('a wrong password is told, and waited out', async () => {
    const sink = writer({}, databaseAt(url, { password: 'wrong' }))
    sink.writer.start()
    await until('the trouble', () => sink.troubles[0]?.kind === 'setting')
    const load = sink.put(readings(0, 1))
    await Promise.all([assert.rejects(load, { code: 'CLOSED' }), sink.close()])
  })

  it('a right that is missing is told, and all goes on when it is granted', async () => {
    await database.query(
      `CREATE TABLE ${table} (time timestamptz, device_id text, location text, metric text, value float8)`
    )
    await database.query("DROP ROLE IF EXISTS weak; CREATE ROLE weak LOGIN PASSWORD 'weak'")
    const weak = databaseAt(url, { user: 'weak', password: 'weak' })
    const sink = writer({ create: false }, weak)
    const load = sink.put(readings(0, 3))
    await until('the trouble', () => sink.troubles[0]?.kind === 'setting')
    assert.match(String(sink.troubles[0]?.error), /permission denied/)
    await database.query(`GRANT INSERT ON ${table} TO weak`)
    assert.equal((await load).stored, 3)
    await weak.close()
    await database.query(`REVOKE ALL ON ${table} FROM weak; DROP ROLE weak`)
  })

  it('row security, which COPY refuses, is written by INSERT, and its policy refuses rows, not all', async () => {
    await database.query(`CREATE TABLE ${table} (time timestamptz, device_id text, location text, metric text, value float8);
      ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY; DROP ROLE IF EXISTS limited; CREATE ROLE limited LOGIN PASSWORD 'limited';
      GRANT INSERT, SELECT ON ${table} TO limited; CREATE POLICY own ON ${table} USING (true) WITH CHECK (value < 5)`)
    const limited = databaseAt(url, { user: 'limited', password: 'limited' })
    const sink = writer({ create: false }, limited)
    assert.equal((await sink.put(readings(0, 3))).stored, 3)
    const some = await sink.put(readings(10, 20))
    assert.deepEqual([some.stored, some.rejections.length], [10, 10])
    // alone, too: that a policy refuses it is no missing right
    const one = await sink.put([reading(100)])
    assert.equal(one.rejections[0]?.reason.code, 'ROW_REFUSED')
    assert.match(one.rejections[0]!.reason.message, /row-level security/)
    assert.deepEqual(sink.troubles, [])
    await limited.close()
    await database.query(`DROP TABLE ${table}; DROP ROLE limited`)
  })
})

describe('batches', () => {
  const { plan } = wishFor('t')

  /** A writer whose batches are stored when the test says so. */
  function held(options: { connections?: number; maxRows?: number; lingerMs?: number } = {}) {
    const batches: { rows: number; store: () => void }[] = []
    const finished: PendingMessage<object>[] = []
    const writer = new BatchWriter<object>(
      {
        plan,
        prepare: async () => {},
        write: work =>
          new Promise(resolve => {
            const store = () => {
              work.stored += work.rows.count
              resolve()
            }
            batches.push({ rows: work.rows.count, store })
          }),
        finished: load => finished.push(load),
        troubled: () => {},
        retried: () => {}
      },
      { connections: 2, maxRows: 100, lingerMs: 10_000, ...options }
    )
    const put = (from: number, count: number) =>
      writer.add(new PendingMessage({}, readings(from, count)))
    const sizes = () => batches.map(({ rows }) => rows)
    return { batches, finished, put, sizes, writer }
  }
  const turn = () => new Promise(resolve => setImmediate(() => setImmediate(resolve)))

  it('a message that comes alone goes at once, those of the same moment together', async () => {
    const { put, sizes } = held()
    put(0, 1)
    put(1, 2)
    await turn()
    assert.deepEqual(sizes(), [3])
  })

  it('grow while the first is being written, and take a further connection when worth it', async () => {
    const { put, sizes, batches } = held()
    put(0, 1)
    await turn()
    put(1, 5)
    await turn()
    put(6, 5)
    await turn()
    assert.deepEqual(sizes(), [1])
    put(11, 10)
    await turn()
    assert.deepEqual(sizes(), [1, 20])
    batches[0]!.store()
    batches[1]!.store()
    await turn()
    assert.deepEqual(sizes(), [1, 20])
  })

  it('take a further connection when they have waited long enough', async () => {
    const { put, sizes } = held({ lingerMs: 20 })
    put(0, 1)
    await turn()
    put(1, 1)
    await turn()
    assert.deepEqual(sizes(), [1])
    await until('the second batch', () => sizes().length === 2, 5000, 5)
  })

  it('split a message that is larger, and finish it when its last part is stored', async () => {
    const { put, sizes, batches, finished } = held()
    put(0, 250)
    await turn()
    assert.deepEqual(sizes(), [100, 100])
    batches[1]!.store()
    await turn()
    assert.deepEqual(sizes(), [100, 100, 50])
    batches[2]!.store()
    await turn()
    assert.equal(finished.length, 0)
    batches[0]!.store()
    await turn()
    assert.deepEqual(
      finished.map(load => [load.stored, load.open]),
      [[250, 0]]
    )
  })

  const LONG = 200_000

  it('of a message of very many records give others their turn, and keep the order', async () => {
    const { writer, batches, finished, put } = held({ maxRows: 5000 })
    const long = new PendingMessage<object>({}, readings(0, LONG))
    const beforeMs = threadMs()
    writer.add(long)
    const turnMs = threadMs() - beforeMs
    put(LONG, 3)
    await until(
      'all of it',
      () => {
        for (const { store } of batches.splice(0)) store()
        return finished.length === 2
      },
      20_000,
      0
    )
    assert.ok(turnMs < 45, `${turnMs} ms`)
    assert.deepEqual(
      finished.map(({ stored }) => stored),
      [LONG, 3]
    )
  })

  it('give back a message that is still being taken when the node is closed', async () => {
    const { writer, finished } = held({ maxRows: 5000 })
    writer.add(new PendingMessage({}, readings(0, LONG)))
    await writer.close(1)
    await turn()
    assert.deepEqual([finished.length, writer.messages.size], [1, 0])
  })

  it('finish an empty message and one of rubbish without the database, and then rest', async () => {
    const { writer, finished } = held({ lingerMs: 1 })
    const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length
    await turn()
    const before = timers()
    writer.add(new PendingMessage({}, []))
    writer.add(new PendingMessage({}, [null]))
    assert.deepEqual(
      finished.map(load => [load.open, load.refused.size]),
      [
        [0, 0],
        [0, 1]
      ]
    )
    await turn()
    assert.equal(timers(), before)
  })

  it('are sorted by key only where they are not', () => {
    const rows = new Rows(plan, 10)
    for (const n of [3, 1, 2]) rows.append(reading(n))
    rows.append(reading(1, { device_id: 'a' }))
    assert.deepEqual([...new Work(rows).todo[0]!], [3, 1, 2, 0])
  })
})
