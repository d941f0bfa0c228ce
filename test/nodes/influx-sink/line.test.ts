import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { ArrivedBytes, InPieces } from '../../../core/format/decoder.ts'
import { lineProtocol } from '../../../core/format/line-protocol.ts'
import { PRODUCTS, type ProductName } from '../../../core/influx/products.ts'
import { ExactDecimal } from '../../../core/record/exact-decimal.ts'
import { LineMaker, type LineOptions, type PointRow } from '../../../nodes/influx-sink/line.ts'

const TIME = '2024-02-23T15:20:00.123456789Z'
const NANOS = '1708701600123456789'

const options = (rows: readonly PointRow[], more: Partial<LineOptions> = {}): LineOptions => ({
  measurement: 'm',
  rows,
  time: 'ts',
  precision: 'ns',
  longAsText: false,
  ...more
})

const row = (
  type: PointRow['type'],
  name = 'v',
  role: PointRow['role'] = 'optional'
): PointRow => ({
  name,
  from: name,
  type,
  role
})

/** The line of a record without its time, or the code of what is wrong. */
function made(
  record: object,
  rows: readonly PointRow[],
  service: ProductName = 'influx2',
  more: Partial<LineOptions> = {}
): string {
  const line = new LineMaker(options(rows, more), PRODUCTS[service]).line({ ts: TIME, ...record })
  return typeof line === 'string' ? line.replace(` ${NANOS}`, '') : line.code
}

