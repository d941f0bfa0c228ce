import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CopyOrInsert } from '../../../core/postgres/copy-or-insert.ts'
import type { Database } from '../../../core/postgres/pool.ts'
import type { Mapping } from '../../../core/postgres/rows.ts'
import { services } from '../../services.ts'
import { databaseAt, TestWriter } from './table-under-test.ts'

describe('types of columns', function () {
  this.timeout(30_000)
  let database: Database
  before(async function () {
    this.timeout(120_000)
    database = databaseAt((await services('postgres')).postgres.url)
  })
  after(() => database.close())
  afterEach(() => database.query('DROP TABLE IF EXISTS store_types'))

  const mapping = (column: string, type: Mapping['type']): Mapping => ({
    column,
    from: column,
    type,
    key: false,
    required: false
  })
  const TYPES = [
    mapping('i', 'integer'),
    mapping('b', 'bigint'),
    mapping('f', 'boolean'),
    mapping('j', 'jsonb'),
    mapping('n', 'numeric'),
    mapping('t', 'text')
  ]
  async function stored(records: readonly object[], columns = 'i, b, f, j, n::text, t') {
    const writer = new TestWriter(database, 'store_types', { mappings: TYPES })
    const load = await writer.put(records)
    await writer.close()
    return { load, rows: (await database.query(`SELECT ${columns} FROM store_types`)).rows }
  }

  it('keeps values of every type, and null', async () => {
    const { rows } = await stored([
      {
        i: -2_147_483_648,
        b: '9223372036854775807',
        f: false,
        j: { a: [1, 'ü', null] },
        n: '-12345.6700',
        t: 17
      },
      { i: 0, b: -5, f: true, j: 'text', n: 1e-7, t: '' },
      {}
    ])
    assert.deepEqual(rows, [
      {
        i: -2_147_483_648,
        b: '9223372036854775807',
        f: false,
        j: { a: [1, 'ü', null] },
        n: '-12345.6700',
        t: '17'
      },
      { i: 0, b: '-5', f: true, j: 'text', n: '0.0000001', t: '' },
      { i: null, b: null, f: null, j: null, n: null, t: null }
    ])
  })

  const misfits: [object, string][] = [
    [{ i: 1.5 }, 'COLUMN_TYPE'],
    [{ i: 2_147_483_648 }, 'COLUMN_RANGE'],
    [{ i: '1' }, 'COLUMN_TYPE'],
    [{ b: 2 ** 53 }, 'COLUMN_RANGE'],
    [{ b: '9223372036854775808' }, 'COLUMN_RANGE'],
    [{ b: 'x' }, 'COLUMN_TYPE'],
    [{ f: 1 }, 'COLUMN_TYPE'],
    [{ f: 'true' }, 'COLUMN_TYPE'],
    [{ j: { a: 'x\0y' } }, 'COLUMN_NUL'],
    [{ j: { 'k\0': 1 } }, 'COLUMN_NUL'],
    [{ j: () => 1 }, 'COLUMN_TYPE'],
    [{ n: 'abc' }, 'COLUMN_TYPE'],
    [{ n: '.' }, 'COLUMN_TYPE'],
    [{ n: Number.POSITIVE_INFINITY }, 'COLUMN_NOT_FINITE'],
    [{ n: '1e999999' }, 'COLUMN_TYPE']
  ]
  it('rejects values of the wrong type, one by one', async () => {
    const { load, rows } = await stored([
      ...misfits.map(([record]) => record),
      { j: 'a literal \\u0000 is fine' }
    ])
    assert.deepEqual(
      load.rejections.map(({ reason }) => reason.code),
      misfits.map(([, code]) => code)
    )
    assert.equal(rows.length, 1)
  })

  it('property: numeric keeps every decimal number', async () => {
    const decimals = fc
      .tuple(fc.bigInt(), fc.integer({ min: 0, max: 40 }))
      .map(([digits, scale]) => `${digits}e-${scale}`)
    const samples = fc.sample(
      fc.oneof(decimals, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
      400
    )
    const { load } = await stored(samples.map((n, i) => ({ n, i, t: n })))
    assert.equal(load.stored, samples.length)
    const { rows } = await database.query(
      'SELECT i, n::text, t FROM store_types WHERE n IS DISTINCT FROM t::numeric'
    )
    assert.deepEqual(rows, [])
  })
})

describe('COPY or INSERT', () => {
  function copiesAfter(...events: readonly Event[]): boolean {
    const method = new CopyOrInsert()
    for (const event of events) {
      if (event === 'copied') method.copied()
      else if (event === 'duplicate') method.duplicateInCopy()
      else method.inserted(event)
    }
    return method.copies
  }
  it('begins with COPY', () => assert.equal(copiesAfter(), true))
  it('goes to INSERT at the first duplicate', () =>
    assert.equal(copiesAfter('copied', 'duplicate'), false))
  it('stays there while duplicates come', () =>
    assert.equal(copiesAfter('duplicate', 0, 0, 0, 0, 0, 1, 0, 0), false))
  it('tries COPY again after some clean batches', () =>
    assert.equal(copiesAfter(...times(6, 'copied'), 'duplicate', 0, 0, 0), true))
  it('waits twice as long after a try in vain', () => {
    assert.equal(
      copiesAfter(...times(6, 'copied'), 'duplicate', 0, 0, 0, 'duplicate', 0, 0, 0),
      false
    )
    assert.equal(
      copiesAfter(...times(6, 'copied'), 'duplicate', 0, 0, 0, 'duplicate', ...times(6, 0)),
      true
    )
  })
})

type Event = 'copied' | 'duplicate' | number
const times = (count: number, event: Event): Event[] => Array.from({ length: count }, () => event)
