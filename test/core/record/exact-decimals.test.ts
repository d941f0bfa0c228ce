import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { read, Writer } from '../../../core/node/samples/written.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { type ColumnType, ENCODERS, Out } from '../../../core/postgres/binary.ts'
import { cloneRecord } from '../../../core/record/clone-record.ts'
import { ExactDecimal } from '../../../core/record/exact-decimal.ts'
import { isExact, scaled } from '../../../core/record/exact-number.ts'
import { JSON_RULES } from '../../../core/record/json-text.ts'
import { jsonText } from '../../../core/record/json-write.ts'
import { ParseFailure, parseRecord, unfitness } from '../../../core/record/parse-record.ts'
import { reject } from '../../../core/record/record.ts'
import { compileTopicTemplate } from '../../../core/record/topic-template.ts'
import { keyReader } from '../../../nodes/enrich/logic.ts'
import { Encoder, Unwritable } from '../../../nodes/kafka-producer/logic.ts'
import { spec as producer } from '../../../nodes/kafka-producer/spec.ts'
import { normalizer } from '../../../nodes/normalize/logic.ts'
import { spec as normalize } from '../../../nodes/normalize/spec.ts'
import { OPERATORS } from '../../../nodes/route/operators.ts'
import { validator } from '../../../nodes/validate/logic.ts'
import { spec as validate } from '../../../nodes/validate/spec.ts'
import { readerOf, readerOptions } from '../format/reader-options.ts'

const DIGITS = '12345678901234567890.123'
const exactly = (text: string) =>
  parseRecord(Buffer.from(text), { ...JSON_RULES, exact: true }) as Record<string, unknown>

/** The bytes that a column gets, or the code of why it gets none. */
function column(type: ColumnType, value: unknown): string {
  const out = new Out()
  const misfit = ENCODERS[type](value, out)
  return misfit?.code ?? out.buffer.subarray(0, out.at).toString('hex')
}

