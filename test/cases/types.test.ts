/** The kinds of the cases where a format has types of its own: times, ids, any JSON. */
import assert from 'node:assert/strict'
import type { ReaderOptions } from '../../core/format/reader.ts'
import { OptionsError } from '../../core/options-error.ts'
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

/** An integer as Avro writes it: zigzag, seven bits a byte. */
function long(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

describe('cases: logical types of Avro', () => {
  const logical = (type: string, logicalType: string, more: object = {}) => ({
    type,
    logicalType,
    ...more
  })
  const fixed = (name: string, size: number) => logical('fixed', name, { name: 'F', size })
  const cases: [name: string, type: unknown, bytes: Buffer, value: unknown][] = [
    ['a date', logical('int', 'date'), long(19_776n), '2024-02-23'],
    ['a date before 1970', logical('int', 'date'), long(-1n), '1969-12-31'],
    ['ms of a day', logical('int', 'time-millis'), long(53_600_007n), '14:53:20.007'],
    ['us of a day', logical('long', 'time-micros'), long(86_399_999_999n), '23:59:59.999999'],
    ['ms', logical('long', 'timestamp-millis'), long(1_708_700_000_000n), '2024-02-23T14:53:20Z'],
    ['ms of an uptime', logical('long', 'timestamp-millis'), long(1n), '1970-01-01T00:00:00.001Z'],
    [
      'us',
      logical('long', 'timestamp-micros'),
      long(1_708_700_000_123_456n),
      '2024-02-23T14:53:20.123456Z'
    ],
    [
      'ns, beyond 2^53',
      logical('long', 'timestamp-nanos'),
      long(1_708_700_000_123_456_789n),
      '2024-02-23T14:53:20.123456789Z'
    ],
    [
      'ns before 1970',
      logical('long', 'timestamp-nanos'),
      long(-1n),
      '1969-12-31T23:59:59.999999999Z'
    ],
    [
      'a local time',
      logical('long', 'local-timestamp-millis'),
      long(1_708_700_000_500n),
      '2024-02-23T14:53:20.5'
    ],
    [
      'a UUID',
      fixed('uuid', 16),
      hex('00112233445566778899aabbccddeeff'),
      '00112233-4455-6677-8899-aabbccddeeff'
    ],
    ['a UUID as text', logical('string', 'uuid'), hex('06 616263'), 'abc'],
    [
      'a duration',
      fixed('duration', 12),
      hex('01000000 02000000 03000000'),
      { months: 1, days: 2, millis: 3 }
    ],
    ['another type of this name', logical('string', 'date'), hex('02 61'), 'a'],
    ['another size of this name', fixed('uuid', 2), hex('ff00'), '/wA='],
    ['a name nobody knows', logical('int', 'depth'), long(7n), 7]
  ]
  for (const [name, type, bytes, value] of cases) {
    const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type }] })
    it(name, async () =>
      assert.deepEqual(await read({ format: 'avro', schema }, bytes), [
        JSON.stringify({ a: value })
      ])
    )
  }

  it('of a type that is named, wherever it stands', async () => {
    const schema = JSON.stringify({
      type: 'record',
      name: 'R',
      fields: [
        { name: 'a', type: { type: 'fixed', name: 'Id', size: 16, logicalType: 'uuid' } },
        { name: 'b', type: ['null', 'Id'] }
      ]
    })
    const id = hex('00112233445566778899aabbccddeeff')
    const text = '00112233-4455-6677-8899-aabbccddeeff'
    assert.deepEqual(await read({ format: 'avro', schema }, Buffer.concat([id, hex('02'), id])), [
      `{"a":"${text}","b":"${text}"}`
    ])
  })

  it('a time that does not exist is refused', async () => {
    for (const [type, value] of [
      [logical('int', 'time-millis'), 86_400_000n],
      [logical('long', 'time-micros'), -1n],
      [logical('long', 'timestamp-millis'), 2n ** 62n]
    ] as const) {
      const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type }] })
      assert.deepEqual(await read({ format: 'avro', schema }, long(value)), ['FORMAT_INVALID'])
    }
  })
})

