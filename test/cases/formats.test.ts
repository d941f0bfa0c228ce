/** The kinds of the cases in every format that devices send. */
import assert from 'node:assert/strict'
import { deflateSync, gzipSync } from 'node:zlib'
import { encode as encodeMsgpack } from '@msgpack/msgpack'
import type { ReaderOptions } from '../../core/format/reader.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { ParseFailure } from '../../core/record/parse-failure.ts'
import { readerOf, readerOptions } from '../core/format/reader-options.ts'

type Options = Partial<ReaderOptions>

/** The records as JSON, or the codes of what is refused. */
async function read(options: Options, payload: string | Buffer): Promise<unknown[]> {
  const reader = await readerOf(readerOptions(options))
  const items = reader.read(Buffer.from(payload as string), { arrivedMs: 0 })
  return items.map(({ record }) =>
    record instanceof ParseFailure ? record.code : jsonText(record)
  )
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const DIGITS = '1234567890123456789012345'
const FRACTION = '0.1234567890123456789012345'
const PROTO = `syntax = "proto3"; message R { int64 i = 1; uint64 u = 2; sint64 s = 3; fixed64 f = 4; }`
const AVRO = (type: unknown) =>
  JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type }] })

describe('cases: numbers that a double would change, in every format', () => {
  /** What it is with exact numbers; without them it is refused, or the same where it is text. */
  const cases: [name: string, options: Options, payload: string | Buffer, exact: string][] = [
    ['JSON lines', { format: 'json-lines' }, `{"a":${DIGITS}}`, `{"a":${DIGITS}}`],
    ['JSON values', { format: 'json-sequence' }, `{"a":${FRACTION}}`, `{"a":${FRACTION}}`],
    ['a list in JSON', { at: 'list' }, `[{"a":${DIGITS}}]`, `{"a":${DIGITS}}`],
    ['an object in JSON', { at: 'object' }, `{"x":${DIGITS}}`, `{"metric":"x","value":${DIGITS}}`],
    ['a bare value', { format: 'bare' }, DIGITS, `{"value":${DIGITS}}`],
    ['a bare decimal', { format: 'bare' }, FRACTION, `{"value":${FRACTION}}`],
    [
      'line protocol, unsigned',
      { format: 'line-protocol' },
      'm a=18446744073709551615u',
      '{"measurement":"m","a":18446744073709551615}'
    ],
    [
      'line protocol, decimal',
      { format: 'line-protocol' },
      `m a=${FRACTION}`,
      `{"measurement":"m","a":${FRACTION}}`
    ],
    [
      'SenML',
      { format: 'senml-json' },
      `[{"n":"a","v":${DIGITS},"t":1708700000}]`,
      `{"name":"a","ts":1708700000,"value":${DIGITS}}`
    ],
    [
      'MessagePack',
      { format: 'msgpack' },
      Buffer.from(encodeMsgpack({ a: 2n ** 64n - 1n }, { useBigInt64: true })),
      '{"a":18446744073709551615}'
    ],
    [
      'CBOR, 64 bits',
      { format: 'cbor' },
      hex('a1 6161 3b7fffffffffffffff'),
      '{"a":-9223372036854775808}'
    ],
    [
      'CBOR, more',
      { format: 'cbor' },
      hex('a1 6161 c2 49 010000000000000000'),
      '{"a":18446744073709551616}'
    ],
    [
      'CBOR, decimal',
      { format: 'cbor' },
      hex('a1 6161 c4 82 21 1bffffffffffffffff'),
      '{"a":184467440737095516.15}'
    ],
    [
      'Protobuf, uint64',
      { format: 'protobuf', schema: PROTO },
      hex('10 ffffffffffffffffff01'),
      '{"i":0,"u":18446744073709551615,"s":0,"f":0}'
    ],
    [
      'Protobuf, int64',
      { format: 'protobuf', schema: PROTO },
      hex('08 80808080808080808001'),
      '{"i":-9223372036854775808,"u":0,"s":0,"f":0}'
    ],
    [
      'Protobuf, sint64',
      { format: 'protobuf', schema: PROTO },
      hex('18 feffffffffffffffff01'),
      '{"i":0,"u":0,"s":9223372036854775807,"f":0}'
    ],
    [
      'Protobuf, fixed64',
      { format: 'protobuf', schema: PROTO },
      hex('21 ffffffffffffffff'),
      '{"i":0,"u":0,"s":0,"f":18446744073709551615}'
    ],
    [
      'Avro, long',
      { format: 'avro', schema: AVRO('long') },
      hex('ffffffffffffffffff01'),
      '{"a":-9223372036854775808}'
    ],
    [
      'Avro, decimal',
      {
        format: 'avro',
        schema: AVRO({ type: 'bytes', logicalType: 'decimal', precision: 30, scale: 3 })
      },
      hex('12 010000000000000001'),
      '{"a":18446744073709551.617}'
    ]
  ]
  for (const [name, options, payload, exact] of cases) {
    it(`${name}: refused, or kept with every digit`, async () => {
      assert.deepEqual(await read(options, payload), ['NUMBER_INEXACT'])
      assert.deepEqual(await read({ ...options, exact: true }, payload), [exact])
    })
  }

  it('a cell of CSV stays the text that it is, also an id such as 12e4', async () => {
    const lines = `id,a\n${DIGITS},${FRACTION}\n12e4,1.5e+3\n007,-0.5\n1E5,+5\n`
    assert.deepEqual(await read({ format: 'csv' }, lines), [
      `{"id":"${DIGITS}","a":"${FRACTION}"}`,
      '{"id":"12e4","a":1500}',
      '{"id":"007","a":-0.5}',
      '{"id":"1E5","a":"+5"}'
    ])
  })

  it('a time in nanoseconds stays as it is', async () => {
    assert.deepEqual(await read({ format: 'line-protocol' }, 'm v=1 1708700000123456789'), [
      '{"measurement":"m","v":1,"ts":"1708700000123456789"}'
    ])
  })
})

