import assert from 'node:assert/strict'
import { formatDefaults } from '../../../core/format/fields.ts'
import { registeredReader } from '../../../core/format/reader.ts'
import { ExactDecimal } from '../../../core/record/exact-decimal.ts'
import { jsonText } from '../../../core/record/json-write.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { recordWriter } from '../../../core/registry/record-writer.ts'
import type { RegisteredSchema, SchemaKind } from '../../../core/registry/schemas.ts'

const schemaOf = (kind: SchemaKind, text: string | object): RegisteredSchema => ({
  kind,
  text: typeof text === 'string' ? text : JSON.stringify(text),
  references: []
})

function written(schema: RegisteredSchema, record: unknown, more: object = {}): Buffer | string {
  const options = { messageType: '', extra: 'reject', ...more } as const
  const value = recordWriter(7, schema, options)(record)
  return Buffer.isBuffer(value) ? value : `${value.code} ${value.path ?? ''}: ${value.message}`
}

/** What is read again of what was written. */
async function again(schema: RegisteredSchema, record: unknown, more: object = {}) {
  const bytes = written(schema, record, more)
  if (typeof bytes === 'string') return bytes
  const reader = await registeredReader(formatDefaults({ exact: true }), { known: () => schema })
  const [item] = reader.read(bytes, { arrivedMs: 0 })
  const found = item!.record
  return found instanceof ParseFailure ? found.message : JSON.parse(jsonText(found)!)
}

const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more })
const avro = (...fields: object[]) => schemaOf('AVRO', { type: 'record', name: 'R', fields })
const logical = (type: string, logicalType: string, more: object = {}) => ({
  type,
  logicalType,
  ...more
})

const AVRO = avro(
  field('device_id', 'string'),
  field('count', 'long'),
  field('value', ['null', 'double'], { default: null }),
  field('price', logical('bytes', 'decimal', { precision: 12, scale: 3 })),
  field('unit', { type: 'enum', name: 'Unit', symbols: ['C', 'F'] }),
  field('raw', 'bytes'),
  field('at', logical('long', 'timestamp-micros')),
  field('ms', logical('long', 'timestamp-millis')),
  field('day', logical('int', 'date')),
  field('clock', logical('int', 'time-millis')),
  field('id', { ...logical('fixed', 'uuid'), name: 'Id', size: 16 }),
  field('tags', { type: 'map', values: 'string' }),
  field('list', { type: 'array', items: ['null', 'int', 'string'] }),
  field('source', 'string', { default: 'plant' })
)
const READING = {
  device_id: 'd1',
  count: 9_007_199_254_740_993n,
  value: 21.7,
  price: new ExactDecimal('-123456789.125'),
  unit: 'F',
  raw: Buffer.from('ab'),
  at: '2024-02-23T15:20:00.123456+01:00',
  ms: 1_708_700_000_123,
  day: '2024-02-23',
  clock: '15:20:00.5',
  id: '12345678-9abc-def0-1234-56789abcdef0',
  tags: { a: 'ä', b: '' },
  list: [null, 5, 'x', -1]
}

const PROTO = schemaOf(
  'PROTOBUF',
  `syntax = "proto3"; package plant;
   import "google/protobuf/timestamp.proto"; import "google/protobuf/struct.proto";
   import "google/protobuf/wrappers.proto";
   enum Mode { IDLE = 0; RUN = 2; }
   message Other { int32 x = 1; }
   message Reading {
     message Part { string name = 1; repeated sint64 steps = 2; }
     string device_id = 1; uint64 count = 2; optional double value = 3; Mode mode = 4;
     google.protobuf.Timestamp at = 5; map<int32, Part> parts = 6; bytes raw = 7;
     oneof kind { string text = 8; sfixed64 number = 9; } google.protobuf.Value any = 10;
     google.protobuf.Int64Value wide = 11; repeated string names = 12; float near = 13; bool on = 14;
   }`
)
const MESSAGE = {
  device_id: 'd1',
  count: 18_446_744_073_709_551_615n,
  value: 0,
  mode: 'RUN',
  at: '1969-12-31T23:59:59.25Z',
  parts: { '-1': { name: 'x', steps: [-1, '9007199254740993'] } },
  raw: 'AQI=',
  number: -5n,
  any: { a: [1, null, { b: 'x' }] },
  wide: '-9223372036854775808',
  names: ['a', ''],
  near: 0.5,
  on: false
}

const LONG = /^NUMBER_INEXACT v: v must be a whole number that 32 bits hold, .*16777217/