describe('decimals of more digits than a double holds', () => {
  const beyond = [
    DIGITS,
    `-${DIGITS}`,
    '0.1234567890123456789',
    '9007199254740993.5',
    '123456789012345678901234567890.1e-3',
    '1e-400'
  ]
  for (const text of beyond)
    it(`${text} is refused by default, and kept where it is wanted exactly`, () => {
      const json = `{"device_id":"d","deep":[{"v":${text}}],"value":1}`
      const refused = parseRecord(Buffer.from(json))
      assert.ok(refused instanceof ParseFailure)
      assert.deepEqual([refused.code, refused.path], ['NUMBER_INEXACT', 'deep.0.v'])
      const record = exactly(json)
      assert.equal(jsonText(record), json)
      assert.equal(unfitness(record), undefined)
      assert.equal(jsonText(cloneRecord(record)), json)
    })

  it('what no column could hold is refused either way', () => {
    for (const text of [`0.${'1'.repeat(1000)}`, '1.00000000000000000001e-1001']) {
      const record: unknown = exactly(`{"v":${text}}`)
      assert.equal((record as ParseFailure).code, 'NUMBER_INEXACT', text.slice(0, 30))
    }
  })

  it('any number is read as written, or as the double that writes it', () => {
    const number = fc
      .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -60, max: 60 }))
      .map(([digits, power]) => scaled(digits, power))
    fc.assert(
      fc.property(number, text => {
        const written = jsonText(exactly(`{"v":${text}}`))!.slice(5, -1)
        if (isExact(text)) assert.equal(Number(written), Number(text))
        else assert.equal(written, text)
      })
    )
  })

  it('come to columns with all their digits, or with a code', () => {
    const { exact } = exactly(`{"exact":${DIGITS}}`)
    for (const type of ['numeric', 'text'] as const)
      assert.equal(column(type, exact), column(type, DIGITS), type)
    assert.equal(
      column('jsonb', { a: [exact] }),
      `0000002301${Buffer.from(`{"a":[${DIGITS}]}`).toString('hex')}`.replace(/^.{8}/, length =>
        (Buffer.byteLength(`{"a":[${DIGITS}]}`) + 1).toString(16).padStart(length.length, '0')
      )
    )
    assert.deepEqual(
      (['double precision', 'integer', 'bigint', 'timestamptz', 'boolean'] as const).map(type =>
        column(type, exact)
      ),
      ['COLUMN_RANGE', 'COLUMN_TYPE', 'COLUMN_TYPE', 'COLUMN_TIME', 'COLUMN_TYPE']
    )
  })

  it('come to the next topic as a value and as the key, and to its dead letter', () => {
    const encoder = new Encoder({
      ...parseOptions(producer, { cluster: 'c', topic: 't' }),
      provenance: false
    })
    const callback = { open: 0, refused: () => undefined, finished: () => undefined }
    const json = `{"device_id":${DIGITS},"deep":[${DIGITS}],"text":"${DIGITS}"}`
    const encoded = encoder.encode(exactly(json), {}, callback, 0)
    assert.ok(!(encoded instanceof Unwritable))
    assert.deepEqual([encoded.value, encoded.key], [json, DIGITS])
    const letter = encodeRejection(
      reject(exactly(json), 's', { code: 'ROW_REFUSED', message: 'm' })
    )
    assert.equal(String(letter.value), json)
  })

  it('are a device for enrich, a level of a topic and a number for route', () => {
    const record = exactly(`{"device_id":${DIGITS}}`)
    assert.equal(keyReader('device_id')(record), DIGITS)
    assert.equal(compileTopicTemplate('a/{device_id}').fill(record), `a/${DIGITS}`)
    assert.equal(OPERATORS.gt.test(1000, 0, [])(record.device_id), true)
    assert.equal(OPERATORS.lt.test(1000, 0, [])(record.device_id), false)
  })

  it('are a time for normalize to the nanosecond, text without loss, and no number', () => {
    const run = (options: object, record: object) =>
      normalizer(
        parseOptions(normalize, { pastDays: 0, futureS: 0, ...options }),
        () => 0
      )({ payload: record })
    const [[timed]] = run({}, exactly('{"ts":1708700000.123456789}'))
    assert.equal((timed as { ts_utc: string }).ts_utc, '2024-02-23T14:53:20.123456789Z')
    const row = (as: string) => ({ fields: [{ from: 'v', to: '', as }] })
    const [[text]] = run(row('text'), exactly(`{"ts":1708700000,"v":${DIGITS}}`))
    assert.equal((text as { v: string }).v, DIGITS)
    const [, [rejected]] = run(row('number'), exactly(`{"ts":1708700000,"v":${DIGITS}}`))
    assert.equal(rejected!.reason.code, 'NOT_A_NUMBER')
    assert.match(rejected!.reason.message, /more digits than a number holds/)
  })

  const schema = (properties: object, options: object = {}) =>
    validator(
      parseOptions(validate, { schema: JSON.stringify({ type: 'object', properties }), ...options })
    )

  it('are numbers for validate, and leave it with all their digits', () => {
    const record = exactly(`{"id":2882429806056571124,"v":[${DIGITS}]}`)
    const [valid] = schema({
      id: { type: 'integer', minimum: 1 },
      v: { type: 'array', items: { type: 'number', maximum: 1e20 } }
    })({ payload: record })
    assert.equal(valid[0], record)
    const [, [refused]] = schema({ id: { type: 'integer', maximum: 10 } })({ payload: record })
    assert.equal(refused!.reason.code, 'FIELD_VALUE')
    assert.equal(refused!.record, record)
    const [[converted]] = schema(
      { id: { type: 'string' }, v: { type: 'array' }, w: { type: 'number' } },
      { coerce: true }
    )({ payload: { ...record, w: '1.5' } })
    assert.equal(jsonText(converted), `{"id":"2882429806056571124","v":[${DIGITS}],"w":1.5}`)
  })

  it('pass through the previews of dialogs, and through what Node-RED copies with', () => {
    const record = exactly(`{"v":${DIGITS}}`)
    const written = new Writer(1000).write(record)
    assert.deepEqual(JSON.parse(JSON.stringify(written)), { v: { $decimal: DIGITS } })
    assert.equal(jsonText(read(written)), `{"v":${DIGITS}}`)
    assert.deepEqual(read({ $decimal: '1,5' }), { $decimal: '1,5' })
    const clone = createRequire(import.meta.url)('lodash.clonedeep') as <T>(value: T) => T
    assert.equal(jsonText(clone(record)), `{"v":${DIGITS}}`)
    // A node of somebody else that writes JSON gets a text instead of another number.
    assert.equal(JSON.stringify(record), `{"v":"${DIGITS}"}`)
  })

  const formats: [name: string, options: object, bytes: Buffer, path: string][] = [
    ['a bare value', { format: 'bare' }, Buffer.from(DIGITS), 'value'],
    [
      'line protocol',
      { format: 'line-protocol' },
      Buffer.from(`m v=${DIGITS} 1708700000000000000\n`),
      'v'
    ],
    ['JSON lines', { format: 'json-lines' }, Buffer.from(`{"v":${DIGITS}}\n`), 'v'],
    [
      'SenML',
      { format: 'senml-json' },
      Buffer.from(`[{"n":"a","t":1708700000,"v":${DIGITS}}]`),
      'value'
    ],
    [
      'a decimal of Avro',
      {
        format: 'avro',
        schema: JSON.stringify({
          type: 'record',
          name: 'R',
          fields: [{ name: 'v', type: { type: 'bytes', logicalType: 'decimal', scale: 3 } }]
        })
      },
      avroDecimal(),
      'v'
    ],
    ['a decimal fraction of CBOR', { format: 'cbor' }, cborDecimal(), 'v']
  ]
  for (const [name, options, bytes, path] of formats)
    it(`${name}: refused by default, kept where it is wanted exactly`, async () => {
      const read = async (exact: boolean) => {
        const reader = await readerOf(readerOptions({ ...options, exact }))
        return reader.read(bytes, { arrivedMs: 0 })[0]!.record
      }
      assert.equal(((await read(false)) as ParseFailure).code, 'NUMBER_INEXACT')
      const kept = ((await read(true)) as Record<string, unknown>)[path]
      assert.ok(kept instanceof ExactDecimal)
      assert.equal(String(kept), DIGITS)
    })
})

function avroDecimal(): Buffer {
  const digits = BigInt(DIGITS.replace('.', ''))
  const bytes = Buffer.from(digits.toString(16).padStart(20, '0'), 'hex')
  return Buffer.concat([Buffer.from([bytes.length * 2]), bytes])
}

/** Tag 4: the power of ten, and the digits as a big number (tag 2). */
function cborDecimal(): Buffer {
  const hex = BigInt(DIGITS.replace('.', '')).toString(16)
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([
    Buffer.from([0xa1, 0x61, 0x76, 0xc4, 0x82, 0x22, 0xc2, 0x40 + digits.length]),
    digits
  ])
}
