import assert from 'node:assert/strict'
import { deflateRawSync, gzipSync } from 'node:zlib'
import type { ReaderOptions } from '../../../core/format/reader.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { readerOf, readerOptions } from './reader-options.ts'

/** The records in the bytes, or the code of why there is none. */
async function read(options: Partial<ReaderOptions>, bytes: Buffer): Promise<unknown[]> {
  const reader = await readerOf(readerOptions(options))
  return reader
    .read(bytes, { arrivedMs: 0 })
    .map(({ record }) => (record instanceof ParseFailure ? record.code : record))
}

const SCHEMA =
  '{"type":"record","name":"R","fields":[{"name":"id","type":"string"},{"name":"v","type":"long"}]}'

/** Avro 1.12: lengths and numbers are zigzag varints; all here fit into two bytes. */
const long = (value: number) => {
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value
  return Buffer.from(zigzag < 128 ? [zigzag] : [(zigzag & 127) | 128, zigzag >> 7])
}
const text = (value: string) => Buffer.concat([long(value.length), Buffer.from(value)])
const record = (id: string, v: number) => Buffer.concat([text(id), long(v)])
const SYNC = Buffer.from('0123456789abcdef')

function container(codec: string, blocks: readonly (readonly Buffer[])[], pack = (b: Buffer) => b) {
  const head = [
    Buffer.from('Obj\x01', 'latin1'),
    long(2),
    text('avro.schema'),
    text(SCHEMA),
    text('avro.codec'),
    text(codec),
    long(0),
    SYNC
  ]
  const bodies = blocks.map(values => {
    const block = pack(Buffer.concat(values))
    return Buffer.concat([long(values.length), long(block.length), block, SYNC])
  })
  return Buffer.concat([...head, ...bodies])
}

describe('Avro files and single objects', () => {
  const file = { format: 'avro', framing: 'container' } as const
  const blocks = [[record('a', 1), record('b', -2)], [record('c', 3)]]
  const records = [
    { id: 'a', v: 1 },
    { id: 'b', v: -2 },
    { id: 'c', v: 3 }
  ]

  it('a file brings its schema, and holds a record a value', async () => {
    assert.deepEqual(await read(file, container('null', blocks)), records)
    assert.deepEqual(await read(file, container('deflate', blocks, deflateRawSync)), records)
    assert.deepEqual(await read(file, gzipSync(container('null', blocks))), records)
    assert.deepEqual(await read(file, container('null', [])), [])
  })

  it('what cannot be read of a file is refused, and what stands before it is kept', async () => {
    const whole = container('null', blocks)
    assert.deepEqual(await read(file, whole.subarray(0, -20)), [
      ...records.slice(0, 2),
      'FORMAT_INVALID'
    ])
    assert.deepEqual(await read(file, container('snappy', blocks)), ['FORMAT_INVALID'])
    assert.deepEqual(await read(file, container('deflate', blocks)), ['FORMAT_INVALID'])
    assert.deepEqual(await read(file, Buffer.from('Obj\x02')), ['FORMAT_INVALID'])
    const bomb = container('deflate', [[deflateRawSync(Buffer.alloc(20_000_000))]])
    assert.deepEqual(await read(file, bomb), ['FORMAT_INVALID'])
  })

  it('a single object has a mark and the fingerprint of its schema before it', async () => {
    const single = { format: 'avro', framing: 'single', schema: SCHEMA } as const
    const mark = Buffer.from('c3010011223344556677', 'hex')
    assert.deepEqual(await read(single, Buffer.concat([mark, record('a', 1)])), [records[0]])
    assert.deepEqual(await read(single, record('a', 1)), ['FORMAT_INVALID'])
  })

  it('Protobuf has no such headers', () =>
    assert.rejects(
      async () => readerOf(readerOptions({ format: 'protobuf', framing: 'single' })),
      OptionsError
    ))
})

