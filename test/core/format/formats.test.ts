import assert from 'node:assert/strict'
import { encode as encodeMsgpack } from '@msgpack/msgpack'
import type { Reader, ReaderOptions } from '../../../core/format/reader.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { readerOf, readerOptions } from './reader-options.ts'

const ARRIVED_MS = 1_708_700_000_000

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

/** What a payload holds: a record, or the code and path of the reason. */
async function read(options: Partial<ReaderOptions>, payload: Buffer | string): Promise<unknown[]> {
  const reader: Reader = await readerOf(readerOptions(options))
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  return reader.read(bytes, { arrivedMs: ARRIVED_MS }).map(({ record }) => {
    return record instanceof ParseFailure ? [record.code, record.path ?? ''] : record
  })
}

type Case = readonly [
  name: string,
  options: Partial<ReaderOptions>,
  payload: Buffer | string,
  found: readonly unknown[]
]

const texts: readonly Case[] = [
  ['JSON with a byte order mark', {}, '\uFEFF{"a":1}', [{ a: 1 }]],
  ['JSON with NULs behind it', {}, '{"a":1}\0\0\0', [{ a: 1 }]],
  ['NULs that are not to be cut', { cutNuls: false }, '{"a":1}\0', [['JSON_INVALID', '']]],
  ['NaN, which is refused with its place', {}, '{"a":1,"b":[nan]}', [['JSON_INVALID', 'b.0']]],
  [
    'NaN as null',
    { nanAsNull: true },
    '{"a":NaN,"b":-Infinity,"c":1,"d":"NaN"}',
    [{ a: null, b: null, c: 1, d: 'NaN' }]
  ],
  [
    'NaN in one element only',
    { at: 'list' },
    '[{"a":NaN},{"a":1}]',
    [['JSON_INVALID', '0.a'], { a: 1 }]
  ],
  [
    'JSON lines',
    { format: 'json-lines' },
    '{"a":1}\r\n\n{"a":\n{"a":3}\n',
    [{ a: 1 }, ['JSON_INVALID', '1'], { a: 3 }]
  ],
  [
    'JSON lines, a list each',
    { format: 'json-lines', at: 'list' },
    '[{"a":1},2]\n[{"a":3}]',
    [{ a: 1 }, ['NOT_A_RECORD', '0.1'], { a: 3 }]
  ],
  [
    'JSON text sequences of RFC 7464',
    { format: 'json-lines' },
    '\x1e{"a":1}\n\x1e{"a":2}\n',
    [{ a: 1 }, { a: 2 }]
  ],
  [
    'JSON values without a space between',
    { format: 'json-sequence' },
    '{"a":"}{"}{"a":2}\n[3] {"a":4',
    [{ a: '}{' }, { a: 2 }, ['NOT_A_RECORD', '2'], ['JSON_INVALID', '3']]
  ],
  ['a bare number', { format: 'bare' }, ' 23.5\n', [{ value: 23.5 }]],
  [
    'a bare number too long',
    { format: 'bare' },
    '12345678901234567890',
    [['NUMBER_INEXACT', 'value']]
  ],
  [
    'a bare integer, exact',
    { format: 'bare', exact: true },
    '12345678901234567890',
    [{ value: 12345678901234567890n }]
  ],
  [
    'bare words',
    { format: 'bare', onWords: 'open', offWords: 'Closed' },
    'CLOSED',
    [{ value: false }]
  ],
  [
    'a word that means nothing',
    { format: 'bare', valueField: 'state' },
    'idle',
    [{ state: 'idle' }]
  ],
  ['a bare value with NULs behind it', { format: 'bare' }, 'on\0\0', [{ value: true }]],
  ['no bytes', {}, '', [['PAYLOAD_EMPTY', '']]],
  [
    'CSV',
    { format: 'csv' },
    'id,v,note\n007,1.50,"a, ""b"""\nd2,,x\nd3,1\n',
    [{ id: '007', v: 1.5, note: 'a, "b"' }, { id: 'd2', note: 'x' }, ['FORMAT_INVALID', '2']]
  ],
  [
    'CSV with named columns and semicolons',
    { format: 'csv', columns: 'id, v', delimiter: 'semicolon' },
    'd1;2\n',
    [{ id: 'd1', v: 2 }]
  ],
  [
    'CSV with decimal commas: addresses, versions and dates stay text, whatever their digits are',
    { format: 'csv', delimiter: 'semicolon', decimal: 'comma' },
    'ip;version;day;wh\n192.168.100.200;1.2.3;12.03.2024;1.234.567\n192.168.1.10;12.34.56;1.4.24;1.234,5',
    [
      { ip: '192.168.100.200', version: '1.2.3', day: '12.03.2024', wh: 1234567 },
      { ip: '192.168.1.10', version: '12.34.56', day: '1.4.24', wh: 1234.5 }
    ]
  ],
  [
    'CSV with decimal commas',
    { format: 'csv', delimiter: 'semicolon', decimal: 'comma' },
    'a;b;c;d;e\n21,5;1.234;1.234,5;007;21.5\n-0,5;40;2.882.429.806.056.571.124;,5;20.11.2026 11:00\n',
    [
      { a: 21.5, b: 1234, c: 1234.5, d: '007', e: '21.5' },
      { a: -0.5, b: 40, c: '2.882.429.806.056.571.124', d: ',5', e: '20.11.2026 11:00' }
    ]
  ],
  [
    'CSV whose long numbers stay text',
    { format: 'csv' },
    'id\n2882429806056571124\n',
    [{ id: '2882429806056571124' }]
  ],
  ['CSV with a column twice', { format: 'csv' }, 'a,a\n1,2\n', [['FORMAT_INVALID', '']]],
  ['CSV with __proto__', { format: 'csv' }, '__proto__\n1\n', [['KEY_FORBIDDEN', '0.__proto__']]]
]

