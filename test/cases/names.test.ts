import assert from 'node:assert/strict'
import { rowsOf } from '../nodes/reshape/reshape-of.ts'
import { ingested, normalized, validated, written } from './way.ts'

const INHERITED = [
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  '__defineGetter__',
  '__lookupSetter__'
]

describe('cases: what every object inherits is no field of a record', () => {
  for (const name of INHERITED) {
    it(`required-constructor: ${name} is missing where it is required`, () => {
      assert.equal(validated({}, { a: 1 }, { required: [name] }), 'FIELD_MISSING')
      const there = { [name]: 'x' }
      assert.deepEqual(validated({}, there, { required: [name] }), there)
    })
    it(`property-to-string: ${name} is not checked where it is not there`, () => {
      for (const coerce of [false, true])
        assert.deepEqual(validated({ [name]: { type: 'string' } }, { a: 1 }, { coerce }), { a: 1 })
      assert.equal(validated({ [name]: { type: 'number' } }, { [name]: 'x' }), 'FIELD_TYPE')
    })
  }
})

describe('cases: harmless names are ordinary fields', () => {
  for (const name of [...INHERITED, 'prototype']) {
    it(`key-named-constructor: ${name} is stored like any other field`, () => {
      const text = `{"device_id":"car-7","value":81.2,"ts":1708700000,"${name}":"team-x"}`
      const record = ingested(text)
      assert.equal(written(record), text)
      const { ts_utc, ...clean } = normalized(record as Record<string, unknown>) as Record<
        string,
        unknown
      >
      assert.equal(written(clean), text)
    })
  }

  for (const text of ['{"__proto__":{"a":1}}', '{"a":[{"__proto__":1}]}'])
    it(`${text} could change other objects`, () => assert.equal(ingested(text), 'KEY_FORBIDDEN'))
})

describe('cases: fields whose names have dots, brackets and quotes', () => {
  const names: [name: string, path: string][] = [
    ['PM2.5', 'VINDRIKTNING["PM2.5"]'],
    ['PM2.5', 'VINDRIKTNING.PM2\\.5'],
    ['battery.voltage', 'VINDRIKTNING["battery.voltage"]'],
    ['a[0]', 'VINDRIKTNING.a[0]'],
    ['a]b', 'VINDRIKTNING.a]b'],
    ['say "x.y"', 'VINDRIKTNING["say \\"x.y\\""]'],
    ['', 'VINDRIKTNING[""]'],
    ['.', 'VINDRIKTNING["."]']
  ]
  for (const [name, path] of names.filter(([field]) => field !== '')) {
    it(`key-pm25: ${name} is read by ${path}`, async () => {
      const record = { Time: '2023-12-02T14:20:52Z', VINDRIKTNING: { [name]: 5 } }
      const fields = [{ from: path, to: 'value', as: 'number' }]
      const outcome = normalized(record, { field: 'Time', fields }) as Record<string, unknown>
      assert.equal(outcome.value, 5)
      const settings = { which: 'only', names: [{ field: path, metric: 'm' }], keep: [] }
      assert.deepEqual(await rowsOf(settings, record), [[undefined, undefined, 'm', 5]])
    })
  }
})

describe('cases: a key that stands twice', () => {
  const twice = [
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":[{"d":1,"e":2,"d":1}]}}',
    '{"a":1,"\\u0061":2}',
    '{"a" : 1 ,\n"a"\t:2}',
    '{"say \\"x\\":":1,"b":1,"b":2}',
    '{"":1,"":2}',
    '{"constructor":1,"constructor":2}'
  ]
  for (const text of twice)
    it(`${text}: neither of the values is lost silently`, () =>
      assert.equal(ingested(text), 'KEY_REPEATED'))

  const once = [
    '{"a":"b","b":"a\\":1","c":{"a":1}}',
    '{"a":[{"a":1},{"a":2}],"t":"12:30:00","x":"\\"a\\" : 1"}',
    '{"a" :1, "b"  : {"a" : [1, "a", "a"]}}'
  ]
  for (const text of once)
    it(`${text}: each stands once in its object`, () =>
      assert.deepEqual(ingested(text), JSON.parse(text)))
})
