import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { OnConflict } from '../../../core/postgres/insert-statement.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import type { Mapping } from '../../../core/postgres/rows.ts'
import { KAFKA_MESSAGE } from '../../../core/record/record.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { messages, type Sample, sum, unpredictable } from './bulk-insert-samples.ts'
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
  describe(`rows into ${server}`, function () {
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
      table = `store_${server}_${tables++}`
    })
    afterEach(async () => {
      for (const writer of writers.splice(0)) await writer.close()
      await database.query(`DROP TABLE IF EXISTS ${table}`)
    })
    after(() => database.close())

    function writer(options: TestWriterOptions = {}): TestWriter {
      const made = new TestWriter(database, table, options)
      writers.push(made)
      return made
    }
    const content = async () =>
      (await database.query(`SELECT * FROM ${table} ORDER BY time, device_id, metric`)).rows

    it('stores what records say, in the right columns', async () => {
      const load = await writer().put([
        reading(1, { location: 'hall 1', ts_utc: '2024-02-23T15:20:00.123456Z' }),
        reading(2)
      ])
      assert.deepEqual([load.stored, load.duplicates, load.rejections], [2, 0, []])
      const { rows } = await database.query(
        `SELECT time::text, device_id, location, metric, value FROM ${table} ORDER BY time`
      )
      assert.deepEqual(rows, [
        {
          time: '2024-02-23 00:00:02+00',
          device_id: 'd2',
          location: null,
          metric: 'temperature_c',
          value: 0.5
        },
        {
          time: '2024-02-23 15:20:00.123456+00',
          device_id: 'd1',
          location: 'hall 1',
          metric: 'temperature_c',
          value: 0.25
        }
      ])
    })

    it('counts duplicates of earlier batches exactly, and goes on', async () => {
      const sink = writer()
      assert.equal((await sink.put(readings(0, 1000))).stored, 1000)
      const second = await sink.put(readings(500, 1000))
      assert.deepEqual([second.stored, second.duplicates], [500, 500])
      const third = await sink.put(readings(1500, 10))
      assert.deepEqual([third.stored, third.duplicates], [10, 0])
      assert.equal(await countRows(database, table), 1510)
    })

    it('keeps the first of two with the same key in one batch', async () => {
      const load = await writer().put([
        reading(1, { value: 1 }),
        reading(1, { value: 2 }),
        reading(2)
      ])
      assert.deepEqual([load.stored, load.duplicates], [2, 1])
      assert.equal((await content())[0]?.value, 1)
    })

    it('replaces rows, and the last value wins within a batch as well (21000)', async () => {
      const sink = writer({ onConflict: 'update', connections: 1 })
      await sink.put([reading(1, { value: 1 }), reading(2)])
      const load = await sink.put([
        reading(1, { value: 5 }),
        reading(3),
        reading(1, { value: 7 }),
        reading(1, { value: 6 })
      ])
      assert.deepEqual([load.stored, load.duplicates, load.rejections], [2, 2, []])
      assert.deepEqual(
        (await content()).map(row => row.value),
        [6, 0.5, 0.75]
      )
    })

    it('rejects duplicates by name where told to', async () => {
      const sink = writer({ onConflict: 'reject' })
      await sink.put(readings(0, 3))
      const load = await sink.put([
        reading(1, { value: 9 }),
        reading(7),
        reading(8),
        reading(8, { value: 10 })
      ])
      assert.equal(load.stored, 2)
      assert.deepEqual(
        load.rejections
          .map(({ reason, record }) => [reason.code, (record as { value: number }).value])
          .sort(),
        [
          ['DUPLICATE_KEY', 10],
          ['DUPLICATE_KEY', 9]
        ].sort()
      )
      assert.equal(await countRows(database, table), 5)
    })

    const poison: [string, object, string, string?][] = [
      ['a NUL in a text', { device_id: 'a\0b' }, 'COLUMN_NUL', 'device_id'],
      ['a missing field', { value: undefined }, 'COLUMN_MISSING', 'value'],
      ['a null', { metric: null }, 'COLUMN_MISSING', 'metric'],
      ['a number as text', { value: '23.5' }, 'COLUMN_TYPE', 'value'],
      ['true as a number', { value: true }, 'COLUMN_TYPE', 'value'],
      ['NaN', { value: Number.NaN }, 'COLUMN_NOT_FINITE', 'value'],
      ['infinity', { value: Number.NEGATIVE_INFINITY }, 'COLUMN_NOT_FINITE', 'value'],
      ['an object as text', { device_id: {} }, 'COLUMN_TYPE', 'device_id'],
      ['a time that is none', { ts_utc: 'yesterday' }, 'COLUMN_TIME', 'ts_utc'],
      ['a NaN time', { ts_utc: Number.NaN }, 'COLUMN_TIME', 'ts_utc'],
      ['a time without a zone', { ts_utc: '2024-02-23T15:20:00' }, 'COLUMN_TIME', 'ts_utc'],
      ['a time before all times', { ts_utc: -9e15 }, 'COLUMN_RANGE', 'ts_utc'],
      ['a time after all times', { ts_utc: 9e15 }, 'COLUMN_RANGE', 'ts_utc'],
      [
        'a text that is too long for the index (54000)',
        { device_id: unpredictable(9000) },
        'ROW_REFUSED'
      ]
    ]
    for (const [name, more, code, path] of poison) {
      it(`rejects ${name} and stores those beside it`, async () => {
        const bad = reading(50, more)
        const load = await writer().put([...readings(0, 20), bad, ...readings(100, 20)])
        assert.equal(load.stored, 40)
        assert.deepEqual(
          load.rejections.map(({ record, reason }) => [record, reason.code, reason.path]),
          [[bad, code, path]]
        )
        assert.equal(await countRows(database, table), 40)
      })
    }

    it('rejects what is no record at all', async () => {
      const load = await writer().put([null, 7, 'x', undefined, [], reading(1)])
      assert.equal(load.stored, 1)
      assert.deepEqual(
        load.rejections.map(({ reason }) => reason.code),
        ['NOT_A_RECORD', 'NOT_A_RECORD', 'NOT_A_RECORD', 'NOT_A_RECORD', 'COLUMN_MISSING']
      )
    })

    it('says that a Kafka message is not a record', async () => {
      const load = await writer().put([
        { [KAFKA_MESSAGE]: true, key: null, value: Buffer.from('{}'), headers: {} }
      ])
      assert.match(
        load.rejections[0]!.reason.message,
        /not a record but a Kafka message; let the consumer give records/
      )
    })

    it('stores texts of any script, and a lone surrogate as U+FFFD', async () => {
      const texts = ['Grüße', '温度', '🌡️', '\ud83c', 'x'.repeat(500), 'ü'.repeat(200)]
      await writer().put(texts.map((location, n) => reading(n, { location })))
      assert.deepEqual(
        (await content()).map(row => row.location),
        ['Grüße', '温度', '🌡️', '\ufffd', 'x'.repeat(500), 'ü'.repeat(200)]
      )
    })

    it('stores the years that a double of microseconds cannot hold', async () => {
      await writer({ mappings: TELEMETRY.filter(({ column }) => column !== 'location') }).put([
        reading(1, { ts_utc: -5_000_000_000_001 }),
        reading(1, { ts_utc: Date.UTC(2400, 0, 1) + 1 }),
        reading(1, { ts_utc: -11_676_096_000_000 })
      ])
      const { rows } = await database.query(
        `SELECT extract(epoch FROM time)::text AS at FROM ${table} ORDER BY time`
      )
      assert.deepEqual(
        rows.map(row => Number(row.at) * 1000),
        [-11_676_096_000_000, -5_000_000_000_001, Date.UTC(2400, 0, 1) + 1]
      )
    })

    it('finds bad rows that only the database knows, by whatever method it writes', async () => {
      await database.query(`CREATE TABLE ${table} (time timestamptz NOT NULL, device_id text NOT NULL, location text, metric text NOT NULL,
        value double precision NOT NULL CHECK (value < 1000), UNIQUE (time, device_id, metric))`)
      const sink = writer()
      const mixed = readings(0, 3000).map((record, n) => ({
        ...record,
        value: n % 500 === 77 ? 5000 + n : 1
      }))
      // first by COPY, whose error names the line; then all are duplicates, and INSERT's error
      // names nothing
      for (const [stored, duplicates] of [
        [2994, 0],
        [0, 2994]
      ]) {
        const load = await sink.put(mixed)
        assert.deepEqual(
          [load.stored, load.duplicates, load.rejections.length],
          [stored, duplicates, 6]
        )
        for (const { reason } of load.rejections) {
          assert.equal(reason.code, 'ROW_REFUSED')
          assert.match(reason.message, /value_check/)
        }
      }
    })

    describe('where a trigger raises a code of its own for some values', () => {
      const guard = () => `guard_${table}`
      beforeEach(() =>
        database.query(`CREATE TABLE ${table} (time timestamptz, device_id text, location text, metric text, value float8, UNIQUE (time, device_id, metric));
          CREATE FUNCTION ${guard()}() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF NEW.value = 13 THEN RAISE 'no thirteen' USING ERRCODE = 'MR013'; END IF; RETURN NEW; END $$;
          CREATE TRIGGER guard BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${guard()}()`)
      )
      afterEach(() => database.query(`DROP FUNCTION IF EXISTS ${guard()} CASCADE`))
      const thirteens = (count: number, isBad: (n: number) => boolean) =>
        readings(0, count).map((record, n) => ({ ...record, value: isBad(n) ? 13 : 1 }))

      for (const onConflict of ['ignore', 'update', 'reject'] as const) {
        const places: [string, (n: number) => boolean, number][] = [
          ['one row', n => n === 700, 1],
          ['rows of one half', n => n < 30, 30],
          ['rows everywhere', n => n % 100 === 50, 10],
          ['all but one row', n => n !== 999, 999]
        ]
        for (const [place, isBad, bad] of places) {
          it(`rejects them, ${onConflict}: ${place}`, async () => {
            const sink = writer({ onConflict, create: false, connections: 1 })
            const load = await sink.put(thirteens(1000, isBad))
            assert.deepEqual(
              [load.stored, load.duplicates, load.rejections.length],
              [1000 - bad, 0, bad]
            )
            assert.ok(
              load.rejections.every(({ record }) => (record as { value: number }).value === 13)
            )
            assert.equal(load.rejections[0]!.reason.code, 'ROW_REFUSED')
            assert.match(load.rejections[0]!.reason.message, /no thirteen \(MR013\)/)
            assert.deepEqual(sink.troubles, [])
            assert.equal(await countRows(database, table), 1000 - bad)
          })
        }
      }

      it('the last of one key still wins where its rows come apart', async () => {
        const same = Array.from({ length: 8 }, (_, n) => reading(5, { value: n }))
        const load = await writer({ onConflict: 'update', create: false, connections: 1 }).put([
          reading(1, { value: 13 }),
          ...same,
          reading(9)
        ])
        assert.equal(load.rejections.length, 1)
        assert.deepEqual(
          (await content()).map(row => row.value),
          [7, 2.25]
        )
      })

      it('does not blame the rows when only those that were there already pass', async () => {
        await database.query(
          `DROP TRIGGER guard ON ${table}; CREATE TRIGGER guard AFTER INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${guard()}()`
        )
        const sink = writer({ create: false })
        await sink.put(thirteens(10, () => false))
        const load = sink.put(thirteens(20, () => true))
        await until('the trouble', () => sink.troubles[0]?.kind === 'setting')
        await database.query(`DROP TRIGGER guard ON ${table}`)
        assert.deepEqual(
          [(await load).stored, (await load).duplicates, (await load).rejections.length],
          [10, 10, 0]
        )
      })

      it('waits when no row can be stored, as for a setting', async () => {
        const sink = writer({ create: false })
        const load = sink.put(thirteens(20, () => true))
        await until('the trouble', () => sink.troubles[0]?.kind === 'setting')
        await database.query(`DROP TRIGGER guard ON ${table}`)
        assert.deepEqual([(await load).stored, (await load).rejections.length], [20, 0])
      })
    })

    it('replaces rows whose keys only the server takes for the same (21000)', async () => {
      await database.query(
        `CREATE TABLE ${table} (time timestamptz, channel numeric, value float8, UNIQUE (time, channel))`
      )
      const mappings: Mapping[] = [
        TELEMETRY[0]!,
        { column: 'channel', from: 'channel', type: 'numeric', key: true, required: true },
        { column: 'value', from: 'value', type: 'double precision', key: false, required: true }
      ]
      const sink = writer({ mappings, onConflict: 'update', create: false, connections: 1 })
      const load = await sink.put(
        [...readings(0, 40), reading(7)].map((record, n) => ({
          ...record,
          channel: n === 40 ? '1.00' : '1.0'
        }))
      )
      assert.deepEqual([load.stored, load.rejections, sink.troubles], [41, [], []])
      assert.equal((await database.query(`SELECT FROM ${table}`)).rowCount, 40)
    })

    it('property: stored + duplicates + rejected = given, and the table is what a model says', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<OnConflict>('ignore', 'update', 'reject'),
          fc.array(messages, { maxLength: 6 }),
          holds
        ),
        {
          numRuns: server === 'postgres' ? 40 : 12
        }
      )
    }).timeout(60_000)

    async function holds(
      onConflict: OnConflict,
      given: readonly (readonly Sample[])[]
    ): Promise<void> {
      await database.query(`DROP TABLE IF EXISTS ${table}`)
      const sink = writer({ onConflict, maxRows: 7, connections: 1 })
      const loads = await Promise.all(given.map(message => sink.put(message)))
      const model = new Map<string, number>()
      for (const { bad, ...sample } of given.flat()) {
        const key = `${sample.ts_utc} ${sample.device_id} ${sample.metric}`
        if (!bad && (onConflict === 'update' || !model.has(key)))
          model.set(key, sample.value as number)
      }
      for (const [index, load] of loads.entries()) {
        assert.equal(load.stored + load.duplicates + load.rejections.length, given[index]!.length)
        assert.equal(load.open, 0)
      }
      const found = model.size === 0 ? [] : await content()
      assert.deepEqual(
        new Map(
          found.map(row => [`${row.time.toISOString()} ${row.device_id} ${row.metric}`, row.value])
        ),
        new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1)))
      )
      if (onConflict !== 'update') assert.equal(sum(loads.map(load => load.stored)), model.size)
      await sink.close()
    }
  })
}
