import assert from 'node:assert/strict'
import { encode as encodeMsgpack } from '@msgpack/msgpack'
import { encode as encodeCbor } from 'cborg'
import type { ReaderOptions } from '../../../core/format/reader.ts'
import type { Item } from '../../../core/format/records-at.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { parseRecord, unfitness } from '../../../core/record/parse-record.ts'
import { threadMs } from '../../thread-time.ts'
import { varint } from './long-payloads.ts'
import { readerOf, readerOptions } from './reader-options.ts'

type Options = Partial<ReaderOptions>

const LIMIT = 10_000
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const wide = (fields: number) => Object.fromEntries(numbers(fields).map(n => [`f${n}`, n]))
const text = (value: unknown) => Buffer.from(JSON.stringify(value))
const binary: Readonly<Record<string, (value: unknown) => Buffer>> = {
  json: text,
  msgpack: value => Buffer.from(encodeMsgpack(value)),
  cbor: value => Buffer.from(encodeCbor(value))
}

async function itemsOf(options: Options, bytes: Buffer): Promise<Item[]> {
  const reader = await readerOf(readerOptions(options))
  return [...reader.pieces(bytes, { arrivedMs: 0 })].flatMap(({ values }) => values)
}
const shown = ({ record }: Item) =>
  record instanceof ParseFailure ? record.code : Object.keys(record).length

const PROTO = `syntax = "proto3";
message R { string id = 1; map<string, int32> values = 2; repeated E each = 3; }
message E { ${numbers(100)
  .map(n => `int32 f${n} = ${n + 1};`)
  .join(' ')} }`
const AVRO = JSON.stringify({
  type: 'record',
  name: 'R',
  fields: [{ name: 'values', type: { type: 'map', values: 'int' } }]
})

const proto = (fields: number) =>
  Buffer.concat(
    numbers(fields).map(n => {
      const key = Buffer.from(`f${n}`)
      const entry = Buffer.concat([Buffer.from([0x0a, key.length]), key, Buffer.from([0x10, 7])])
      return Buffer.concat([Buffer.from([0x12, entry.length]), entry])
    })
  )
const avroText = (value: string) => Buffer.concat([varint(value.length * 2), Buffer.from(value)])
const avro = (fields: number) =>
  Buffer.concat([
    varint(fields * 2),
    ...numbers(fields).map(n => Buffer.concat([avroText(`f${n}`), Buffer.from([14])])),
    Buffer.from([0])
  ])

/** A payload of one record with so many fields, which may have been put one into another. */
const ONE: readonly (readonly [
  name: string,
  options: Options,
  bytes: (fields: number) => Buffer,
  more?: number
])[] = [
  ['JSON', {}, fields => text(wide(fields))],
  ['JSON, nested', {}, fields => text({ a: { b: [wide(fields - 3)] } }), 0],
  ['JSON lines', { format: 'json-lines' }, fields => text(wide(fields))],
  ['JSON values', { format: 'json-sequence' }, fields => text(wide(fields))],
  [
    'CSV',
    { format: 'csv' },
    fields =>
      Buffer.from([numbers(fields).map(n => `f${n}`), numbers(fields)].map(String).join('\n'))
  ],
  [
    'line protocol',
    { format: 'line-protocol' },
    fields => Buffer.from(`m ${numbers(fields - 1).map(n => `f${n}=${n}`)}`)
  ],
  ['MessagePack', { format: 'msgpack' }, fields => binary.msgpack!(wide(fields))],
  ['CBOR', { format: 'cbor' }, fields => binary.cbor!(wide(fields))],
  [
    'Protobuf',
    { format: 'protobuf', schema: PROTO, messageType: 'R' },
    fields => proto(fields - 2),
    0
  ],
  ['Avro', { format: 'avro', schema: AVRO }, fields => avro(fields - 1), 0]
]

