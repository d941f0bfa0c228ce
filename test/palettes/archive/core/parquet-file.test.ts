import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExactDecimal } from '../../../../core/record/exact-decimal.ts'
import type { ColumnType } from '../../../../palettes/archive/core/column.ts'
import { parquetFile } from '../../../../palettes/archive/core/parquet-file.ts'
import { rowFormat } from '../../../../palettes/archive/core/row-format.ts'
import { duckDb } from '../../../servers/object-stores.ts'

const column = (from: string, type: ColumnType, digits = '18,6') => ({
  column: from,
  from,
  type,
  digits
})
const options = {
  format: 'parquet',
  columns: [
    column('ts', 'timestamp'),
    column('id', 'text'),
    column('value', 'double'),
    column('count', 'int64'),
    column('money', 'decimal', '30,4'),
    column('small', 'decimal', '10,2'),
    column('on', 'boolean')
  ],
  rest: 'column'
} as const

describe('files of Parquet', function () {
  this.timeout(240_000)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-parquet-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const records = [
    {
      ts: '2026-03-01T07:08:09.123456Z',
      id: 'ä"\n,',
      value: 0.1,
      count: 9007199254740993n,
      money: new ExactDecimal('12345678901234567890.1234'),
      small: -12.5,
      on: true,
      more: { big: 18446744073709551615n }
    },
    {
      ts: 0,
      id: '',
      value: -1e-300,
      count: -9223372036854775808n,
      money: 0,
      small: 1e3,
      on: false
    },
    {}
  ]

  for (const codec of ['SNAPPY', 'GZIP', 'UNCOMPRESSED'] as const)
    it(`are read by DuckDB with every digit (${codec})`, async () => {
      const [rows, target] = [join(folder, codec), join(folder, `${codec}.parquet`)]
      const format = rowFormat(options)
      writeFileSync(rows, records.map(record => format.row(record)).join(''))
      await parquetFile(rows, target, format.columns, codec)
      const found = await duckDb(
        `SELECT epoch_us(ts)::VARCHAR AS us, typeof(ts) AS type, * EXCLUDE ts FROM '${target}'`
      )
      assert.deepEqual(found, [
        {
          us: String(Date.parse('2026-03-01T07:08:09.123Z') * 1000 + 456),
          type: 'TIMESTAMP WITH TIME ZONE',
          id: 'ä"\n,',
          value: 0.1,
          count: '9007199254740993',
          money: '12345678901234567890.1234',
          small: '-12.50',
          on: true,
          rest: '{"more":{"big":18446744073709551615}}'
        },
        {
          us: '0',
          type: 'TIMESTAMP WITH TIME ZONE',
          id: '',
          value: -1e-300,
          count: '-9223372036854775808',
          money: '0.0000',
          small: '1000.00',
          on: false,
          rest: null
        },
        {
          us: null,
          type: 'TIMESTAMP WITH TIME ZONE',
          ...{ id: null, value: null, count: null, money: null, small: null, on: null, rest: null }
        }
      ])
    })

  it('are the same bytes of the same rows', async () => {
    const format = rowFormat(options)
    const rows = join(folder, 'same')
    const row = (n: number) => format.row({ ...records[0], id: `sensor-${n % 50}`, value: n / 7 })
    writeFileSync(rows, Array.from({ length: 50_000 }, (_, n) => row(n)).join(''))
    const targets = ['a', 'b'].map(name => join(folder, `${name}.parquet`))
    for (const target of targets) await parquetFile(rows, target, format.columns, 'GZIP')
    const [a, b] = targets.map(target => readFileSync(target))
    assert.ok(a!.equals(b!))
    const [sum] = await duckDb(`SELECT count(*)::INT AS n, sum(value) AS s FROM '${targets[0]}'`)
    assert.equal(sum!.n, 50_000)
  })

  it('hold no value that was bent: what does not fit its column is refused', () => {
    const { row } = rowFormat(options)
    const misfits = [
      { count: 1.5 },
      { count: 2 ** 60 },
      { count: 2n ** 63n },
      { value: '1' },
      { value: 1n },
      { id: 1 },
      { on: 'true' },
      { small: 0.001 },
      { small: 1e9 },
      { money: '1' },
      { ts: 'yesterday' },
      { ts: '2026-03-01T07:08:09' }
    ]
    for (const record of misfits) {
      const reason = row(record)
      assert.ok(
        typeof reason !== 'string',
        JSON.stringify(record, (_, v) => String(v))
      )
      assert.deepEqual(
        [reason.code, reason.path],
        ['ARCHIVE_VALUE_INVALID', Object.keys(record)[0]]
      )
    }
  })
})
