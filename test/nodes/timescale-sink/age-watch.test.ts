import assert from 'node:assert/strict'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import { AgeWatch, type Queries } from '../../../nodes/timescale-sink/age-watch.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { countRows, databaseAt } from '../../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-06-01T00:00:00Z')
const keptFor = (
  days: number,
  compressed: { fromMs: number; untilMs: number }[] = []
): Queries => ({
  query: async text => ({
    rows: text.includes('is_compressed')
      ? compressed
      : [
          text.includes('config')
            ? { words: `${days} days`, ms: days * DAY_MS }
            : { words: 'jobs', ms: null }
        ]
  })
})

describe('nodes/timescale-sink/age-watch', () => {
  const cases: [name: string, times: unknown[], warned: RegExp | undefined][] = [
    ['a time of now', ['2026-05-31T00:00:00.000Z', NOW, new Date(NOW)], undefined],
    [
      'a text',
      ['2024-02-23T14:53:20.000Z'],
      /^A record .* the table keeps 365 days\. .*2024-02-23T14:53:20\.000Z/
    ],
    ['numbers', [1708700000000, NOW], /^A record .*1708700000000/],
    ['dates', [new Date(1708700000000), new Date(0)], /^2 records .*2024-02-23T14:53:20\.000Z/],
    ['another form of now', ['2025-W23-7T00:00:00Z', '2026-06-01 02:00:00+02:00'], undefined],
    ['an offset', ['2025-05-31T23:30:00+01:00'], /^A record/],
    ['what is no time', ['0', null, undefined, {}, 'now'], undefined]
  ]
  for (const [name, times, warned] of cases) {
    it(`${name}: ${warned ? 'warned of' : 'nothing to say'}`, async () => {
      const said: string[] = []
      const options = {
        database: keptFor(365),
        table: 't',
        field: 'ts',
        warn: (text: string) => said.push(text),
        now: () => NOW
      }
      const watch = new AgeWatch(options)
      await watch.look()
      watch.see(
        times.map(ts => ({ ts })),
        new Map()
      )
      watch.close()
      if (warned) assert.match(said.join('\n'), warned)
      else assert.deepEqual(said, [])
    })
  }

  it('says nothing of what was refused', async () => {
    const said: string[] = []
    const options = {
      database: keptFor(365),
      table: 't',
      field: 'ts',
      warn: (text: string) => said.push(text),
      now: () => NOW
    }
    const watch = new AgeWatch(options)
    await watch.look()
    watch.see([{ ts: 0 }], new Map([[0, 'refused']]))
    watch.close()
    assert.deepEqual(said, [])
  })

  it('counts what comes into compressed chunks, and not what lies between them or is deleted', async () => {
    const said: string[] = []
    let late = 0
    const span = (from: number, until: number) => ({
      fromMs: NOW - from * DAY_MS,
      untilMs: NOW - until * DAY_MS
    })
    const watch = new AgeWatch({
      database: keptFor(365, [span(20, 7), span(400, 30)]),
      table: 't',
      field: 'ts',
      warn: text => said.push(text),
      late: records => {
        late += records
      },
      now: () => NOW
    })
    await watch.look()
    const ago = (days: number) => new Date(NOW - days * DAY_MS)
    const times = [0, 6.9, 7.1, 19.9, 20.1, 29.9, 30.1, 364, 366, 401].map(ago)
    watch.see(
      times.map((ts, index) => ({ ts: index % 2 === 0 ? ts : ts.toISOString() })),
      new Set([3])
    )
    watch.close()
    assert.equal(late, 3)
    assert.equal(said.length, 2)
    assert.match(said[0]!, /^2 records .* will be deleted at once/)
    assert.match(
      said[1]!,
      /^3 records .* came late into chunks that are compressed .*2026-05-24T21/
    )
  })

  for (const service of ['timescale', 'postgres'] as const) {
    describe(`on ${service === 'timescale' ? 'TimescaleDB' : 'a plain PostgreSQL'}`, function () {
      this.timeout(120_000)
      let nodeRed: RunningNodeRed
      let database: Database
      let url = ''
      const table = `kept_${process.pid}`

      before(async () => {
        const { [service]: server } = await services(service)
        url = server.url
        database = databaseAt(url)
        nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
      })
      after(async () => {
        await nodeRed.stop()
        await database.query(`DROP TABLE IF EXISTS ${table}`)
        await database.close()
      })

      it(
        service === 'timescale'
          ? 'warns of a row that will not be there tomorrow'
          : 'has nothing to say',
        async () => {
          await nodeRed.deploy([
            { id: 'database', type: 'millrace-timescale-database', url },
            { id: 'tab', type: 'tab' },
            {
              id: 'sink',
              type: 'millrace-timescale-sink',
              z: 'tab',
              database: 'database',
              table,
              retainDays: 365,
              wires: [[], []]
            }
          ])
          const at = (ms: number) => ({
            device_id: 'a',
            metric: 'm',
            value: 1,
            ts_utc: new Date(ms).toISOString()
          })
          const payload = [at(Date.now()), at(Date.now() - 400 * DAY_MS)]
          nodeRed.node<{ receive(message: object): void }>('sink').receive({ payload })
          const warned = () => nodeRed.logs.filter(({ msg }) => /deleted at once/.test(String(msg)))
          // The policy of the embedded server may run at once, and then one row is gone already.
          if (service === 'timescale') await until('the warning', () => warned().length > 0, 30_000)
          else
            await until('both rows', async () => (await countRows(database, table)) === 2, 30_000)
          assert.equal(warned().length, service === 'timescale' ? 1 : 0)
        }
      )
    })
  }
})

