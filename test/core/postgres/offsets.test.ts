import assert from 'node:assert/strict'
import type { Database } from '../../../core/postgres/pool.ts'
import { storedOffsets } from '../../../core/postgres/stored-offsets.ts'
import { type Batch, PROVENANCE, Provenance } from '../../../core/record/record.ts'
import { kill, restart, services } from '../../services.ts'
import { until } from '../../until.ts'
import {
  countRows,
  databaseAt,
  type Reading,
  reading,
  TELEMETRY,
  TestWriter,
  type TestWriterOptions
} from './table-under-test.ts'

const KEYLESS = TELEMETRY.map(mapping => ({ ...mapping, key: false }))

/** Records as a consumer of one partition brings them; the n-th has offset n. */
function fromKafka(partition: number, from: number, count: number, more: object = {}): Reading[] {
  const batch: Batch = {
    at: index => ({
      origin: {
        kind: 'kafka',
        topic: 'clean',
        partition,
        offset: String(from + index),
        timestamp: '0'
      },
      key: null,
      headers: {},
      raw: null
    })
  }
  return Array.from({ length: count }, (_, index) => {
    const record = reading(from + index, { device_id: `p${partition}-${from + index}`, ...more })
    return Object.assign(record, { [PROVENANCE]: new Provenance(batch, index) })
  })
}

for (const server of ['postgres', 'timescale'] as const) {
  describe(`offsets with the rows, in ${server}`, function () {
    this.timeout(60_000)
    let database: Database
    let table = ''
    let tables = 0
    const writers: TestWriter[] = []

    before(async function () {
      this.timeout(120_000)
      database = databaseAt((await services(server))[server].url)
      await database.query('DROP TABLE IF EXISTS millrace_offsets, millrace_receipts')
    })
    beforeEach(() => {
      table = `offsets_${server}_${tables++}`
    })
    afterEach(async () => {
      for (const writer of writers.splice(0)) await writer.close()
      await database.query(`DROP TABLE IF EXISTS ${table}`)
    })
    after(() => database.close())

    function writer(options: TestWriterOptions = {}): TestWriter {
      const made = new TestWriter(database, table, {
        mappings: KEYLESS,
        offsets: { group: table, sink: 's' },
        ...options
      })
      writers.push(made)
      return made
    }

    it('a record whose receipt was written before a column changed its type is known again after it', async () => {
      const sink = writer({ compressAfterDays: 0 })
      const records = fromKafka(0, 0, 3, { value: 7 })
      assert.equal((await sink.put(records)).stored, 3)
      await database.query(`ALTER TABLE ${table} ALTER COLUMN value TYPE bigint`)
      const load = await sink.put([...records, ...fromKafka(0, 3, 1, { value: 8 })])
      assert.deepEqual([load.stored, load.duplicates], [1, 3])
      assert.equal(await countRows(database, table), 4)
    })

    it('a record that comes again is left out, without any key', async () => {
      const sink = writer()
      await sink.put([...fromKafka(0, 0, 300), ...fromKafka(1, 50, 200)])
      const again = await sink.put([...fromKafka(1, 100, 300), ...fromKafka(0, 299, 2)])
      assert.deepEqual([again.stored, again.duplicates], [151, 151])
      assert.equal(await countRows(database, table), 651)
      assert.deepEqual(await storedOffsets(database, table), [
        { topic: 'clean', partition: 0, nextOffset: 301n },
        { topic: 'clean', partition: 1, nextOffset: 400n }
      ])
    })

    it('records that were held up on the way are stored when they come, although later ones were', async () => {
      const sink = writer()
      const records = fromKafka(0, 0, 100)
      await sink.put(records.filter((_, n) => n % 3 === 0))
      const late = await sink.put(records.filter((_, n) => n % 3 === 1))
      assert.equal(late.stored, 33)
      const all = await sink.put(fromKafka(0, 0, 100))
      assert.deepEqual([all.stored, all.duplicates], [33, 67])
    })

    it('several rows of one message are all stored, in whatever parts they come', async () => {
      const sink = writer({ mappings: TELEMETRY })
      const [record] = fromKafka(0, 7, 1)
      const parts = ['t', 'u', 'v'].map(metric => ({ ...record!, metric }))
      await sink.put(parts.slice(0, 2))
      assert.equal((await sink.put(parts)).stored, 1)
      assert.equal(await countRows(database, table), 3)
    })

    it('rejected records are not taken for stored', async () => {
      const sink = writer()
      await sink.put([...fromKafka(0, 0, 2), ...fromKafka(0, 2, 1, { value: 'x' })])
      const again = await sink.put(fromKafka(0, 0, 3))
      assert.deepEqual([again.stored, again.duplicates], [1, 2])
    })

    it('records that are not from Kafka are stored as they come', async () => {
      const sink = writer()
      await sink.put([reading(1)])
      assert.equal((await sink.put([reading(1)])).stored, 1)
    })

    it('two sinks that are given the same store both', async () => {
      const [one, two] = [writer(), writer({ offsets: { group: table, sink: 'other' } })]
      await Promise.all([one!.put(fromKafka(0, 0, 10)), two!.put(fromKafka(0, 0, 10))])
      assert.equal(await countRows(database, table), 20)
      assert.deepEqual(
        (await storedOffsets(database, table)).map(({ nextOffset }) => nextOffset),
        [10n]
      )
    })

    it('together with a key, duplicates and updates are counted as ever', async () => {
      const sink = writer({ mappings: TELEMETRY, onConflict: 'reject' })
      await sink.put([reading(1, { device_id: 'p0-1' })])
      const load = await sink.put(fromKafka(0, 0, 3))
      assert.deepEqual(
        [load.stored, load.rejections.map(({ reason }) => reason.code)],
        [2, ['DUPLICATE_KEY']]
      )
      const again = await sink.put(fromKafka(0, 0, 3))
      assert.deepEqual([again.stored, again.duplicates, again.rejections.length], [0, 2, 1])
    })
  })
}

