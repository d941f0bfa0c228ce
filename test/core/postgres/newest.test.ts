import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Database } from '../../../core/postgres/pool.ts'
import type { Mapping } from '../../../core/postgres/rows.ts'
import { services } from '../../services.ts'
import { databaseAt, reading, TELEMETRY, TestWriter } from './table-under-test.ts'

for (const server of ['postgres', 'timescale'] as const) {
  describe(`of each key the newest row, into ${server}`, function () {
    this.timeout(30_000)
    let database: Database
    let tables = 0
    let table = ''
    const writers: TestWriter[] = []

    before(async function () {
      this.timeout(120_000)
      database = databaseAt((await services(server))[server].url)
    })
    beforeEach(() => {
      table = `newest_${server}_${tables++}`
    })
    afterEach(async () => {
      for (const writer of writers.splice(0)) await writer.close()
      await database.query(`DROP TABLE IF EXISTS ${table}`)
    })
    after(() => database.close())

    function writer(options: ConstructorParameters<typeof TestWriter>[2] = {}): TestWriter {
      const made = new TestWriter(database, table, options)
      writers.push(made)
      return made
    }
    const VALUES: readonly Mapping[] = TELEMETRY.filter(({ column }) => column !== 'location').map(
      mapping => (mapping.column === 'time' ? { ...mapping, key: false } : mapping)
    )
    const newest = () => writer({ mappings: VALUES, onConflict: 'newest' })
    const kept = async () =>
      (
        await database.query<{ device_id: string; at: number; value: number }>(
          `SELECT device_id, extract(epoch FROM time)::int AS at, value FROM ${table} ORDER BY device_id`
        )
      ).rows.map(({ device_id, at, value }) => `${device_id} ${at} ${value}`)
    const of = (device_id: string, at: number, value: number) =>
      reading(0, { device_id, value, ts_utc: new Date(at * 1000).toISOString() })

    it('is kept, in a batch and across batches, and an older one is a duplicate', async () => {
      const into = newest()
      const first = await into.put([of('a', 20, 2), of('a', 10, 1), of('b', 10, 1), of('a', 20, 9)])
      assert.deepEqual([first.stored, first.duplicates], [2, 2])
      const second = await into.put([of('a', 15, 5), of('b', 30, 3)])
      assert.deepEqual([second.stored, second.duplicates], [1, 1])
      assert.deepEqual(await kept(), ['a 20 2', 'b 30 3'])
      assert.deepEqual(into.warnings, [])
    })

    it('is the same in whatever order, how often and by how many it is written', async () => {
      const [one, other] = [newest(), newest()]
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.tuple(fc.nat(3), fc.nat(20)), {
            minLength: 1,
            maxLength: 30,
            selector: ([device, at]) => `${device} ${at}`
          }),
          async all => {
            const records = all.map(([device, at]) => of(`d${device}`, at, at / 2))
            await database.query(`TRUNCATE ${table}`).catch(() => {})
            const half = records.length >> 1
            await Promise.all([
              one.put(records.slice(half)),
              other.put(records.slice(0, half + 1).reverse()),
              one.put(records.slice(0, half))
            ])
            const expected = [0, 1, 2, 3].flatMap(device => {
              const times = all.filter(([of]) => of === device).map(([, at]) => at)
              const last = Math.max(...times)
              return times.length === 0 ? [] : [`d${device} ${last} ${last / 2}`]
            })
            assert.deepEqual(await kept(), expected)
          }
        ),
        { numRuns: 15 }
      )
    })
  })
}
