import assert from 'node:assert/strict'
import type { ReaderOptions } from '../../../core/format/reader.ts'
import { OptionsError } from '../../../core/options-error.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { loadingReader, readerOf, readerOptions } from './reader-options.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

async function read(options: Partial<ReaderOptions>, bytes: Buffer): Promise<unknown> {
  const reader = await readerOf(readerOptions(options))
  const [item] = reader.read(bytes, { arrivedMs: 0 })
  return item!.record instanceof ParseFailure
    ? [item!.record.code, item!.record.path ?? '']
    : item!.record
}

const PROTO3 = `syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";
enum State { UNKNOWN = 0; OPEN = 1; }
message Reading {
  string device_id = 1;
  double value = 2;
  int64 serial = 3;
  State state = 4;
  repeated sint32 steps = 5;
  map<string, uint32> counts = 6;
  google.protobuf.Timestamp time = 7;
  optional int32 maybe = 8;
  oneof more { bool on = 9; bytes raw = 10; }
  Inner inner = 11;
  message Inner { float f = 1; Reading again = 2; }
}
`

/** Written by hand from the encoding guide of Protobuf. */
const READING = hex(`
  0a 02 6431
  11 00 00 00 00 00 80 35 40
  18 f4 bc b7 b6 db d4 82 80 28
  20 01
  2a 03 01 02 04
  32 05 0a 01 61 10 07
  3a 08 08 e0 e2 e2 ae 06 10 07
  48 01 52 02 ff 00
  5a 05 0d 00 00 ac 41
`)

describe('Protobuf', () => {
  const options = { format: 'protobuf', schema: PROTO3, messageType: 'acme.Reading' } as const
  const rest = {
    device_id: 'd1',
    value: 21.5,
    state: 'OPEN',
    steps: [-1, 1, 2],
    counts: { a: 7 },
    time: '2024-02-23T14:53:20.000000007Z',
    raw: '/wA=',
    inner: { f: 21.5 }
  }

  it('reads every kind of field', async () => {
    assert.deepEqual(await read({ ...options, exact: true }, READING), {
      ...rest,
      serial: 2882315468369944180n
    })
  })

  it('refuses an integer of 64 bits that a number does not hold', async () => {
    assert.deepEqual(await read(options, READING), ['NUMBER_INEXACT', 'serial'])
  })

  it('gives absent fields of proto3 their default, optional ones none', async () => {
    assert.deepEqual(await read(options, hex('0a 02 6431')), {
      device_id: 'd1',
      value: 0,
      serial: 0,
      state: 'UNKNOWN'
    })
  })

  it('keeps what is required and declared in proto2', async () => {
    const schema =
      'syntax = "proto2"; message M { required string id = 1; optional int32 n = 2 [default = 5]; optional bool b = 3; }'
    assert.deepEqual(await read({ format: 'protobuf', schema }, hex('0a 01 61')), { id: 'a', n: 5 })
    assert.deepEqual(await read({ format: 'protobuf', schema }, hex('18 01')), [
      'FORMAT_INVALID',
      ''
    ])
  })

  it('leaves out fields that the schema does not know', async () => {
    const schema = 'syntax = "proto3"; message M { string id = 1; }'
    assert.deepEqual(await read({ format: 'protobuf', schema }, hex('0a 01 61 10 07 1a 01 62')), {
      id: 'a'
    })
  })

  it('skips the header of a schema registry', async () => {
    const framed = Buffer.concat([hex('00 00 00 00 07 00'), hex('0a 02 6431')])
    assert.equal(
      ((await read({ ...options, framing: 'registry' }, framed)) as { device_id: string })
        .device_id,
      'd1'
    )
    assert.deepEqual(await read({ ...options, framing: 'registry' }, hex('0a 02 6431')), [
      'FORMAT_INVALID',
      ''
    ])
  })

  it('refuses what is cut off or nested too deep', async () => {
    assert.deepEqual(await read(options, READING.subarray(0, 12)), ['FORMAT_INVALID', ''])
    let deep = hex('0a 01 61')
    for (let level = 0; level < 100; level++) {
      const tag = level % 2 === 0 ? 0x12 : 0x5a
      const length =
        deep.length < 128 ? [deep.length] : [(deep.length & 127) | 128, deep.length >> 7]
      deep = Buffer.concat([Buffer.from([tag, ...length]), deep])
    }
    assert.deepEqual(await read(options, deep), ['FORMAT_INVALID', ''])
  })

  const wrong: readonly (readonly [string, string, string, RegExp])[] = [
    ['no schema', '', '', /Message type/],
    ['a syntax error', 'syntax = "proto3";\nmessage M {\n  string = 1;\n}', '', /line 3/],
    [
      'an unknown type',
      'syntax = "proto3";\nmessage M {\n  Foo f = 1;\n}',
      '',
      /line 3: there is no type Foo/
    ],
    [
      'an import that is not there',
      'syntax = "proto3";\nimport "other.proto";\nmessage M {}',
      '',
      /line 2: "other\.proto" is not at hand/
    ],
    ['a message type that it has not', 'syntax = "proto3"; message A {} message B {}', 'C', /A, B/],
    [
      'no message type though there are two',
      'syntax = "proto3"; message A {} message B {}',
      '',
      /A, B/
    ]
  ]
  for (const [name, schema, messageType, words] of wrong) {
    it(`tells of ${name} when it starts`, async () => {
      await assert.rejects(
        async () => readerOf(readerOptions({ format: 'protobuf', schema, messageType })),
        (error: Error) => error instanceof OptionsError && words.test(error.message)
      )
    })
  }
})

