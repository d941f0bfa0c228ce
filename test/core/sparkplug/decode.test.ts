import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { decodePayload } from '../../../core/sparkplug/decode.ts'
import { encodePayload } from '../../../core/sparkplug/encode.ts'
import { addressOf } from '../../../core/sparkplug/topic.ts'
import { numberOf, type Payload, type TypeName, typeName } from '../../../core/sparkplug/types.ts'
import { meaningOf, propertiesOf } from '../../../core/sparkplug/value.ts'
import { loadWire } from '../../../core/sparkplug/wire.ts'
import { payloadOf } from './publisher.ts'

const read = (bytes: Buffer): Payload => {
  const payload = decodePayload(bytes, 1000)
  if (payload instanceof ParseFailure) assert.fail(payload.message)
  return payload
}
const meaning = (type: TypeName, fields: object, nanAsNull = false) => {
  const [metric] = read(payloadOf({ metrics: [{ name: 'm', ...fields }] })).metrics
  return meaningOf(metric!, type, { nanAsNull })
}
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('sparkplug: values by their datatypes', () => {
  before(loadWire)

  const cases: [TypeName, object, unknown][] = [
    ['Int8', { int_value: 0xff_ff_ff_80 }, -128],
    ['Int8', { int_value: 0x80 }, -128],
    ['Int16', { int_value: 0xff_ff_8a_d0 }, -30_000],
    ['Int16', { int_value: 0x8ad0 }, -30_000],
    ['Int32', { int_value: 0xff_ff_ff_ff }, -1],
    ['Int32', { long_value: '18446744073709551615' }, -1],
    ['Int64', { long_value: '18446744073709551615' }, -1],
    ['Int64', { long_value: '9007199254740993' }, 9007199254740993n],
    ['Int64', { long_value: '9223372036854775808' }, -(2n ** 63n)],
    ['UInt8', { int_value: 250 }, 250],
    ['UInt16', { int_value: 52_360 }, 52_360],
    ['UInt32', { long_value: 4_294_967_295 }, 4_294_967_295],
    ['UInt32', { int_value: 4_294_967_295 }, 4_294_967_295],
    ['UInt64', { long_value: '18446744073709551615' }, 2n ** 64n - 1n],
    ['UInt64', { long_value: 7 }, 7],
    ['Float', { float_value: 0.5 }, 0.5],
    ['Double', { double_value: 23.1 }, 23.1],
    ['Boolean', { boolean_value: false }, false],
    ['String', { string_value: '' }, ''],
    ['Text', { string_value: 'grün' }, 'grün'],
    ['UUID', { string_value: '6f1a' }, '6f1a'],
    ['DateTime', { long_value: 1_708_700_000_123 }, '2024-02-23T14:53:20.123Z'],
    ['Bytes', { bytes_value: hex('00ff') }, 'AP8='],
    ['File', { bytes_value: hex('') }, ''],
    ['Int8Array', { bytes_value: hex('EF 7B') }, [-17, 123]],
    ['Int16Array', { bytes_value: hex('D0 8A 30 75') }, [-30_000, 30_000]],
    ['Int32Array', { bytes_value: hex('FF FF FF FF FA AF CB 12') }, [-1, 315_338_746]],
    [
      'Int64Array',
      { bytes_value: hex('CE 06 72 AC 18 9C BA C4 C4 BA 9C 18 AC 72 06 CE') },
      [-4270929666821191986n, -3601064768563266876n]
    ],
    ['UInt8Array', { bytes_value: hex('17 FA') }, [23, 250]],
    ['UInt16Array', { bytes_value: hex('1E 00 88 CC') }, [30, 52_360]],
    ['UInt32Array', { bytes_value: hex('34 00 00 00 49 FB 55 C4') }, [52, 3_293_969_225]],
    [
      'UInt64Array',
      { bytes_value: hex('34 00 00 00 00 00 00 00 D9 9E 02 D1 B2 76 37 E4') },
      [52, 16444743074749521625n]
    ],
    ['DoubleArray', { bytes_value: hex('000000000000F03F') }, [1]],
    ['FloatArray', { bytes_value: hex('0000003F') }, [0.5]],
    [
      'BooleanArray',
      { bytes_value: hex('0C 00 00 00 34 D0') },
      [false, false, true, true, false, true, false, false, true, true, false, true]
    ],
    ['StringArray', { bytes_value: Buffer.from('ABC\0hello\0') }, ['ABC', 'hello']],
    ['StringArray', { bytes_value: Buffer.from('\0') }, ['']],
    ['DateTimeArray', { bytes_value: hex('0000000000000000') }, ['1970-01-01T00:00:00.000Z']]
  ]
  for (const [type, fields, expected] of cases)
    it(`${type} ${JSON.stringify(fields)}`, () => assert.deepEqual(meaning(type, fields), expected))

  const wrong: [TypeName, object, RegExp][] = [
    ['Int8', { int_value: 300 }, /300 is no Int8/],
    ['Int64', { int_value: 0xff_ff_ff_ff }, /no Int64|sent as/],
    ['UInt8', { int_value: 256 }, /256 is no UInt8/],
    ['UInt32', { long_value: '18446744073709551615' }, /is no UInt32/],
    ['Double', { string_value: '1' }, /is a Double, but its value is sent as string/],
    ['Boolean', { int_value: 1 }, /is a Boolean, but/],
    ['Double', { double_value: Number.NaN }, /NaN, which JSON does not have/],
    ['String', {}, /has no value, and does not say that it is null/],
    ['DateTime', { long_value: '18446744073709551615' }, /does not exist/],
    ['Int16Array', { bytes_value: hex('01') }, /no whole number of elements/],
    ['BooleanArray', { bytes_value: hex('FF FF FF FF 01') }, /not as many as it says/],
    ['StringArray', { bytes_value: Buffer.from('a') }, /does not end with a NUL/],
    ['StringArray', { bytes_value: hex('FF 00') }, /not valid UTF-8/]
  ]
  for (const [type, fields, sentence] of wrong)
    it(`refuses ${type} ${JSON.stringify(fields)}`, () => {
      const failure = meaning(type, fields)
      assert.ok(failure instanceof ParseFailure, String(failure))
      assert.equal(failure.code, 'SPARKPLUG_VALUE_INVALID')
      assert.match(failure.message, sentence)
    })

  it('NaN is null where that is asked for', () =>
    assert.equal(meaning('Float', { float_value: Number.POSITIVE_INFINITY }, true), null))

  it('a DataSet with exact integers and empty cells', () => {
    const dataset_value = {
      num_of_columns: 2,
      columns: ['name', 'count'],
      types: [12, 8],
      rows: [
        { elements: [{ string_value: 'a' }, { long_value: '18446744073709551615' }] },
        { elements: [{ string_value: 'b' }, {}] }
      ]
    }
    assert.deepEqual(meaning('DataSet', { dataset_value }), {
      columns: ['name', 'count'],
      types: ['String', 'UInt64'],
      rows: [
        ['a', 2n ** 64n - 1n],
        ['b', null]
      ]
    })
    const short = { ...dataset_value, rows: [{ elements: [{ string_value: 'a' }] }] }
    assert.match(String((meaning('DataSet', { dataset_value: short }) as Error).message), /1 of 2/)
  })

  it('a Template with members, parameters and another in it', () => {
    const inner = { template_ref: 'Motor', metrics: [{ name: 'on', datatype: 11, is_null: true }] }
    const template_value = {
      version: '1.0',
      template_ref: 'Pump',
      metrics: [
        { name: 'rpm', datatype: 3, int_value: 0xff_ff_ff_ff, timestamp: 5 },
        { name: 'motor', datatype: 19, template_value: inner }
      ],
      parameters: [{ name: 'limit', type: 10, double_value: 1.5 }]
    }
    assert.deepEqual(meaning('Template', { template_value }), {
      version: '1.0',
      template: 'Pump',
      metrics: [
        { name: 'rpm', type: 'Int32', value: -1, ts: 5 },
        {
          name: 'motor',
          type: 'Template',
          value: { template: 'Motor', metrics: [{ name: 'on', type: 'Boolean', value: null }] }
        }
      ],
      parameters: [{ name: 'limit', type: 'Double', value: 1.5 }]
    })
  })

  it('properties by name, nested too', () => {
    const set = { keys: ['low'], values: [{ type: 10, double_value: 1 }] }
    const properties = {
      keys: ['Quality', 'engUnit', 'range', 'note', '__proto__'],
      values: [
        { type: 3, int_value: 192 },
        { type: 12, string_value: '°C' },
        { type: 20, propertyset_value: set },
        { type: 12, is_null: true },
        { type: 21, propertysets_value: { propertyset: [set] } }
      ]
    }
    const [metric] = read(payloadOf({ metrics: [{ name: 'm', properties }] })).metrics
    const found = propertiesOf(metric!.properties!, { nanAsNull: false })
    assert.deepEqual(
      Object.entries(found),
      Object.entries({ Quality: 192, engUnit: '°C', range: { low: 1 }, note: null }).concat([
        ['__proto__', [{ low: 1 }]] as never
      ])
    )
  })
})

