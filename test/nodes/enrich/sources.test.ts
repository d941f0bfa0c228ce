import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../../../core/postgres/pool.ts'
import { fromUrl } from '../../../core/postgres/settings.ts'
import { databaseLookup, statementFor } from '../../../nodes/enrich/database-lookup.ts'
import { FileDirectory } from '../../../nodes/enrich/file-directory.ts'
import { projector } from '../../../nodes/enrich/metadata.ts'
import { persist } from '../../../nodes/enrich/persist.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { found } from './found.ts'

const project = projector([{ from: 'location', to: '' }], 'id')
const never = new AbortController().signal

describe('nodes/enrich/file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-enrich-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('reads the file when it appears, again when it is replaced, and keeps the table while it is broken', async function () {
    this.timeout(30_000)
    const path = join(folder, 'devices.csv')
    const problems: (string | undefined)[] = []
    const directory = new FileDirectory({
      path,
      keyColumn: 'id',
      project,
      onRead: problem => problems.push(problem)
    })
    try {
      assert.equal(directory.peek('a'), undefined)
      await assert.rejects(directory.find(), /devices\.csv is not there/)
      await writeFile(path, 'id,location\na,hall 1\n')
      const table = await until('the table', () => directory.find())
      assert.deepEqual(table.get('a'), [['location', 'hall 1']])
      assert.equal(directory.peek('b'), null)

      await writeFile(join(folder, 'next'), 'id,location\na,hall two\n')
      await rename(join(folder, 'next'), path)
      await until('the new table', () => directory.peek('a')?.[0]?.[1] === 'hall two')

      await writeFile(path, 'broken\n')
      await until('the problem', () => problems.at(-1)?.includes('has no column "id"'))
      assert.deepEqual(directory.peek('a'), [['location', 'hall two']])

      await rm(path)
      await until('the problem', () => problems.at(-1)?.includes('is not there'))
      assert.deepEqual(directory.peek('a'), [['location', 'hall two']])
    } finally {
      directory.close()
    }
  })

  const ROWS = 'id,location\na,hall 1\nb,hall 2\n'
  const CUTS: [where: string, length: number][] = [
    ['at the end of a line', ROWS.indexOf('b')],
    ['in the last cell', ROWS.length - 2]
  ]
  for (const [where, length] of CUTS) {
    it(`does not take for the table what is written of it so far, cut ${where}`, async function () {
      this.timeout(30_000)
      const path = join(folder, `${length}.csv`)
      await writeFile(path, ROWS.slice(0, length))
      const directory = new FileDirectory({ path, keyColumn: 'id', project, onRead: () => {} })
      try {
        await assert.rejects(directory.find(), /is still being written/)
        await appendFile(path, ROWS.slice(length))
        const table = await until('the table', () => directory.find())
        assert.deepEqual([...table.keys()], ['a', 'b'])

        await writeFile(path, ROWS.replaceAll('hall', 'gate').slice(0, length))
        await directory.look()
        assert.deepEqual(directory.peek('b'), [['location', 'hall 2']])
        await appendFile(path, ROWS.replaceAll('hall', 'gate').slice(length))
        await until('the new table', () => directory.peek('a')?.[0]?.[1] === 'gate 1')
        assert.deepEqual(directory.peek('b'), [['location', 'gate 2']])
      } finally {
        directory.close()
      }
    })
  }

  it('reads a file at once that has been there for a while', async () => {
    const path = join(folder, 'old.csv')
    await writeFile(path, ROWS)
    await utimes(path, new Date(0), new Date(0))
    const directory = new FileDirectory({ path, keyColumn: 'id', project, onRead: () => {} })
    try {
      assert.equal((await directory.find()).size, 2)
    } finally {
      directory.close()
    }
  })
  it('is content again with the same file that was away', async function () {
    this.timeout(30_000)
    const path = join(folder, 'away.csv')
    await writeFile(path, ROWS)
    await utimes(path, new Date(0), new Date(0))
    const problems: (string | undefined)[] = []
    const directory = new FileDirectory({
      path,
      keyColumn: 'id',
      project,
      onRead: problem => problems.push(problem)
    })
    try {
      await directory.look()
      await rename(path, `${path}.away`)
      await until('the problem', () => problems.at(-1)?.includes('is not there'))
      await rename(`${path}.away`, path)
      await until('its end', () => problems.at(-1) === undefined)
    } finally {
      directory.close()
    }
  })
})

describe('nodes/enrich/persist', () => {
  for (const waitMs of [10_000, 0]) {
    it(`tries until it works, and tells of every try${waitMs === 0 ? ', also where there is no limit' : ''}`, async () => {
      const outcomes: unknown[] = []
      let tries = 0
      const work = async () => {
        if (++tries < 3) throw new Error(`try ${tries}`)
        return 'found'
      }
      const result = await persist(work, {
        waitMs,
        closing: never,
        onOutcome: problem => outcomes.push(String(problem))
      })
      assert.deepEqual([result, outcomes], ['found', ['Error: try 1', 'Error: try 2', 'undefined']])
    })
  }
  it('asks nobody any more once the node is stopped', async () => {
    let tries = 0
    const work = async () => ++tries
    await assert.rejects(
      persist(work, { waitMs: 0, closing: AbortSignal.abort(), onOutcome: () => {} }),
      { code: 'CLOSED' }
    )
    assert.equal(tries, 0)
  })
  it('fails with the last reason when the time is up', () => {
    const work = () => Promise.reject(new Error('no route to host'))
    const waiting = persist(work, { waitMs: 20, closing: never, onOutcome: () => {} })
    return assert.rejects(waiting, {
      code: 'LOOKUP_FAILED',
      message: 'The metadata could not be looked up within 0.02 s: no route to host.'
    })
  })
})