const LINES = [
  'weather,location=us\\ midwest,x=a\\,b temperature=82,ok=T,n=7i,big=2882429806056571124i,s="a \\"q\\" \\\\ b" 1465839830100400200',
  '# a comment',
  'bad line',
  'cpu value=1.5e3'
].join('\n')

const lines: readonly Case[] = [
  [
    'line protocol',
    { format: 'line-protocol', exact: true },
    LINES,
    [
      {
        measurement: 'weather',
        location: 'us midwest',
        x: 'a,b',
        temperature: 82,
        ok: true,
        n: 7,
        big: 2882429806056571124n,
        s: 'a "q" \\ b',
        ts: '1465839830100400200'
      },
      ['FORMAT_INVALID', '1'],
      { measurement: 'cpu', value: 1500 }
    ]
  ],
  [
    'an integer of line protocol that is too long',
    { format: 'line-protocol' },
    'm big=2882429806056571124i',
    [['NUMBER_INEXACT', '0.big']]
  ],
  [
    'a tag and a field of one name',
    { format: 'line-protocol' },
    'm,a=1 a=2',
    [['FORMAT_INVALID', '0']]
  ]
]

const binaries: readonly Case[] = [
  [
    'MessagePack',
    { format: 'msgpack' },
    hex('82 a1 61 01 a1 62 93 c0 c3 ca 41 ac 00 00'),
    [{ a: 1, b: [null, true, 21.5] }]
  ],
  [
    'MessagePack of 64 bits',
    { format: 'msgpack' },
    hex('81 a1 61 cf 28 00 0a a5 b6 cd de 74'),
    [['NUMBER_INEXACT', 'a']]
  ],
  [
    'MessagePack of 64 bits, exact',
    { format: 'msgpack', exact: true },
    hex('81 a1 61 cf 28 00 0a a5 b6 cd de 74'),
    [{ a: 0x28000aa5b6cdde74n }]
  ],
  [
    'MessagePack with bytes and a time',
    { format: 'msgpack' },
    hex('82 a1 61 c4 02 ff 00 a1 74 d7 ff 00 00 00 04 65 d8 b1 60'),
    [{ a: '/wA=', t: '2024-02-23T14:53:20.000000001Z' }]
  ],
  [
    'MessagePack cut off',
    { format: 'msgpack' },
    hex('82 a1 61 01 a1 62'),
    [['FORMAT_INVALID', '']]
  ],
  [
    'MessagePack with more elements than bytes',
    { format: 'msgpack' },
    hex('dd ff ff ff ff'),
    [['FORMAT_INVALID', '']]
  ],
  [
    'MessagePack with something behind it',
    { format: 'msgpack' },
    hex('80 80'),
    [['FORMAT_INVALID', '']]
  ],
  [
    'MessagePack, a list',
    { format: 'msgpack', at: 'list' },
    hex('92 81 a1 61 01 05'),
    [{ a: 1 }, ['NOT_A_RECORD', '1']]
  ],
  [
    'CBOR',
    { format: 'cbor' },
    hex('a3 61 61 01 61 62 83 f6 f5 f9 4d 60 02 61 78'),
    [{ a: 1, b: [null, true, 21.5], 2: 'x' }]
  ],
  [
    'CBOR of 64 bits',
    { format: 'cbor' },
    hex('a1 61 61 1b 28 00 0a a5 b6 cd de 74'),
    [['NUMBER_INEXACT', 'a']]
  ],
  [
    'a big number of CBOR, exact',
    { format: 'cbor', exact: true },
    hex('a1 61 61 c2 49 01 00 00 00 00 00 00 00 00'),
    [{ a: 18446744073709551616n }]
  ],
  [
    'a decimal of CBOR: 273.15',
    { format: 'cbor' },
    hex('a1 61 61 c4 82 21 19 6a b3'),
    [{ a: 273.15 }]
  ],
  [
    'CBOR that describes itself, with a time',
    { format: 'cbor' },
    hex('d9 d9 f7 a1 61 74 c1 1a 51 4b 67 b0'),
    [{ t: 1363896240 }]
  ],
  ['CBOR with NaN', { format: 'cbor' }, hex('a1 61 61 f9 7e 00'), [['JSON_INVALID', 'a']]],
  [
    'CBOR with NaN as null',
    { format: 'cbor', nanAsNull: true },
    hex('a1 61 61 f9 7e 00'),
    [{ a: null }]
  ],
  ['CBOR cut off', { format: 'cbor' }, hex('a1 61'), [['FORMAT_INVALID', '']]],
  [
    'CBOR with __proto__',
    { format: 'cbor' },
    hex('a1 69 5f5f70726f746f5f5f a1 61 61 01'),
    [['KEY_FORBIDDEN', '__proto__']]
  ],
  [
    'CBOR nested 60,000 deep',
    { format: 'cbor' },
    Buffer.alloc(60_000, 0x81),
    [['FORMAT_INVALID', '']]
  ],
  [
    'MessagePack with __proto__',
    { format: 'msgpack' },
    Buffer.from(encodeMsgpack(JSON.parse('{"__proto__":1}'))),
    [['FORMAT_INVALID', '']]
  ]
]