describe('a record of very many fields', function () {
  this.timeout(60_000)

  for (const [name, options, bytesOf] of ONE) {
    it(`in ${name}: is taken up to the limit, and rejected beyond`, async () => {
      const [taken] = await itemsOf(options, bytesOf(LIMIT))
      assert.equal(typeof shown(taken!), 'number', String((taken!.record as ParseFailure).message))
      for (const fields of [LIMIT + 1, 5 * LIMIT])
        for (const item of await itemsOf(options, bytesOf(fields)))
          assert.equal(shown(item), 'RECORD_TOO_WIDE')
    })
  }

  it('is taken up to another limit', async () => {
    assert.deepEqual(
      (await itemsOf({ maxFields: 20_000 }, text(wide(20_000)))).map(shown),
      [20_000]
    )
    const rules = { trailingNuls: 'cut', nanAsNull: false, exact: false, maxFields: 7 } as const
    assert.ok(!(parseRecord(text(wide(7)), rules) instanceof ParseFailure))
    assert.equal((parseRecord(text(wide(8)), rules) as ParseFailure).code, 'RECORD_TOO_WIDE')
  })

  it('is told to allow more only where there is such a setting', () => {
    const told = (failure: unknown) => (failure as ParseFailure).message
    const rules = { trailingNuls: 'cut', nanAsNull: false, exact: false } as const
    for (const [maxFields, isSetting] of [
      [10_000, true],
      [20_000, false]
    ] as const) {
      const message = told(parseRecord(text(wide(30_000)), { ...rules, maxFields }))
      assert.match(message, new RegExp(`more than ${maxFields} fields`))
      assert.equal(message.includes('"Fields of a record"'), isSetting, message)
    }
    const inFlow = told(unfitness(wide(30_000)))
    assert.match(inFlow, /more than 25000 fields .*: no node takes more, so it is to be sent/)
  })

  it('ten elements of a list count as one', async () => {
    for (const format of ['json', 'msgpack', 'cbor'] as const) {
      const list = (length: number) => binary[format]!({ v: numbers(length) })
      assert.deepEqual((await itemsOf({ format }, list(99_990))).map(shown), [1])
      assert.deepEqual((await itemsOf({ format }, list(100_000))).map(shown), ['RECORD_TOO_WIDE'])
    }
  })

  it('is told from a list, which is no record however short', async () => {
    for (const format of ['json', 'msgpack', 'cbor'] as const)
      for (const records of [1000, 30_000]) {
        const list = numbers(records).map(n => ({ device_id: `d${n}`, value: n }))
        const found = await itemsOf({ format }, binary[format]!(list))
        assert.deepEqual(found.map(shown), ['NOT_A_RECORD'])
        const rules = { trailingNuls: 'cut', nanAsNull: false, exact: false } as const
        if (format !== 'json') continue
        assert.equal((parseRecord(text(list), rules) as ParseFailure).code, 'NOT_A_RECORD')
      }
  })

  it('is rejected alone, wherever it stands among others', async () => {
    for (const format of ['json', 'msgpack', 'cbor'] as const)
      for (const fields of [LIMIT + 1, 25_000]) {
        const others = numbers(500).map(n => ({ n }))
        const list = [...others, wide(fields), ...others]
        const listed = await itemsOf({ format, at: 'list' }, binary[format]!(list))
        assert.deepEqual(
          listed.map(shown),
          list.map(each => ('f1' in each ? 'RECORD_TOO_WIDE' : 1))
        )
        assert.equal(listed[500]!.place, '500')
        const object = { a: { v: 1 }, b: wide(fields), c: [{ v: 2 }, wide(fields), { v: 3 }] }
        const path = { format, at: 'object', path: 'in.values', around: false } as const
        const found = await itemsOf(path, binary[format]!({ in: { values: object } }))
        assert.deepEqual(found.map(shown), [2, 'RECORD_TOO_WIDE', 2, 'RECORD_TOO_WIDE', 2])
        assert.equal(found[3]!.place, 'in.values.c.1')
      }
    const lines = [{ n: 1 }, wide(25_000), { n: 2 }].map(each => JSON.stringify(each)).join('\n')
    const read = await itemsOf({ format: 'json-lines' }, Buffer.from(lines))
    assert.deepEqual(read.map(shown), [1, 'RECORD_TOO_WIDE', 1])
    const points = `m a=1\nm ${numbers(25_000).map(n => `f${n}=${n}`)}\nm a=2`
    const found = await itemsOf({ format: 'line-protocol' }, Buffer.from(points))
    assert.deepEqual(found.map(shown), [2, 'RECORD_TOO_WIDE', 2])
    const csv = `a,b\n1,2\n${'7,'.repeat(100_000)}\n3,4\n`
    const rows = await itemsOf({ format: 'csv' }, Buffer.from(csv))
    assert.deepEqual(rows.map(shown), [2, 'RECORD_TOO_WIDE', 2])
  })

  it('what stands beside the records counts for each of them', async () => {
    for (const format of ['json', 'msgpack', 'cbor'] as const)
      for (const at of ['list', 'object'] as const) {
        const values = at === 'list' ? numbers(5000).map(n => ({ n })) : wide(5000)
        const bytes = binary[format]!({ values, ...wide(25_000) })
        const found = await itemsOf({ format, at, path: 'values' }, bytes)
        assert.ok(found.length > 0)
        for (const item of found)
          assert.ok(['RECORD_TOO_WIDE', 'PAYLOAD_TOO_LARGE'].includes(String(shown(item))))
      }
  })
})

