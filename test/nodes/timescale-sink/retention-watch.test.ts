import assert from 'node:assert/strict'
import type { Database } from '../../../core/postgres/pool.ts'
import timescaleDatabase from '../../../nodes/timescale-database/runtime.ts'
import { type Queries, RetentionWatch } from '../../../nodes/timescale-sink/retention-watch.ts'
import timescaleSink from '../../../nodes/timescale-sink/runtime.ts'
import { countRows, databaseAt } from '../../core/postgres/table-under-test.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-06-01T00:00:00Z')
const keptFor = (days: number): Queries => ({
  query: async text => ({
    rows: [
      text.includes('config')
        ? { words: `${days} days`, ms: days * DAY_MS }
        : { words: 'jobs', ms: null }
    ]
  })
})

describe('nodes/timescale-sink/retention-watch', () => {
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
      const watch = new RetentionWatch(options)
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
    const watch = new RetentionWatch(options)
    await watch.look()
    watch.see([{ ts: 0 }], new Map([[0, 'refused']]))
    watch.close()
    assert.deepEqual(said, [])
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
          await until('both rows', async () => (await countRows(database, table)) === 2, 30_000)
          const warned = () => nodeRed.logs.filter(({ msg }) => /deleted at once/.test(String(msg)))
          if (service === 'timescale') await until('the warning', () => warned().length > 0, 10_000)
          assert.equal(warned().length, service === 'timescale' ? 1 : 0)
        }
      )
    })
  }
})