describe('nodes/enrich/database', function () {
  this.timeout(120_000)
  let database: Database
  before(async () => {
    const { postgres } = await services('postgres')
    const given = fromUrl(postgres.url)
    database = new Database({
      ...given,
      maxConnections: 2,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
      applicationName: 'enrich test'
    })
    database.acquire()
    await database.query('CREATE SCHEMA IF NOT EXISTS enrich_test')
    await database.query(
      'CREATE TABLE IF NOT EXISTS enrich_test."Devices" (id text PRIMARY KEY, location text, since timestamptz)'
    )
    await database.query(
      'CREATE TABLE IF NOT EXISTS enrich_test.numbered (id int PRIMARY KEY, location text)'
    )
    await database.query(
      "INSERT INTO enrich_test.\"Devices\" SELECT 'd' || n, 'hall ' || n, 'epoch' FROM generate_series(1, 3000) n ON CONFLICT DO NOTHING"
    )
    await database.query(
      "INSERT INTO enrich_test.numbered VALUES (7, 'seven') ON CONFLICT DO NOTHING"
    )
  })
  after(async () => {
    await database?.query('DROP SCHEMA enrich_test CASCADE')
    await database?.release()
  })

  it('looks devices up in a table, thousands at once', async () => {
    const statement = statementFor('enrich_test."Devices"', 'id', [{ from: 'location', to: '' }])
    const keys = Array.from({ length: 2500 }, (_, index) => `d${index}`)
    const devices = await found(databaseLookup(database, statement, 'id', project), keys)
    assert.equal(devices.size, 2499)
    assert.deepEqual(devices.get('d2499'), [['location', 'hall 2499']])
  })
  it('copies all columns, times as ISO 8601', async () => {
    const lookup = databaseLookup(
      database,
      statementFor('enrich_test."Devices"', 'id', []),
      'id',
      projector([], 'id')
    )
    assert.deepEqual(Object.fromEntries((await found(lookup, ['d1'])).get('d1')!), {
      location: 'hall 1',
      since: '1970-01-01T00:00:00.000Z'
    })
  })
  it('keeps numbers numbers, and days and local times as the database writes them', async () => {
    const query = `SELECT 'd1' AS id, numeric '52.500000' AS latitude, numeric '12345678901234567890.5' AS large, numeric 'NaN' AS none,
      bigint '3' AS floor, bigint '9007199254740993' AS serial, date '2024-03-31' AS installed,
      timestamp '2024-03-31 02:30:00' AS calibrated, timestamptz '2024-03-31 02:30:00.25+02' AS seen, timestamptz 'infinity' AS until,
      ARRAY[numeric '1.50', NULL] AS factors, ARRAY[date '2024-03-31'] AS days, ARRAY[[bigint '1'], [bigint '2']] AS levels,
      double precision '0.1' AS offset_v, jsonb '{"a": 1.50}' AS more
      WHERE 'd1' = ANY($1)`
    const devices = await found(databaseLookup(database, query, 'id', projector([], 'id')), ['d1'])
    assert.deepEqual(Object.fromEntries(devices.get('d1')!), {
      latitude: 52.5,
      large: '12345678901234567890.5',
      none: 'NaN',
      floor: 3,
      serial: '9007199254740993',
      installed: '2024-03-31',
      calibrated: '2024-03-31 02:30:00',
      seen: '2024-03-31T00:30:00.250Z',
      until: 'infinity',
      factors: [1.5, null],
      days: ['2024-03-31'],
      levels: [[1], [2]],
      offset_v: 0.1,
      more: { a: 1.5 }
    })
  })
  it('finds a device whose key is a bigint or a day', async () => {
    const keys =
      "SELECT * FROM (VALUES (bigint '7', date '2024-03-31', 'hall 7')) AS known (number, day, location) WHERE"
    const byNumber = databaseLookup(database, `${keys} number = ANY($1)`, 'number', project)
    assert.deepEqual((await found(byNumber, ['7'])).get('7'), [['location', 'hall 7']])
    const byDay = databaseLookup(database, `${keys} day = ANY($1)`, 'day', project)
    assert.deepEqual((await found(byDay, ['2024-03-31'])).get('2024-03-31'), [
      ['location', 'hall 7']
    ])
  })
  it('finds the others beside a key that the column cannot hold', async () => {
    const lookup = databaseLookup(
      database,
      statementFor('enrich_test.numbered', 'id', []),
      'id',
      project
    )
    assert.deepEqual(
      [...(await found(lookup, ['1', 'abc', '7', '99999999999', 'nul\0', '"', '{}'])).keys()],
      ['7']
    )
  })
  it('takes a query of the user’s own', async () => {
    const query =
      'SELECT id, upper(location) AS location FROM enrich_test."Devices" WHERE id = ANY($1)'
    assert.deepEqual(
      (await found(databaseLookup(database, query, 'id', project), ['d5'])).get('d5'),
      [['location', 'HALL 5']]
    )
  })
  it('fails where the statement is wrong', () =>
    assert.rejects(
      found(
        databaseLookup(
          database,
          'SELECT id FROM enrich_test.nowhere WHERE id = ANY($1)',
          'id',
          project
        ),
        ['d1']
      ),
      {
        code: '42P01'
      }
    ))
})
