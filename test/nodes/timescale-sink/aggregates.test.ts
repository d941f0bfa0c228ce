import assert from 'node:assert/strict'
import type { Node } from 'node-red'
import { parseOptions } from '../../../core/node/spec.ts'
import { makeAggregates } from '../../../core/postgres/make-aggregates.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import { sinkPlan } from '../../../nodes/timescale-sink/logic.ts'
import { statementsFrom } from '../../../nodes/timescale-sink/preview.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { spec } from '../../../nodes/timescale-sink/spec.ts'
import { countRows, databaseAt } from '../../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

const HOUR_MS = 3_600_000
const given = (...aggregates: object[]) => parseOptions(spec, { database: 'd', aggregates })
const flag = { column: 'location', from: 'location', type: 'boolean', role: 'optional' } as const
const refreshOf = (row: object, more: object = {}) =>
  sinkPlan({ ...given(row), ...more }).aggregates![0]!.refresh

describe('the continuous aggregates of the sink', () => {
  it('are refreshed by the bucket where nothing is said', () => {
    assert.deepEqual(refreshOf({}), {
      fromMs: 168 * HOUR_MS,
      untilMs: HOUR_MS,
      everyMs: HOUR_MS
    })
    assert.deepEqual(refreshOf({ bucket: '1 week' }), {
      fromMs: 1680 * HOUR_MS,
      untilMs: 168 * HOUR_MS,
      everyMs: 24 * HOUR_MS
    })
    assert.equal(refreshOf({ bucket: '1 minute' }, { retainDays: 3 }).fromMs, 72 * HOUR_MS)
    assert.equal(refreshOf({ bucket: '1 month' }, { create: 'off' }).fromMs, 7440 * HOUR_MS)
  })

  const wrong: [says: string, row: object, more?: object][] = [
    [
      'row 1: "median" is none of avg, min, max, sum, count, first, last',
      { values: 'avg, median' }
    ],
    ['row 1: there is no column site above', { by: 'device_id, site' }],
    ['row 1: location holds no numbers, which avg needs', { of: 'location' }],
    [
      'row 1: of location, which is true / false, there is no min',
      { of: 'location', values: 'min, last', by: 'device_id' },
      { columns: [...spec.fields.columns.default.slice(0, 2), flag] }
    ],
    ['row 1: aggregates nothing', { of: ' , ' }],
    ['row 1: would have the column device_id twice', { by: 'device_id, device_id' }],
    ['row 1: has the name of the table', { name: 'telemetry' }],
    ['row 1: "a b" is not a name such as telemetry_1h', { name: 'a b' }],
    [
      'row 1: the table keeps 365 days: a refresh from before that would empty the view',
      { from: '52 weeks 2 days' }
    ],
    [
      'row 1: between Refresh from and Until must be two buckets at least (2 × 1 month)',
      { bucket: '1 month' },
      { retainDays: 60 }
    ],
    ['row 1: Refresh each must be 1 s at least', { every: '10 ms' }],
    ['a table of last values keeps nothing that could be aggregated', {}, { conflict: 'newest' }]
  ]
  for (const [says, row, more] of wrong)
    it(`refuses: ${says}`, () =>
      assert.throws(
        () => sinkPlan({ ...given(row), ...more }),
        (error: Error) => error.message.includes(`Aggregates: ${says}`)
      ))

  it('refuses two of one name, and takes them by two', () => {
    const twins = [{ by: 'device_id' }, { by: 'metric' }]
    assert.throws(() => sinkPlan(given(...twins)), /row 2: has the name telemetry_1h, as row 1/)
    const named = sinkPlan(given(twins[0]!, { ...twins[1], name: '"My Hours"' }))
    assert.deepEqual(
      named.aggregates?.map(({ view }) => view.sql),
      ['"telemetry_1h"', '"My Hours"']
    )
  })

  it('stand beside their table', () => {
    const options = { ...given({}, { name: 'hours' }, { name: 'other.hours' }), table: 'iot.t' }
    assert.deepEqual(
      sinkPlan(options).aggregates?.map(({ view }) => view.sql),
      ['"iot"."t_1h"', '"iot"."hours"', '"other"."hours"']
    )
  })

  it('are shown as SQL, also where the node creates nothing', () => {
    const options = given({ bucket: '1 day' })
    for (const create of ['create', 'off'] as const) {
      const text = statementsFrom({ ...options, create, zone: 'Europe/Berlin' })
      assert.match(text, /^CREATE MATERIALIZED VIEW "telemetry_1d" WITH/m)
      assert.match(text, /time_bucket\(INTERVAL '1 day', "time", 'Europe\/Berlin'\)/)
      assert.match(text, /^SELECT add_continuous_aggregate_policy\('"telemetry_1d"'/m)
      assert.equal(/^CREATE TABLE/m.test(text), create === 'create')
    }
  })
})

for (const service of ['timescale', 'postgres'] as const) {
  describe(`continuous aggregates on ${service}`, function () {
    this.timeout(60_000)
    let nodeRed: RunningNodeRed
    let database: Database
    let url = ''
    const table = `made_${process.pid}`
    const startMs = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 48 * HOUR_MS

    before(async function () {
      this.timeout(120_000)
      url = (await services(service))[service].url
      database = databaseAt(url)
      nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
    })
    after(async () => {
      await nodeRed.stop()
      await database.query(`DROP TABLE IF EXISTS ${table} CASCADE`)
      await database.close()
    })

    async function deployed(aggregates: object[], more: object = {}): Promise<void> {
      nodeRed.logs.length = 0
      const sink = { id: 'sink', type: 'millrace-timescale-sink', z: 'tab', database: 'database' }
      await nodeRed.deploy([])
      await nodeRed.deploy([
        { id: 'database', type: 'millrace-timescale-database', url },
        { id: 'tab', type: 'tab' },
        {
          ...sink,
          table,
          aggregates,
          compressAfterDays: 0,
          retainDays: 0,
          ...more,
          wires: [[], []]
        }
      ])
    }
    async function put(from: number, count: number): Promise<void> {
      const payload = Array.from({ length: count }, (_, n) => ({
        device_id: 'd1',
        metric: 'temperature_c',
        value: from + n,
        ts_utc: new Date(startMs + (from + n) * 60_000).toISOString()
      }))
      const before = (await database.query(`SELECT to_regclass('${table}') AS found`)).rows[0]!
      const rows = before.found === null ? 0 : await countRows(database, table)
      nodeRed.node<Node>('sink').receive({ payload })
      const areThere = async () => (await countRows(database, table)) === rows + count
      await until('the rows', async () => areThere().catch(() => false), 30_000)
    }
    const warned = () =>
      nodeRed.logs.map(({ msg }) => String(msg)).filter(text => /continuous aggregate/.test(text))
    const hours = { bucket: '1 hour', every: '30 min' }

    if (service === 'postgres') {
      it('are not there, which is told once while all is stored', async () => {
        await deployed([hours])
        await put(0, 90)
        await put(90, 10)
        const told = warned()
        assert.equal(told.length, 1, told.join('\n'))
        assert.match(told[0]!, /TimescaleDB is not installed .*made_\d+_1h.* stored all the same/)
      })
      return
    }

    it('are made with the table, and show what comes at once', async () => {
      const rows = [hours, { bucket: '1 day', view: 'refreshed', by: 'metric', values: 'count' }]
      await deployed(rows, { zone: 'Europe/Berlin' })
      await put(0, 90)
      const { rows: found } = await database.query(`SELECT * FROM ${table}_1h ORDER BY bucket`)
      const [first, second] = found
      const { bucket, ...values } = first!
      assert.deepEqual([found.length, bucket.getTime()], [2, startMs])
      assert.deepEqual(values, {
        device_id: 'd1',
        metric: 'temperature_c',
        value_avg: 29.5,
        value_min: 0,
        value_max: 59,
        value_count: '60',
        value_last: 59
      })
      assert.equal(second!.value_last, 89)
      assert.equal(await countRows(database, `${table}_1d`), 0)
      assert.deepEqual(warned(), [])
    })

    it('are left as they are when they are wished again, or not any more', async () => {
      const days = { bucket: '1 day', view: 'refreshed', by: 'metric', values: 'count' }
      await deployed([hours, days], { zone: 'Europe/Berlin' })
      await put(100, 1)
      await deployed([])
      await put(101, 1)
      assert.deepEqual(warned(), [])
      assert.equal(await countRows(database, `${table}_1h`), 2)
    })

    it('with other settings are told with what would change them, and that does', async () => {
      const other = { ...hours, view: 'refreshed', from: '3 days', every: '1 h' }
      await deployed([other])
      await put(110, 1)
      const [told = ''] = warned()
      assert.match(told, /_1h has other settings \(real time, refresh\), and stays as it is/)
      const statements = told.slice(told.indexOf('To change it:') + 13)
      assert.equal(await countRows(database, `${table}_1h`), 2)
      for (const statement of statements.split(';').filter(text => text.trim() !== ''))
        await database.query(statement)
      await deployed([other])
      await put(111, 1)
      assert.deepEqual(warned(), [])
    })

    it('of another query are told and neither dropped nor changed', async () => {
      const other = { ...hours, view: 'refreshed', from: '3 days', every: '1 h', values: 'avg' }
      await deployed([other])
      await put(120, 1)
      assert.match(
        warned().join(),
        /_1h is of another query .* stays as it is\. .*DROP MATERIALIZED/
      )
      const { fields } = await database.query(`SELECT * FROM ${table}_1h LIMIT 0`)
      assert.ok(fields.some(({ name }) => name === 'value_last'))
    })

    it('by the name of something else are told, and no record waits for them', async () => {
      await database.query(`CREATE TABLE ${table}_taken (a int)`)
      await deployed([{ ...hours, name: `${table}_taken` }])
      await put(130, 1)
      assert.match(warned().join(), /_taken that is no continuous aggregate/)
      await database.query(`DROP TABLE ${table}_taken`)
    })

    it('that cannot be made are told, and no record waits for them', async () => {
      await database.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`)
      await deployed([{ ...hours, name: `${table}_x` }])
      await put(135, 1)
      await database.query(`ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`)
      assert.match(warned().join(), /_x could not be made, and is tried again at the next deploy/)
    })

    it('are left as they are by a user who may make nothing temporary, which is told', async () => {
      const user = `bare_${process.pid}`
      const { place } = database
      await database.query(`CREATE ROLE ${user}`)
      await database.query(`GRANT SELECT ON ${table} TO ${user}`)
      await database.query(`REVOKE TEMPORARY ON DATABASE "${place.database}" FROM PUBLIC`)
      const plan = sinkPlan({ ...given(hours), table })
      const said = await database.with(async session => {
        await session.query(`SET ROLE ${user}`)
        const how = { isNew: false, place }
        const told = await makeAggregates(session, plan.table, plan.aggregates!, how)
        await session.query('RESET ROLE')
        return told
      })
      await database.query(`GRANT TEMPORARY ON DATABASE "${place.database}" TO PUBLIC`)
      await database.query(`REVOKE SELECT ON ${table} FROM ${user}`)
      await database.query(`DROP ROLE ${user}`)
      assert.equal(said.length, 1)
      assert.match(said[0]!, /_1h is there, and stays as it is; .* GRANT TEMPORARY ON DATABASE/)
    })

    it('of a table that has rows say how these come into it', async () => {
      await deployed([{ bucket: '15 minutes', view: 'refreshed' }])
      await put(140, 1)
      const [told = ''] = warned()
      assert.match(
        told,
        /_15min is made\. Rows that were in the table before are in it after: CALL/
      )
      assert.equal(await countRows(database, `${table}_15min`), 0)
      await database.query(told.slice(told.indexOf('CALL')))
      assert.ok((await countRows(database, `${table}_15min`)) > 5)
    })

    it('come again with a table that was dropped', async () => {
      await deployed([{ bucket: '5 minutes' }])
      await put(150, 1)
      await database.query(`DROP TABLE ${table} CASCADE`)
      await put(0, 6)
      assert.equal(await countRows(database, `${table}_5min`), 2)
    })
  })
}
