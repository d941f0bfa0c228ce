import assert from 'node:assert/strict'
import { reshaped } from '../nodes/reshape/reshape-of.ts'
import { column, ingested, normalized, validated, written } from './way.ts'

const reading = (fields: string) => `{"metric":"t","value":1,"ts":1708700000,${fields}}`

describe('cases: numbers that a double would change', () => {
  const beyond = [
    ['id-64-bit-number', '"device_id":2882429806056571124'],
    ['id-64-bit-number', '"device_id":2882429806056571125'],
    ['clean-topic-64-bit', '"serial":1724442618569203714'],
    ['the first that is no double', '"id":9007199254740993'],
    ['a negative one', '"id":-9007199254740993'],
    ['the largest of 64 bits', '"id":9223372036854775807'],
    ['the largest unsigned of 64 bits', '"id":18446744073709551615'],
    ['128 bits', '"id":340282366920938463463374607431768211455'],
    ['inside objects and lists', '"a":[{"b":[2882429806056571124]}]'],
    ['exact-decimal-column', '"exact":12345678901234567890.123'],
    ['a decimal of a coin', '"wei":0.123456789012345678'],
    ['close to zero', '"x":1e-400'],
    ['a power of ten', '"x":12345678901234567890.5e-10']
  ]
  for (const [name, fields] of beyond) {
    it(`${name}: ${fields} is refused, or comes to the next topic as it is`, () => {
      assert.equal(ingested(reading(fields!)), 'NUMBER_INEXACT')
      const exact = ingested(reading(fields!), { exact: true })
      assert.equal(written(exact), reading(fields!))
      const { ts_utc, ...clean } = normalized(exact as Record<string, unknown>) as Record<
        string,
        unknown
      >
      assert.equal(written(clean), reading(fields!))
    })
  }

  it('in UTF-16, whose digits do not stand side by side, they are looked at as well', () => {
    const wide = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')
    assert.equal(ingested(wide('{"id":2882429806056571124}')), 'NUMBER_INEXACT')
    assert.deepEqual(ingested(wide('{"id":"ä","v":1.5}')), { id: 'ä', v: 1.5 })
  })

  for (const text of ['9007199254740991', '1e21', '0.1', '21.300000000000001', '-0.0', '1.50'])
    it(`${text} is a double, and read as one`, () =>
      assert.deepEqual(ingested(`{"value":${text}}`), { value: Number(text) }))

  it('exact-decimal-column: a column of the type exact decimal gets every digit', () => {
    const { exact } = ingested(reading('"exact":12345678901234567890.123'), {
      exact: true
    }) as Record<string, unknown>
    assert.equal(column('numeric', exact), column('numeric', '12345678901234567890.123'))
    assert.equal(column('double precision', exact), 'COLUMN_RANGE')
  })

  const texts: [name: string, as: string, value: string, expected: unknown][] = [
    ['convert-20-digits', 'number', '12345678901234567890', 'NOT_A_NUMBER'],
    ['2^53 + 1', 'number', '9007199254740993', 'NOT_A_NUMBER'],
    ['a long decimal', 'number', '0.1234567890123456789', 'NOT_A_NUMBER'],
    ['with a decimal comma', 'decimal-comma', '12.345.678.901.234.567.890', 'NOT_A_NUMBER'],
    ['too large for a double', 'number', '1e400', 'NOT_A_NUMBER'],
    ['a double', 'number', '1234567890123456', 1234567890123456],
    ['a double printed long', 'number', '21.300000000000001', 21.3]
  ]
  for (const [name, as, value, expected] of texts) {
    it(`${name}: the text "${value}" as a number`, async () => {
      const fields = [{ from: 'value', to: '', as }]
      const outcome = normalized({ value, ts: 1708700000 }, { fields })
      assert.equal(typeof outcome === 'string' ? outcome : outcome.value, expected)
      const values = [{ metric: '*', action: as, by: '' }]
      const { rows, rejected } = await reshaped({ mode: 'keep', values }, { value, ts: 1 })
      assert.equal(rejected[0]?.reason.code ?? rows[0]!.value, expected)
    })
  }
})

describe('cases: a decimal comma with a grouping point', () => {
  const texts: [text: string, expected: unknown][] = [
    ['1.234', 1234],
    ['1.234,5', 1234.5],
    ['1.234.567,89', 1234567.89],
    ['12.345.678', 12345678],
    ['0,5', 0.5],
    ['-1.234,5', -1234.5],
    ['1234,5', 1234.5],
    ['1 234,5', 1234.5],
    ['1\u202f234,5', 1234.5],
    ["1'234,5", 1234.5],
    ['21.5', 'NOT_A_NUMBER'],
    ['1.23', 'NOT_A_NUMBER'],
    ['1.2345', 'NOT_A_NUMBER'],
    ['1,234.5', 'NOT_A_NUMBER'],
    ['1.234.5', 'NOT_A_NUMBER'],
    ['0.123', 'NOT_A_NUMBER'],
    ['1,2,3', 'NOT_A_NUMBER']
  ]
  for (const [value, expected] of texts) {
    it(`decimal-comma-grouping, decimal-comma-both: "${value}" is ${expected}`, async () => {
      const fields = [{ from: 'value', to: '', as: 'decimal-comma' }]
      const outcome = normalized({ value, ts: 1708700000 }, { fields })
      assert.equal(typeof outcome === 'string' ? outcome : outcome.value, expected)
      const values = [{ metric: '*', action: 'decimal-comma', by: '' }]
      const { rows, rejected } = await reshaped({ mode: 'keep', values }, { value, ts: 1 })
      assert.equal(rejected[0]?.reason.code ?? rows[0]!.value, expected)
    })
  }
})

describe('cases: converted values that JSON cannot hold', () => {
  for (const value of ['1e400', 'Infinity', '-Infinity', '-1e400', 'NaN', `1${'0'.repeat(400)}`]) {
    it(`coerce-infinity: "${value.slice(0, 20)}" is no number, wherever it stands`, () => {
      const number = { type: 'number' }
      assert.equal(validated({ value: number }, { value }, { coerce: true }), 'FIELD_TYPE')
      const nested = { a: { type: 'array', items: number } }
      assert.equal(validated(nested, { a: ['1', value] }, { coerce: true }), 'FIELD_TYPE')
      const either = { value: { type: ['integer', 'number'] } }
      assert.equal(validated(either, { value }, { coerce: true }), 'FIELD_TYPE')
    })
  }

  it('what a double holds is converted', () => {
    const number = { value: { type: 'number' } }
    assert.deepEqual(validated(number, { value: '1e30' }, { coerce: true }), { value: 1e30 })
  })
})

describe('cases: convert types changes no number', () => {
  const types = {
    value: { type: 'number' },
    deep: { items: { properties: { 'a.b': { type: 'integer' } } } }
  }
  for (const text of [
    '9007199254740993',
    '-12345678901234567890',
    '0.1234567890123456789',
    '1e-400'
  ])
    it(`coerce-infinity, convert-20-digits: "${text}" is refused`, () => {
      assert.equal(validated(types, { value: text }, { coerce: true }), 'FIELD_TYPE')
      const deep = [{ 'a.b': 1 }, { 'a.b': '9007199254740993' }]
      assert.equal(validated(types, { deep }, { coerce: true }), 'FIELD_TYPE')
    })
  it('"1234567890123456" is a number', () =>
    assert.deepEqual(validated(types, { value: '1234567890123456' }, { coerce: true }), {
      value: 1234567890123456
    }))
})