describe('sparkplug: payloads', () => {
  before(loadWire)

  it('every datatype has its number', () => {
    assert.equal(numberOf('DateTimeArray'), 34)
    assert.deepEqual([typeName(0), typeName(35), typeName(13)], [undefined, undefined, 'DateTime'])
  })

  it('what is written here is what others read', () => {
    const metrics = [
      { name: 'a', alias: 1, timestamp: 5, type: 'Double', tellsType: true, value: 1.5 },
      { alias: 2, type: 'Int32', tellsType: false, value: 7 },
      { name: 'c', type: 'Boolean', tellsType: true, value: true, units: 'm' },
      { name: 'd', type: 'Int64', tellsType: true, value: 2 ** 40 }
    ] as const
    const theirs = payloadOf({
      timestamp: 9,
      seq: 3,
      metrics: [
        { name: 'a', alias: 1, timestamp: 5, datatype: 10, double_value: 1.5 },
        { alias: 2, int_value: 7 },
        {
          name: 'c',
          datatype: 11,
          boolean_value: true,
          properties: { keys: ['engUnit'], values: [{ type: 12, string_value: 'm' }] }
        },
        { name: 'd', datatype: 4, long_value: 2 ** 40 }
      ]
    })
    assert.deepEqual(read(encodePayload({ timestamp: 9, seq: 3, metrics })), read(theirs))
  })

  const refused: [string, Buffer, string, RegExp][] = [
    ['nothing', Buffer.alloc(0), 'PAYLOAD_EMPTY', /no bytes/],
    ['JSON', Buffer.from('{"metrics":[]}'), 'FORMAT_INVALID', /no Sparkplug B/],
    [
      'a name that is not UTF-8',
      Buffer.from([0x12, 4, 0x0a, 2, 0xff, 0xfe]),
      'FORMAT_INVALID',
      /not valid UTF-8/
    ],
    [
      'too many metrics',
      payloadOf({ metrics: Array.from({ length: 1001 }, () => ({})) }),
      'MEASUREMENTS_TOO_MANY',
      /more than 1000 metrics/
    ]
  ]
  for (const [what, bytes, code, sentence] of refused)
    it(`refuses ${what}`, () => {
      const failure = decodePayload(bytes, 1000)
      assert.ok(failure instanceof ParseFailure)
      assert.equal(failure.code, code)
      assert.match(failure.message, sentence)
    })

  it('refuses every cut-off payload, or reads less of it', () => {
    const whole = payloadOf({
      timestamp: 1,
      seq: 1,
      metrics: [{ name: 'abc', datatype: 12, string_value: 'defgh' }]
    })
    for (let end = 1; end < whole.length; end++) {
      const found = decodePayload(whole.subarray(0, end), 1000)
      if (found instanceof ParseFailure) assert.equal(found.code, 'FORMAT_INVALID')
      else assert.ok(found.metrics.length === 0 || found.seq === undefined)
    }
  })

  it('refuses templates in templates without end, and lists that fill the memory', () => {
    let bytes = Buffer.alloc(0)
    for (let depth = 0; depth < 20_000; depth++) {
      const metric = Buffer.concat([Buffer.from([0x92, 1]), varint(bytes.length), bytes])
      bytes = Buffer.concat([Buffer.from([0x12]), varint(metric.length), metric])
    }
    const sentence = (of: Buffer) => (decodePayload(of, 1000) as ParseFailure).message
    assert.match(sentence(bytes), /nested more than/)
    const rows = Buffer.alloc(4_000_000, Buffer.from([0x22, 0]))
    const metric = Buffer.concat([Buffer.from([0x8a, 1]), varint(rows.length), rows])
    const wide = Buffer.concat([Buffer.from([0x12]), varint(metric.length), metric])
    assert.match(sentence(wide), /more than 1000000 parts/)
  })

  it('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const payload = decodePayload(Buffer.from(bytes), 1000)
        if (payload instanceof ParseFailure) return
        for (const metric of payload.metrics)
          for (let type = 1; type <= 34; type++)
            meaningOf(metric, typeName(type)!, { nanAsNull: false })
      }),
      { numRuns: 3000 }
    )
  })
})

describe('sparkplug: topics', () => {
  it('of edge nodes and devices', () => {
    assert.deepEqual(addressOf('spBv1.0/G 1/DDATA/E/d/') ?? undefined, undefined)
    assert.deepEqual(addressOf('spBv1.0/G 1/DDATA/E/d'), {
      group: 'G 1',
      type: 'DDATA',
      edgeNode: 'E',
      device: 'd'
    })
    assert.equal(addressOf('spBv1.0/G/NDATA/E')?.device, undefined)
  })
  for (const topic of [
    'spBv1.0/G/NDATA/E/d',
    'spBv1.0/G/DDATA/E',
    'spBv1.0/STATE/host',
    'spAv1.0/G/NDATA/E',
    'spBv1.0/G/NOTHING/E',
    'spBv1.0//NDATA/E'
  ])
    it(`and not ${topic}`, () => assert.equal(addressOf(topic), undefined))
})

function varint(number: number): Buffer {
  const bytes: number[] = []
  for (let rest = number; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