describe('text that Windows programs write', () => {
  const json = '{"device_id":"Gerät ☀","v":1}'
  const little = Buffer.concat([Buffer.from('fffe', 'hex'), Buffer.from(json, 'utf16le')])

  it('UTF-16 with a byte order mark is read, in either order', async () => {
    const big = Buffer.from(little).swap16()
    for (const bytes of [little, big])
      assert.deepEqual(await read({}, bytes), [{ device_id: 'Gerät ☀', v: 1 }])
    const csv = Buffer.from('\uFEFFid;v\r\nGerät;1\r\n', 'utf16le')
    assert.deepEqual(await read({ format: 'csv', delimiter: 'semicolon' }, csv), [
      { id: 'Gerät', v: 1 }
    ])
  })

  it('what is cut off, or has half a character, is refused', async () => {
    assert.deepEqual(await read({}, little.subarray(0, -1)), ['JSON_INVALID'])
    const half = Buffer.concat([
      Buffer.from('fffe', 'hex'),
      Buffer.from('{"v":"\ud83d"}', 'utf16le')
    ])
    assert.deepEqual(await read({}, half), ['JSON_INVALID'])
    assert.deepEqual(await read({}, Buffer.from('fffe', 'hex')), ['JSON_INVALID'])
  })
})

describe('CSV as it is found', () => {
  const texts: [name: string, text: string, expected: unknown[]][] = [
    ['blanks around cells', ' a , b \n 1 , x \n', [{ a: 1, b: 'x' }]],
    ['blanks before quotes', 'a, b\n1, "x ""y"""\n', [{ a: 1, b: 'x "y"' }]],
    ['line ends of Windows', 'a,b\r\n1,"x"\r\n', [{ a: 1, b: 'x' }]],
    [
      'line ends of several makes',
      'a,b\r\n1,"x"\n2,"y"\r\n',
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' }
      ]
    ],
    ['line ends of old machines', 'a,b\r1,2\r', [{ a: 1, b: 2 }]],
    ['empty lines', '\n\na,b\n\n1,2\n  \n', [{ a: 1, b: 2 }]],
    ['a line break in a cell', 'a,b\n1,"x\ny"\n', [{ a: 1, b: 'x\ny' }]],
    ['a quote inside a cell', 'a,b\n1,5" disk\n', [{ a: 1, b: '5" disk' }]],
    ['a line with fewer cells', 'a,b\n1\n2,3\n', ['FORMAT_INVALID', { a: 2, b: 3 }]],
    ['a quote without an end', 'a,b\n1,2\n3,"x\n', [{ a: 1, b: 2 }, 'FORMAT_INVALID']],
    [
      'numbers that are texts',
      'a,b,c\n007,1e999,9007199254740993\n',
      [{ a: '007', b: '1e999', c: '9007199254740993' }]
    ]
  ]
  for (const [name, given, expected] of texts)
    it(name, async () =>
      assert.deepEqual(await read({ format: 'csv' }, Buffer.from(given)), expected)
    )

  it('more lines than are read at a time', async () => {
    const lines = Array.from({ length: 2501 }, (_, index) => `d${index},${index}`)
    const records = await read({ format: 'csv' }, Buffer.from(`id,v\n${lines.join('\n')}`))
    assert.equal(records.length, 2501)
    assert.deepEqual(records[2500], { id: 'd2500', v: 2500 })
  })
})

describe('many records in one payload', () => {
  const payloads: [format: ReaderOptions['format'], bytes: Buffer][] = [
    ['csv', Buffer.alloc(1_000_000, 'a\n')],
    ['json-lines', Buffer.alloc(1_000_000, '1,\n')],
    ['json-sequence', Buffer.alloc(1_000_000, '{}')],
    ['line-protocol', Buffer.alloc(1_000_000, 'a\n')]
  ]
  for (const [format, bytes] of payloads) {
    it(`${format}: the first records of a megabyte are there before the others are read`, async () => {
      const reader = await readerOf(readerOptions({ format }))
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 3; time++) {
        const began = process.cpuUsage()
        const [first] = reader.pieces(bytes, { arrivedMs: 0 })
        assert.ok(first!.values.length > 0)
        const { user, system } = process.cpuUsage(began)
        best = Math.min(best, (user + system) / 1000)
      }
      assert.ok(best < 50, `${best} ms`)
    })
  }
})