describe('cases: well-known types of Protobuf', () => {
  const proto = (imported: string, type: string) =>
    `syntax = "proto3"; import "google/protobuf/${imported}.proto"; message R { google.protobuf.${type} a = 1; }`
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes])
  const cases: [name: string, imported: string, type: string, bytes: Buffer, record: string][] = [
    [
      'a struct of any JSON',
      'struct',
      'Struct',
      hex('0a 0e 0a 01 74 12 09 11 0000000000803540 0a 07 0a 02 6f6e 12 02 20 01'),
      '{"a":{"t":21.5,"on":true}}'
    ],
    ['a text', 'struct', 'Value', hex('1a 02 6f6e'), '{"a":"on"}'],
    ['null', 'struct', 'Value', hex('08 00'), '{"a":null}'],
    [
      'a list',
      'struct',
      'ListValue',
      hex('0a 09 11 0000000000803540 0a 02 08 00'),
      '{"a":[21.5,null]}'
    ],
    ['an empty struct', 'struct', 'Struct', hex(''), '{"a":{}}'],
    ['a wrapper', 'wrappers', 'Int64Value', hex('08 07'), '{"a":7}'],
    ['a time', 'timestamp', 'Timestamp', hex('10 07'), '{"a":"1970-01-01T00:00:00.000000007Z"}'],
    ['a duration', 'duration', 'Duration', hex('08 05'), '{"a":{"seconds":5,"nanos":0}}']
  ]
  for (const [name, imported, type, bytes, record] of cases)
    it(name, async () =>
      assert.deepEqual(
        await read({ format: 'protobuf', schema: proto(imported, type) }, field(bytes)),
        [record]
      )
    )

  it('nanoseconds that are no fraction of a second are refused', async () => {
    const schema = proto('timestamp', 'Timestamp')
    for (const nanos of ['10 ffffffffffffffffff01', '10 80 94 eb dc 03'])
      assert.deepEqual(await read({ format: 'protobuf', schema }, field(hex(nanos))), [
        'FORMAT_INVALID'
      ])
    assert.deepEqual(
      await read({ format: 'msgpack' }, hex('81 a161 c7 0c ff 3b9aca00 0000000065d8b160')),
      ['FORMAT_INVALID']
    )
  })
})

describe('cases: dialects of CSV and line protocol', () => {
  const cases: [name: string, options: Options, payload: string | Buffer, records: unknown[]][] = [
    ['what divides, told', { format: 'csv' }, 'sep=;\r\na;b\r\n1;x,y\r\n', ['{"a":1,"b":"x,y"}']],
    [
      'a tab, told',
      { format: 'csv', delimiter: 'semicolon' },
      'SEP=\t\na\tb\n1\t2',
      ['{"a":1,"b":2}']
    ],
    ['a column of this name', { format: 'csv' }, 'sep=\n7', ['{"sep=":7}']],
    [
      'UTF-16 as spreadsheets save it',
      { format: 'csv', delimiter: 'tab' },
      Buffer.from('\uFEFFid\tTempératur\n1\t2\n', 'utf16le'),
      ['{"id":1,"Températur":2}']
    ],
    ['a delimiter behind each line', { format: 'csv' }, 'a,b,\n1,2,\n', ['{"a":1,"b":2}']],
    ['a line break in quotes', { format: 'csv' }, 'a,b\n"x\ny",1\n', ['{"a":"x\\ny","b":1}']],
    ['a line cut off', { format: 'csv' }, 'a,b\n1\n2,3', ['FORMAT_INVALID', '{"a":2,"b":3}']],
    ['only a header', { format: 'csv' }, 'a,b\n', []],
    ['an unsigned below zero', { format: 'line-protocol' }, 'm a=-5u', ['FORMAT_INVALID']],
    [
      'a signed beyond 64 bits',
      { format: 'line-protocol', exact: true },
      'm a=9223372036854775808i',
      ['FORMAT_INVALID']
    ],
    [
      'the largest of both',
      { format: 'line-protocol', exact: true },
      'm a=-9223372036854775808i,b=18446744073709551615u',
      ['{"measurement":"m","a":-9223372036854775808,"b":18446744073709551615}']
    ],
    [
      'escapes in every place',
      { format: 'line-protocol' },
      'a\\,b\\ c,t\\=g=v\\,\\ w f\\ 1="x\\"y\\\\z",g=1',
      ['{"measurement":"a,b c","t=g":"v, w","f 1":"x\\"y\\\\z","g":1}']
    ]
  ]
  for (const [name, options, payload, records] of cases)
    it(`${options.format}: ${name}`, async () =>
      assert.deepEqual(await read(options, payload), records))
})

describe('cases: a word that stands for two things', () => {
  it('is told at deploy', async () => {
    const options = { format: 'bare', onWords: 'on, open', offWords: 'off, Open' } as const
    await assert.rejects(async () => readerOf(readerOptions(options)), OptionsError)
  })
})