describe('what one payload may make of its bytes', function () {
  this.timeout(120_000)
  /** In the long form a million. */
  const LONG = process.env.MILLRACE_CRASH ? 1_000_000 : 120_000
  const keys = (count: number) => wide(count)
  const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const protobuf = { format: 'protobuf', schema: PROTO, messageType: 'R' } as const
  const payloads: readonly (readonly [name: string, options: Options, bytes: () => Buffer])[] = [
    ['JSON of 1 MB, one record', {}, () => text(keys(100_000))],
    ['longer JSON, one record', {}, () => text(keys(LONG))],
    ['JSON just below what is read in steps', {}, () => text(keys(25_000))],
    [
      'JSON with a number of 20 digits',
      {},
      () => Buffer.from(`{"n":12345678901234567890,${JSON.stringify(keys(25_000)).slice(1)}`)
    ],
    ['JSON of lists', {}, () => Buffer.from(`{"a":[${'[],'.repeat(300_000)}[]]}`)],
    ['JSON of numbers', {}, () => Buffer.from(`{"a":[${'1,'.repeat(500_000)}1]}`)],
    [
      'JSON of nests',
      { at: 'list' },
      () =>
        Buffer.from(
          `[${numbers(3000)
            .map(() => nested(63))
            .join(',')}]`
        )
    ],
    [
      'a wide element of JSON',
      { at: 'list' },
      () => Buffer.from(`[{"v":1},${JSON.stringify(keys(LONG))},{"v":2}]`)
    ],
    ['very many values of an object in JSON', { at: 'object' }, () => text(keys(LONG))],
    [
      'very many values of an object in CBOR',
      { format: 'cbor', at: 'object' },
      () => binary.cbor!(keys(LONG))
    ],
    ['MessagePack', { format: 'msgpack' }, () => binary.msgpack!(keys(LONG))],
    [
      'a wide element of CBOR',
      { format: 'cbor', at: 'list' },
      () => binary.cbor!([1, keys(LONG), 2])
    ],
    [
      'short MessagePack of nothing else',
      { format: 'msgpack', at: 'list' },
      () => binary.msgpack!([keys(7000)])
    ],
    ['a line of CSV', { format: 'csv' }, () => Buffer.from(`a,b\n${','.repeat(4_000_000)}\n1,2\n`)],
    [
      'long lines of CSV',
      { format: 'csv' },
      () =>
        Buffer.from(`${numbers(9000)}\n${`${'"1234567890123456",'.repeat(8999)}7\n`.repeat(60)}`)
    ],
    [
      'a point of line protocol',
      { format: 'line-protocol' },
      () => Buffer.from(`m ${numbers(LONG / 4).map(n => `f${n}=${n}`)}\nm a=1`)
    ],
    [
      'a text of line protocol',
      { format: 'line-protocol' },
      () => Buffer.from(`m a="${'x\\"'.repeat(250_000)}"`)
    ],
    [
      'Protobuf of empty messages',
      { ...protobuf, at: 'list', path: 'each' },
      () => Buffer.alloc(200_000, Buffer.from('1a00', 'hex'))
    ],
    ['a map of Protobuf', protobuf, () => proto(LONG / 4)],
    ['a map of Avro', { format: 'avro', schema: AVRO }, () => avro(LONG / 4)],
    [
      'a map of Avro, each a record',
      { format: 'avro', schema: AVRO, at: 'object', path: 'values' },
      () => avro(LONG / 4)
    ]
  ]
  for (const [name, options, bytesOf] of payloads) {
    it(`${name}: no piece takes the processor for 50 ms`, async () => {
      const reader = await readerOf(readerOptions(options))
      const bytes = bytesOf()
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 4 && best >= 50; time++) {
        let longestMs = 0
        let beganMs = threadMs()
        for (const { values } of reader.pieces(bytes, { arrivedMs: 0 })) {
          longestMs = Math.max(longestMs, threadMs() - beganMs)
          assert.ok(values.length <= 100_000)
          beganMs = threadMs()
        }
        best = Math.min(best, longestMs)
      }
      assert.ok(best < 50, `${best} ms`)
    })
  }
})