describe('late records on TimescaleDB', function () {
  this.timeout(120_000)
  let nodeRed: RunningNodeRed
  let database: Database
  let url = ''
  const table = `late_${process.pid}`

  before(async () => {
    url = (await services('timescale')).timescale.url
    database = databaseAt(url)
    nodeRed = await startNodeRed({ nodes: [timescaleDatabase, timescaleSink] })
  })
  after(async () => {
    await nodeRed.stop()
    await database.query(`DROP TABLE IF EXISTS ${table}`)
    await database.close()
  })

  const deploy = async (more: object = {}) => {
    nodeRed.logs.length = 0
    await nodeRed.deploy([])
    await nodeRed.deploy([
      { id: 'database', type: 'millrace-timescale-database', url },
      { id: 'tab', type: 'tab' },
      {
        id: 'sink',
        type: 'millrace-timescale-sink',
        z: 'tab',
        database: 'database',
        table,
        compressAfterDays: 3650,
        retainDays: 0,
        ...more,
        wires: [[], []]
      }
    ])
  }
  const old = Date.now() - 30 * DAY_MS
  const at = (n: number, value: number) => ({
    device_id: 'a',
    metric: 'm',
    value,
    ts_utc: new Date(old + n * 1000).toISOString()
  })
  const receive = (payload: object[]) =>
    nodeRed.node<{ receive(message: object): void }>('sink').receive({ payload })
  const warned = () => nodeRed.logs.map(({ msg }) => String(msg)).join('\n')
  const sumOf = async () =>
    Number((await database.query(`SELECT sum(value) AS sum FROM ${table}`)).rows[0]!.sum)

  it('are stored in compressed chunks, and counted in metrics and log', async () => {
    await deploy()
    receive([at(0, 1), at(1, 1), { ...at(0, 1), ts_utc: new Date().toISOString() }])
    await until('the rows', async () => (await countRows(database, table).catch(() => 0)) === 3)
    await database.query(
      `SELECT compress_chunk(c) FROM show_chunks('${table}', older_than => INTERVAL '20 days') c`
    )
    await deploy()
    // One of them is there already.
    receive([at(1, 5), at(2, 1), at(3, 1), { ...at(0, 1), ts_utc: new Date().toISOString() }])
    await until('the late rows', async () => (await countRows(database, table)) === 6)
    assert.equal(await sumOf(), 6)
    const { gauges } = metricsFor('sink', 'millrace-timescale-sink', '')
    await until('the count', () => gauges.get('late_compressed_records') === 3)
    assert.match(warned(), /3 records that were stored in "late_\d+" came late into chunks/)
    await until('size and chunks', () => gauges.has('table_bytes'))
    assert.deepEqual(
      [
        gauges.get('table_chunks'),
        gauges.get('table_compressed_chunks'),
        gauges.get('table_failed_jobs')
      ],
      [2, 1, 0]
    )
    assert.ok(gauges.get('table_bytes')! > 0 && gauges.get('table_compression_ratio')! > 0)
  })

  it('replace rows of compressed chunks where that is chosen', async () => {
    await deploy({ conflict: 'update' })
    receive([at(2, 10), at(4, 1)])
    await until('the late rows', async () => (await countRows(database, table)) === 7)
    assert.equal(await sumOf(), 16)
    await until('the warning', () => /2 records .* came late/.test(warned()))
    await nodeRed.deploy([])
    assert.equal(metricsFor('sink', 'millrace-timescale-sink', '').gauges.has('table_bytes'), false)
  })
})