describe('exactly once without a key', function () {
  this.timeout(60_000)
  let database: Database
  const TABLE = 'exactly_once'
  const writers: TestWriter[] = []
  before(async function () {
    this.timeout(120_000)
    database = databaseAt((await services('postgres')).postgres.url)
  })
  beforeEach(() =>
    database.query(`DROP TABLE IF EXISTS ${TABLE}, millrace_offsets, millrace_receipts`)
  )
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close()
  })
  after(async () => {
    await database.query(`DROP TABLE IF EXISTS ${TABLE}, millrace_offsets, millrace_receipts`)
    await database.close()
  })
  const writer = () => {
    const made = new TestWriter(database, TABLE, {
      mappings: KEYLESS,
      offsets: { group: 'g', sink: 's' },
      maxRows: 250
    })
    writers.push(made)
    return made
  }
  const eachOnce = async (expected: number) => {
    const { rows } = await database.query(
      `SELECT count(*)::int AS rows, count(DISTINCT device_id)::int AS records FROM ${TABLE}`
    )
    assert.deepEqual(rows, [{ rows: expected, records: expected }])
  }

  it('kill -9 of the server in the middle of commits', async () => {
    const sink = writer()
    const loads = Array.from({ length: 120 }, (_, n) =>
      sink.put(fromKafka(n % 4, Math.floor(n / 4) * 100, 100))
    )
    await loads[10]
    await kill('postgres')
    await until('the outage to be noticed', () =>
      sink.troubles.some(trouble => trouble?.kind === 'away')
    )
    await restart('postgres')
    await Promise.all(loads)
    await eachOnce(12_000)
  })

  it('an old owner of a partition and the new one write the same at the same time', async () => {
    const [old, young] = [writer(), writer()]
    const loads: Promise<unknown>[] = []
    for (let n = 0; n < 40; n++) {
      const part = () => fromKafka(n % 2, Math.floor(n / 2) * 100, 100)
      loads.push(old!.put(part()), young!.put(part().toReversed()))
    }
    await Promise.all(loads)
    assert.equal(old!.retried + young!.retried, 0)
    await eachOnce(4000)
  })
})