describe('core/registry: records written by a schema', () => {
  it('rounds a float only where it has a fraction', async () => {
    const schema = avro(field('v', 'float'))
    for (const v of [2 ** 24 + 2, -(2 ** 24), 0.5])
      assert.deepEqual(await again(schema, { v }), { v })
    const near = (await again(schema, { v: 16_777_217.1 })) as { v: number }
    assert.equal(Math.fround(near.v), Math.fround(16_777_217.1))
  })

  it('writes Avro that is read again, with all digits, times and bytes', async () => {
    assert.deepEqual(await again(AVRO, READING), {
      ...READING,
      count: Number(READING.count),
      price: -123456789.125,
      raw: 'YWI=',
      at: '2024-02-23T14:20:00.123456Z',
      ms: '2024-02-23T14:53:20.123Z',
      source: 'plant'
    })
    assert.match(String(jsonText(READING)), /9007199254740993/)
  })

  it('writes Protobuf that is read again, by the place of its type', async () => {
    const type = { messageType: 'plant.Reading' }
    const bytes = written(PROTO, MESSAGE, type) as Buffer
    assert.equal(typeof bytes, 'object', String(bytes))
    assert.deepEqual([...bytes.subarray(0, 7)], [0, 0, 0, 0, 7, 2, 2])
    const found = await again(PROTO, MESSAGE, type)
    assert.deepEqual(found, {
      ...MESSAGE,
      count: Number(MESSAGE.count),
      parts: { '-1': { name: 'x', steps: [-1, 9007199254740992] } },
      number: -5,
      wide: Number(MESSAGE.wide)
    })
    assert.equal(((await again(PROTO, { x: 3 })) as { x: number }).x, 3)
    assert.equal(written(PROTO, { x: 3 }).length, 5 + 1 + 2)
  })

  it('writes JSON as it is, once it is valid', () => {
    const schema = schemaOf('JSON', {
      properties: { v: { type: 'integer' }, of: { $ref: 'unit.json' } }
    })
    const references = [{ name: 'unit.json', text: '{"enum":["C","F"]}' }]
    const whole = { ...schema, references }
    const bytes = written(whole, { v: 9_007_199_254_740_993n, of: 'C' })
    assert.equal(bytes.toString('latin1', 5), '{"v":9007199254740993,"of":"C"}')
    assert.match(String(written(whole, { v: 1, of: 'K' })), /^FIELD_VALUE of: of must be one of/)
    assert.match(
      String(written(schemaOf('JSON', { required: ['v'] }), {})),
      /^FIELD_MISSING v: v is/
    )
  })

  for (const [what, schema, record, expected] of [
    ['a field that is missing', avro(field('v', 'int')), {}, /^FIELD_MISSING v: v is missing\.$/],
    [
      'a text for a number',
      avro(field('v', 'int')),
      { v: 'x' },
      /^FIELD_TYPE v: v must be a whole/
    ],
    [
      'too large',
      avro(field('v', 'int')),
      { v: 2 ** 31 },
      /^FIELD_VALUE v: .* 32 bits.*2147483648/
    ],
    ['more than 64 bits', avro(field('v', 'long')), { v: 2n ** 63n }, /^FIELD_VALUE v/],
    ['half a number', avro(field('v', 'long')), { v: 1.5 }, /^FIELD_TYPE v: .*1\.5/],
    [
      'digits that no double holds',
      avro(field('v', 'double')),
      { v: 2n ** 63n + 1n },
      /^NUMBER_INEX/
    ],
    ['a whole number that a float rounds', avro(field('v', 'float')), { v: 2 ** 24 + 1 }, LONG],
    ['the same in Protobuf', PROTO, { near: 2 ** 24 + 1 }, /^NUMBER_INEXACT near: .*16777217/],
    [
      'another word',
      avro(field('v', { type: 'enum', name: 'E', symbols: ['C'] })),
      { v: 'K' },
      /^FIELD_VALUE v: v must be one of C, but it is the text "K"\.$/
    ],
    [
      'a field too many',
      avro(field('v', 'int')),
      { v: 1, w: 2 },
      /^FIELD_UNEXPECTED w: w is no field/
    ],
    ['what is no base64', avro(field('v', 'bytes')), { v: 'ä!' }, /^FIELD_TYPE v: .*base64/],
    [
      'too fine a time',
      avro(field('v', logical('long', 'timestamp-millis'))),
      { v: '2024-02-23T15:20:00.0001Z' },
      /^FIELD_VALUE v: .*whole millis/
    ],
    [
      'a time without a zone',
      avro(field('v', logical('long', 'timestamp-millis'))),
      { v: '2024-02-23T15:20:00' },
      /^FIELD_VALUE v: .*with a zone/
    ],
    [
      'too many decimals',
      avro(field('v', logical('bytes', 'decimal', { precision: 4, scale: 1 }))),
      { v: '1.25' },
      /^FIELD_VALUE v: .*1 decimals at most/
    ],
    [
      'too many digits',
      avro(field('v', logical('bytes', 'decimal', { precision: 4, scale: 1 }))),
      { v: 10_000 },
      /^FIELD_VALUE v: .*4 digits at most/
    ],
    [
      'deep in a list',
      avro(field('l', { type: 'array', items: 'int' })),
      { l: [1, null] },
      /^FIELD_TYPE l\.1: l\.1 must be a whole number, but it is null/
    ],
    [
      'in a union',
      avro(field('v', ['null', { type: 'record', name: 'I', fields: [field('x', 'int')] }])),
      { v: { x: 'y' } },
      /^FIELD_TYPE v\.x/
    ],
    [
      'of none of a union',
      avro(field('v', ['null', 'int', 'boolean'])),
      { v: 'x' },
      /^FIELD_TYPE v: v must be of one of the types/
    ],
    ['half of a character', avro(field('v', 'string')), { v: '\ud800' }, /^FIELD_VALUE v/],
    ['no record', avro(field('v', 'int')), 'text', /^NOT_A_RECORD/],
    ['an inherited name', avro(field('constructor', 'string')), {}, /^FIELD_MISSING constructor/],
    ['two of one', PROTO, { text: 'a', number: 1 }, /^FIELD_UNEXPECTED text: .*beside number/],
    ['a time as a number', PROTO, { at: 5 }, /^FIELD_VALUE at: at must be an ISO 8601 time/],
    [
      'a negative one',
      PROTO,
      { count: -1 },
      /^FIELD_VALUE count: .*from 0 to 18446744073709551615/
    ],
    ['an unknown mode', PROTO, { mode: 'X' }, /^FIELD_VALUE mode: .*IDLE, RUN/],
    ['a message that is none', PROTO, { parts: { 1: 5 } }, /^FIELD_TYPE parts\.1: .*an object/],
    ['a key that is none', PROTO, { parts: { x: {} } }, /^FIELD_TYPE parts\.x: /],
    ['a field that nobody knows', PROTO, { y: 1 }, /^FIELD_UNEXPECTED y/]
  ] as const)
    it(`refuses by the name of its field: ${what}`, () => {
      const type = schema === PROTO ? { messageType: 'Reading' } : {}
      assert.match(String(written(schema, record, type)), expected)
    })

  it('leaves out what the schema does not have, where it was told so', async () => {
    const more = { extra: 'leave-out' }
    assert.deepEqual(await again(avro(field('v', 'int')), { v: 1, w: 2 }, more), { v: 1 })
    assert.deepEqual(await again(PROTO, { x: 1, w: 2 }, more), { x: 1 })
  })

  it('chooses the type of a union that a value is of', async () => {
    const types = ['null', 'int', 'double', logical('long', 'timestamp-millis'), 'string', 'bytes']
    const schema = avro(field('v', { type: 'array', items: types }))
    const v = [null, 5, 5.5, '2024-02-23T15:20:00Z', 'hello', 3_000_000_000]
    assert.deepEqual(await again(schema, { v: [...v, Buffer.from('a')] }), { v: [...v, 'YQ=='] })
  })

  it('gives up on a record that has to be tried in too many ways', () => {
    const node = { type: 'record', name: 'A', fields: [field('n', ['A', 'B', 'null'])] }
    const other = { type: 'record', name: 'B', fields: [field('n', ['A', 'B', 'null'])] }
    const schema = { ...schemaOf('AVRO', node), references: [{ name: 'x', text: '"int"' }] }
    const text = JSON.stringify({ ...node, fields: [field('n', ['A', other, 'null'])] })
    let deep: object = { n: 'no' }
    for (let level = 0; level < 40; level++) deep = { n: deep }
    const began = performance.now()
    assert.match(String(written({ ...schema, text }, deep)), /^SCHEMA_TOO_COSTLY/)
    assert.ok(performance.now() - began < 2_000)
  })

  it('says of a schema that it cannot be used, and of a message type that is not there', () => {
    const by = (schema: RegisteredSchema, messageType = '') =>
      recordWriter(1, schema, { messageType, extra: 'reject' })
    assert.throws(() => by(schemaOf('AVRO', '{')), /not JSON/)
    assert.throws(() => by(PROTO, 'Nothing'), /plant\.Other, plant\.Reading, plant\.Reading\.Part/)
    assert.throws(() => by(schemaOf('JSON', '{"type":5}')), /type/)
  })
})