/** Bytes that are no UTF-8 in the place of a text. */
const noTexts: readonly Case[] = [
  ['MessagePack', { format: 'msgpack' }, hex('81 a161 a2fffe'), [['FORMAT_INVALID', '']]],
  ['MessagePack, long', { format: 'msgpack' }, hex('81 a161 d902fffe'), [['FORMAT_INVALID', '']]],
  ['CBOR', { format: 'cbor' }, hex('a1 6161 63eda080'), [['FORMAT_INVALID', 'a']]],
  ['CBOR, a key', { format: 'cbor' }, hex('a1 62fffe 01'), [['FORMAT_INVALID', '']]],
  [
    'CBOR with the character itself',
    { format: 'cbor' },
    hex('a1 6161 63efbfbd'),
    [{ a: '\uFFFD' }]
  ],
  [
    'Protobuf',
    { format: 'protobuf', schema: 'syntax="proto3"; message M { string a = 1; }' },
    hex('0a02fffe'),
    [['FORMAT_INVALID', '']]
  ],
  ['Avro', { format: 'avro', schema: '"string"' }, hex('04fffe'), [['FORMAT_INVALID', '']]],
  [
    'half of a character in a list',
    { at: 'list' },
    '[{"a":"\\ud800"},{"a":"ok"}]',
    [['JSON_INVALID', '0.a'], { a: 'ok' }]
  ]
]

const moreNumbers: readonly Case[] = [
  [
    'MessagePack with numbers of 64 bits for keys',
    { format: 'msgpack' },
    hex('82 01 02 cfffffffffffffffff 03'),
    [{ 1: 2, '18446744073709551615': 3 }]
  ],
  ['a CBOR bigfloat', { format: 'cbor' }, hex('a1 6161 c5822003'), [{ a: 1.5 }]],
  [
    'a CBOR bigfloat of many digits',
    { format: 'cbor' },
    hex('a1 6161 c582384f03'),
    [{ a: 3 * 2 ** -80 }]
  ]
]

for (const [title, few] of [
  ['texts that are none', noTexts],
  ['numbers that formats have by themselves', moreNumbers]
] as const)
  describe(title, () => {
    for (const [name, options, payload, found] of few)
      it(name, async () => assert.deepEqual(await read(options, payload), found))
  })

describe('formats', () => {
  for (const [name, options, payload, found] of [...texts, ...lines, ...binaries]) {
    it(`reads ${name}`, async () => assert.deepEqual(await read(options, payload), found))
  }

  it('finds 100,000 elements', async () => {
    const list = JSON.stringify({
      device_id: 'd1',
      list: Array.from({ length: 100_000 }, (_, n) => ({ n }))
    })
    const found = await read({ at: 'list', path: 'list' }, list)
    assert.equal(found.length, 100_000)
    assert.deepEqual(found.at(-1), { device_id: 'd1', n: 99_999 })
  })

  it('does not copy much around much', async () => {
    const around = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`f${n}`, n]))
    const list = JSON.stringify({ ...around, list: Array.from({ length: 10_000 }, () => ({})) })
    assert.deepEqual(await read({ at: 'list', path: 'list' }, list), [['PAYLOAD_TOO_LARGE', '']])
  })

  it('gives each element its own copy of what stands around it', async () => {
    const [one, other] = (await read(
      { at: 'list', path: 'l' },
      '{"meta":{"a":1},"l":[{},{}]}'
    )) as { meta: { a: number } }[]
    one!.meta.a = 2
    assert.equal(other!.meta.a, 1)
  })
})