const AVRO = JSON.stringify({
  type: 'record',
  name: 'Reading',
  namespace: 'acme',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'value', type: ['null', 'double'] },
    { name: 'serial', type: 'long' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OFF', 'ON'] } },
    { name: 'list', type: { type: 'array', items: 'int' } },
    { name: 'map', type: { type: 'map', values: 'boolean' } },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 } },
    { name: 'raw', type: { type: 'fixed', name: 'Two', size: 2 } },
    { name: 'next', type: ['null', 'Reading'] }
  ]
})

/** Written by hand from the chapter "Binary Encoding". */
const DATUM = hex('04 6431 02 0000000000803540 03 02 04 02 04 00 02 02 61 01 00 04 3039 ff00 00')

describe('a schema that is wrong', () => {
  it('ends nothing where nobody waits to hear of it', async () => {
    const unheard: unknown[] = []
    const note = (error: unknown) => unheard.push(error)
    process.prependListener('unhandledRejection', note)
    try {
      const { ready } = loadingReader(readerOptions({ format: 'protobuf', schema: 'no' }))
      await new Promise(resolve => setTimeout(resolve, 200))
      assert.deepEqual(unheard, [])
      await assert.rejects(ready!, OptionsError)
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

describe('Avro', () => {
  const options = { format: 'avro', schema: AVRO } as const

  it('reads every kind of type', async () => {
    assert.deepEqual(await read(options, DATUM), {
      id: 'd1',
      value: 21.5,
      serial: -2,
      state: 'ON',
      list: [1, 2],
      map: { a: true },
      price: 123.45,
      raw: '/wA=',
      next: null
    })
  })

  it('skips the header of a schema registry', async () => {
    const framed = Buffer.concat([hex('00 00 00 00 07'), DATUM])
    assert.equal(
      ((await read({ ...options, framing: 'registry' }, framed)) as { id: string }).id,
      'd1'
    )
  })

  it('refuses bytes of another schema', async () => {
    for (const bytes of [
      DATUM.subarray(0, -1),
      Buffer.concat([DATUM, hex('00')]),
      hex('04 6431 08')
    ]) {
      assert.deepEqual(await read(options, bytes), ['FORMAT_INVALID', ''])
    }
  })

  it('refuses integers and decimals that a number does not hold', async () => {
    const schema = '{"type":"record","name":"R","fields":[{"name":"n","type":"long"}]}'
    assert.deepEqual(await read({ format: 'avro', schema }, hex('feffffffffffffffff01')), [
      'NUMBER_INEXACT',
      'n'
    ])
    assert.deepEqual(
      await read({ format: 'avro', schema, exact: true }, hex('feffffffffffffffff01')),
      { n: 9223372036854775807n }
    )
  })

  it('refuses lists that claim more than their bytes can hold', async () => {
    const schema =
      '{"type":"record","name":"R","fields":[{"name":"n","type":{"type":"array","items":"null"}}]}'
    assert.deepEqual(
      await read({ format: 'avro', schema, maxFields: 100_000 }, hex('feffffffffffffff7f00')),
      ['FORMAT_INVALID', '']
    )
  })

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['no schema', '', /paste the Avro schema/],
    ['what is no JSON', '{\n"type": "record",\n}', /line 3: it is not JSON/],
    [
      'an unknown type',
      '{"type":"record","name":"R","fields":[\n{"name":"a","type":"strin"}]}',
      /line 2: there is no type "strin"/
    ],
    [
      'a field twice',
      '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
      /"a" stands in it twice/
    ],
    ['a record without a name', '{"type":"record","fields":[]}', /no name of a type/]
  ]
  for (const [name, schema, words] of wrong) {
    it(`tells of ${name} when it starts`, async () => {
      await assert.rejects(
        async () => readerOf(readerOptions({ format: 'avro', schema })),
        (error: Error) => error instanceof OptionsError && words.test(error.message)
      )
    })
  }
})