describe('a point of line protocol', () => {
  const values: [type: PointRow['type'], value: unknown, written: string][] = [
    ['number', 21.5, 'v=21.5'],
    ['number', 21, 'v=21'],
    ['number', -0, 'v=-0'],
    ['number', 1e21, 'v=1e+21'],
    ['number', 5e-324, 'v=5e-324'],
    ['number', 2 ** 60, 'v=1152921504606847000'],
    ['number', 9007199254740993n, 'COLUMN_RANGE'],
    ['number', 9007199254740992n, 'v=9007199254740992'],
    ['number', new ExactDecimal('0.12345678901234567891'), 'COLUMN_RANGE'],
    ['number', new ExactDecimal('0.1250000000000000000000'), 'v=0.1250000000000000000000'],
    ['number', Number.NaN, 'COLUMN_NOT_FINITE'],
    ['number', Number.POSITIVE_INFINITY, 'COLUMN_NOT_FINITE'],
    ['number', '21.5', 'COLUMN_TYPE'],
    ['number', true, 'COLUMN_TYPE'],
    ['integer', 21, 'v=21i'],
    ['integer', -21, 'v=-21i'],
    ['integer', 21.5, 'COLUMN_TYPE'],
    ['integer', 2 ** 53, 'COLUMN_RANGE'],
    ['integer', 9223372036854775807n, 'v=9223372036854775807i'],
    ['integer', -9223372036854775808n, 'v=-9223372036854775808i'],
    ['integer', 9223372036854775808n, 'COLUMN_RANGE'],
    ['integer', '+9223372036854775807', 'v=9223372036854775807i'],
    ['integer', '1e3', 'COLUMN_TYPE'],
    ['integer', '9'.repeat(100_000), 'COLUMN_TYPE'],
    ['integer', true, 'COLUMN_TYPE'],
    ['unsigned', 18446744073709551615n, 'v=18446744073709551615u'],
    ['unsigned', 18446744073709551616n, 'COLUMN_RANGE'],
    ['unsigned', -1, 'COLUMN_RANGE'],
    ['unsigned', 0, 'v=0u'],
    ['text', 'a "b" \\ c', 'v="a \\"b\\" \\\\ c"'],
    ['text', 'ends with \\', 'v="ends with \\\\"'],
    ['text', 'two\nlines', 'v="two\nlines"'],
    ['text', '', 'v=""'],
    ['text', 'a,b=c d', 'v="a,b=c d"'],
    ['text', 7, 'v="7"'],
    ['text', {}, 'COLUMN_TYPE'],
    ['boolean', true, 'v=true'],
    ['boolean', false, 'v=false'],
    ['boolean', 1, 'COLUMN_TYPE'],
    ['json', { a: [1, 'x"'] }, 'v="{\\"a\\":[1,\\"x\\\\\\"\\"]}"'],
    ['json', { big: 9007199254740993n }, 'v="{\\"big\\":9007199254740993}"'],
    ['json', () => 1, 'COLUMN_TYPE']
  ]
  for (const [type, value, written] of values) {
    const shown = String(typeof value === 'object' ? JSON.stringify(value, replacer) : value)
    it(`${type}: ${shown.slice(0, 40)} → ${written.slice(0, 60)}`, () => {
      const wanted = written.startsWith('v=') ? `m ${written}` : written
      assert.equal(made({ v: value }, [row(type)]), wanted)
    })
  }

  const tags: [value: unknown, influx: string, questdb: string][] = [
    ['a', 'm,t=a v=1', 'm,t=a v=1'],
    ['a b,c=d', 'm,t=a\\ b\\,c\\=d v=1', 'm,t=a\\ b\\,c\\=d v=1'],
    ['a\\b', 'm,t=a\\b v=1', 'm,t=a\\\\b v=1'],
    ['a\\ b', 'm,t=a\\\\ b v=1', 'm,t=a\\\\\\ b v=1'],
    ['a\\', 'POINT_UNWRITABLE', 'm,t=a\\\\ v=1'],
    ['a\nb', 'POINT_UNWRITABLE', 'm,t=a\\\nb v=1'],
    ['a\rb', 'POINT_UNWRITABLE', 'm,t=a\\\rb v=1'],
    ['a"b', 'm,t=a"b v=1', 'm,t=a"b v=1'],
    ['äöü 🌡', 'm,t=äöü\\ 🌡 v=1', 'm,t=äöü\\ 🌡 v=1'],
    ['', 'm v=1', 'm v=1'],
    [null, 'm v=1', 'm v=1'],
    [undefined, 'm v=1', 'm v=1'],
    [7, 'm,t=7 v=1', 'm,t=7 v=1'],
    [true, 'm,t=true v=1', 'm,t=true v=1'],
    [{}, 'COLUMN_TYPE', 'COLUMN_TYPE']
  ]
  for (const [value, influx, questdb] of tags)
    it(`a tag: ${JSON.stringify(value)} → ${influx}`, () => {
      const rows = [row('tag', 't'), row('number')]
      assert.equal(made({ t: value, v: 1 }, rows), influx)
      assert.equal(made({ t: value, v: 1 }, rows, 'questdb'), questdb)
    })

  it('has no more measurement and tags than a server takes', () => {
    const rows = [row('tag', 't'), row('tag', 'u'), row('number')]
    const of = (t: string, u = '') => made({ t, u, v: 1 }, rows).slice(0, 16)
    assert.equal(of('x'.repeat(65_531)), 'm,t=xxxxxxxxxxxx')
    assert.equal(of('x'.repeat(65_532)), 'POINT_UNWRITABLE')
    assert.equal(of('ü'.repeat(32_766)), 'POINT_UNWRITABLE')
    assert.equal(of('x'.repeat(40_000), 'x'.repeat(40_000)), 'POINT_UNWRITABLE')
    const measurement = { measurement: '{t}' }
    const long = { t: 'x'.repeat(70_000), v: 1 }
    assert.equal(made(long, [row('number')], 'questdb', measurement), 'POINT_UNWRITABLE')
  })

  it('has its tags in the order of their names, and leaves out what is null', () => {
    const rows = [row('tag', 'z'), row('tag', 'a'), row('number'), row('text', 's')]
    assert.equal(made({ z: 1, a: 2, v: 3, s: null }, rows), 'm,a=2,z=1 v=3')
    assert.equal(made({ z: 1 }, rows), 'POINT_EMPTY')
  })

  it('escapes names of tags and fields, once', () => {
    const rows = [row('tag', 'a b'), row('number', 'c=d,e')]
    assert.equal(made({ 'a b': 'x', 'c=d,e': 1 }, rows), 'm,a\\ b=x c\\=d\\,e=1')
  })

  it('takes the measurement from fields, and knows which are none', () => {
    const of = (metric: unknown) =>
      made({ metric, v: 1 }, [row('number')], 'influx2', { measurement: '{metric}' })
    assert.equal(of('air temp,in'), 'air\\ temp\\,in v=1')
    assert.equal(of('a=b'), 'a=b v=1')
    assert.equal(of('#1'), 'POINT_UNWRITABLE')
    assert.equal(of('a\nb'), 'POINT_UNWRITABLE')
    assert.equal(of(''), 'COLUMN_MISSING')
    assert.equal(of(undefined), 'COLUMN_MISSING')
  })

  const times: [value: unknown, precision: LineOptions['precision'], written: string][] = [
    [TIME, 'ns', NANOS],
    [TIME, 'us', '1708701600123456'],
    [TIME, 'ms', '1708701600123'],
    [TIME, 's', '1708701600'],
    ['2024-02-23T16:20:00+01:00', 'ns', '1708701600000000000'],
    [1708701600123, 'ns', '1708701600123000000'],
    ['1708701600123', 'ms', '1708701600123'],
    [1708701600123.5, 'ns', '1708701600123500000'],
    [new Date(1708701600000), 's', '1708701600'],
    ['1969-12-31T23:59:59.999999999Z', 'ns', '-1'],
    ['1969-12-31T23:59:59.5Z', 's', '-1'],
    [0, 'ns', '0'],
    [0.25, 'us', '250'],
    ['2024-02-23T15:20:00', 'ns', 'COLUMN_TIME'],
    ['2024-02-30T15:20:00Z', 'ns', 'COLUMN_TIME'],
    ['20240223', 'ns', 'COLUMN_TIME'],
    [true, 'ns', 'COLUMN_TIME'],
    [1708701600123000000n, 'ns', 'COLUMN_TIME'],
    ['1600-01-01T00:00:00Z', 'ns', 'COLUMN_RANGE'],
    ['2300-01-01T00:00:00Z', 's', 'COLUMN_RANGE'],
    [null, 'ns', 'COLUMN_MISSING']
  ]
  for (const [value, precision, written] of times)
    it(`a time in ${precision}: ${String(value)} → ${written}`, () => {
      const maker = new LineMaker(options([row('number')], { precision }), PRODUCTS.influx2)
      const line = maker.line({ v: 1, ts: value })
      assert.equal(typeof line === 'string' ? line.replace('m v=1 ', '') : line.code, written)
    })

  it('keeps to what each server has', () => {
    const text = (service: ProductName) => made({ v: 'a\nb' }, [row('text')], service)
    assert.equal(text('questdb'), 'm v="a\\\nb"')
    assert.equal(text('influx1'), 'm v="a\nb"')
    const integer = (value: bigint, service: ProductName) =>
      made({ v: value }, [row('integer')], service)
    assert.equal(integer(-(2n ** 63n), 'questdb'), 'COLUMN_RANGE')
    assert.equal(integer(2n ** 53n, 'victoriametrics'), 'COLUMN_RANGE')
    assert.equal(integer(2n ** 53n - 1n, 'victoriametrics'), 'm v=9007199254740991i')
    const tag = (service: ProductName) =>
      made({ t: 'a\tb', v: 1 }, [row('tag', 't'), row('number')], service)
    assert.equal(tag('influx1'), 'm,t=a\tb v=1')
    assert.equal(tag('influx3'), 'POINT_UNWRITABLE')
    assert.equal(
      made({ t: 'a\nb', v: 1 }, [row('tag', 't'), row('number')], 'victoriametrics'),
      'POINT_UNWRITABLE'
    )
  })

  it('writes numbers that are too long as text, where it is told to', () => {
    const of = (value: unknown, type: PointRow['type']) =>
      made({ v: value }, [row(type)], 'influx2', { longAsText: true })
    assert.equal(of(2n ** 63n, 'integer'), 'm v="9223372036854775808"')
    assert.equal(of(2n ** 64n, 'unsigned'), 'm v="18446744073709551616"')
    assert.equal(
      of(new ExactDecimal('0.12345678901234567891'), 'number'),
      'm v="0.12345678901234567891"'
    )
    assert.equal(of(21, 'integer'), 'm v=21i')
  })

  it('refuses what is no record', () => {
    const maker = new LineMaker(options([row('number')]), PRODUCTS.influx2)
    for (const value of [null, 'text', 7, undefined, [1]])
      assert.equal((maker.line(value) as { code: string }).code, 'NOT_A_RECORD')
  })

  it('is read back by the reader of line protocol as it was, whatever its texts hold', () => {
    const read = lineProtocol({ exact: false } as Parameters<typeof lineProtocol>[0])
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    fc.assert(
      fc.property(text, text, text, fc.double(), (tag, name, value, number) => {
        const rows = [
          { ...row('tag', `n${name}`), from: 't' },
          row('text', 's'),
          row('number', 'd')
        ]
        const line = new LineMaker(options(rows), PRODUCTS.influx2).line({
          t: tag,
          s: value,
          d: number,
          ts: TIME
        })
        if (typeof line !== 'string') return
        const { pieces } = read(Buffer.from(line), {} as ArrivedBytes) as InPieces
        const [piece] = [...pieces]
        assert.ok(piece !== undefined && 'values' in piece)
        assert.deepEqual(piece.values[0], {
          measurement: 'm',
          ...(tag === '' ? {} : { [`n${name}`]: tag }),
          s: value,
          d: number,
          ts: NANOS
        })
      })
    )
  })
})

function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