describe('cases: keys in every format', () => {
  const same: [name: string, options: Options, payload: string | Buffer, records: unknown[]][] = [
    [
      'harmless names',
      { format: 'msgpack' },
      Buffer.from(encodeMsgpack({ constructor: 1, prototype: 2, toString: 3 })),
      ['{"constructor":1,"prototype":2,"toString":3}']
    ],
    [
      'harmless names',
      { format: 'csv' },
      'constructor,prototype\n1,2',
      ['{"constructor":1,"prototype":2}']
    ],
    [
      'harmless names',
      { format: 'line-protocol' },
      'm,constructor=x toString=1',
      ['{"measurement":"m","constructor":"x","toString":1}']
    ],
    [
      'harmless names',
      { at: 'object' },
      '{"constructor":{"v":1}}',
      ['{"metric":"constructor","v":1}']
    ],
    ['__proto__', { format: 'cbor' }, hex('a1 695f5f70726f746f5f5f 01'), ['KEY_FORBIDDEN']],
    ['__proto__', { format: 'csv' }, '__proto__\n1', ['KEY_FORBIDDEN']],
    ['__proto__', { format: 'line-protocol' }, 'm __proto__=1', ['KEY_FORBIDDEN']],
    ['__proto__', { at: 'list' }, '[{"a":1},{"__proto__":{}}]', ['{"a":1}', 'KEY_FORBIDDEN']],
    ['twice', { format: 'msgpack' }, hex('82 a16101 a16102'), ['KEY_REPEATED']],
    ['twice, as number and text', { format: 'msgpack' }, hex('82 0105 a13106'), ['KEY_REPEATED']],
    ['twice', { format: 'cbor' }, hex('a2 616101 616102'), ['KEY_REPEATED']],
    ['twice', { format: 'cbor', at: 'list' }, hex('81 a2 0101 613102'), ['KEY_REPEATED']],
    ['twice', { at: 'list' }, '[{"a":1},{"a":1,"a":2}]', ['{"a":1}', 'KEY_REPEATED']],
    ['twice', { format: 'json-lines' }, '{"a":1,"a":2}\n{"a":1}', ['KEY_REPEATED', '{"a":1}']],
    ['twice', { format: 'csv' }, 'a,a\n1,2', ['FORMAT_INVALID']]
  ]
  for (const [name, options, payload, records] of same)
    it(`${options.format ?? 'json'}, ${options.at ?? 'message'}: ${name}`, async () =>
      assert.deepEqual(await read(options, payload), records))
})

describe('cases: what stands around a payload', () => {
  const BOM = '\uFEFF'
  const around: [name: string, options: Options, payload: string | Buffer, records: unknown[]][] = [
    ['a mark and NULs, JSON', {}, `${BOM}{"a":1}\0\0`, ['{"a":1}']],
    ['a mark and NULs, list', { at: 'list' }, `${BOM}[{"a":1}] \0`, ['{"a":1}']],
    [
      'a mark and NULs, lines',
      { format: 'json-lines' },
      `${BOM}{"a":1}\r\n\r\n{"a":2}\0`,
      ['{"a":1}', '{"a":2}']
    ],
    ['a mark and NULs, CSV', { format: 'csv' }, `${BOM}a;b\r\n1;2\r\n\0`, ['{"a;b":"1;2"}']],
    ['a mark and NULs, bare', { format: 'bare' }, `${BOM}23.5\r\n\0`, ['{"value":23.5}']],
    ['NULs to be refused', { cutNuls: false }, '{"a":1}\0', ['JSON_INVALID']],
    ['two marks', {}, `${BOM}${BOM}{"a":1}`, ['JSON_INVALID']],
    ['a list in gzip', { at: 'list' }, gzipSync('[{"a":1},5]'), ['{"a":1}', 'NOT_A_RECORD']],
    [
      'gzip in a larger buffer',
      {},
      Buffer.concat([gzipSync('{"a":1}'), Buffer.alloc(9)]),
      ['{"a":1}']
    ],
    [
      'two gzip members',
      { format: 'json-lines' },
      Buffer.concat([gzipSync('{"a":1}\n'), gzipSync('{"a":2}')]),
      ['{"a":1}', '{"a":2}']
    ],
    ['zlib', { format: 'csv' }, deflateSync('a\n1'), ['{"a":1}']],
    ['gzip cut off', {}, gzipSync('{"a":1}').subarray(0, 20), ['COMPRESSION_INVALID']],
    ['a bomb', {}, gzipSync(Buffer.alloc(20_000_000)), ['COMPRESSION_LIMIT']],
    ['a text as JSON writes it', { format: 'bare' }, '"ON"', ['{"value":true}']],
    ['a number in quotes', { format: 'bare' }, '"23.5"', ['{"value":"23.5"}']],
    ['a quote at one end', { format: 'bare' }, '"open', ['{"value":"\\"open"}']],
    ['a word', { format: 'bare' }, ' Off ', ['{"value":false}']],
    ['a decimal comma', { format: 'bare' }, '1,5', ['{"value":"1,5"}']]
  ]
  for (const [name, options, payload, records] of around)
    it(name, async () => assert.deepEqual(await read(options, payload), records))
})
