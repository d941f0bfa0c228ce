import assert from 'node:assert/strict'
import { encode as encodeMsgpack } from '@msgpack/msgpack'
import { encode as encodeCbor } from 'cborg'
import type { Piece } from '../../../core/format/pieces.ts'
import type { Reader, ReaderOptions } from '../../../core/format/reader.ts'
import type { Item } from '../../../core/format/records-at.ts'
import { ParseFailure } from '../../../core/record/parse-failure.ts'
import { threadMs } from '../../thread-time.ts'
import { AVRO_READINGS, avroReadings, PROTO_READINGS, protobufReadings } from './long-payloads.ts'
import { readerOf, readerOptions } from './reader-options.ts'

const ARRIVAL = { arrivedMs: 0 }
/** Some of these records are wider than a dialog allows. */
const WIDE = { maxFields: 1_000_000 }
type Options = Partial<ReaderOptions>

const piecesOf = async (options: Options, bytes: Buffer) =>
  (await readerOf(readerOptions({ ...WIDE, ...options }))).pieces(bytes, ARRIVAL)
const itemsOf = async (options: Options, bytes: Buffer) =>
  [...(await piecesOf(options, bytes))].flatMap(({ values }) => values)
const shown = ({ record, place }: Item) => [
  place,
  record instanceof ParseFailure ? record.code : record
]

const reading = (n: number) => ({ id: `d${n % 50}`, t: ['x', { y: n }], v: n / 8, ok: n % 2 === 0 })
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const MANY = 12_000

/** Encoders of values that every one of these formats can hold. */
const ENCODE: readonly (readonly [
  format: ReaderOptions['format'],
  encode: (value: unknown) => Buffer
])[] = [
  ['json', value => Buffer.from(` ${JSON.stringify(value).replaceAll(',"', ' , "')}\n\0`)],
  ['msgpack', value => Buffer.from(encodeMsgpack(value))],
  ['cbor', value => Buffer.from(encodeCbor(value))]
]

for (const [format, encode] of ENCODE) {
  describe(`a long payload of ${format} is read some at a time`, () => {
    it('a list at a path, with the fields around it', async () => {
      const values = numbers(MANY).map(reading)
      const bytes = encode({ site: 's1', data: { unit: 'C', values }, end: [1] })
      assert.deepEqual(
        (await itemsOf({ format, at: 'list', path: 'data.values' }, bytes)).map(shown),
        [
          ...values.map((each, n) => [
            `data.values.${n}`,
            { site: 's1', unit: 'C', end: [1], ...each }
          ])
        ]
      )
    })

    it('each value of an object, and each element where that is a list', async () => {
      const object = Object.fromEntries(
        numbers(MANY).map(n => [`d ${n}`, n % 3 === 0 ? [reading(n), n] : reading(n)])
      )
      const expected = numbers(MANY).flatMap(n => {
        const metric = `d ${n}`
        return n % 3 === 0
          ? [
              [`${metric}.0`, { metric, ...reading(n) }],
              [`${metric}.1`, { metric, value: n }]
            ]
          : [[metric, { metric, ...reading(n) }]]
      })
      assert.deepEqual(
        (await itemsOf({ format, at: 'object' }, encode(object))).map(shown),
        expected
      )
    })

    it('one record of lists and objects that are long themselves', async () => {
      const record = {
        text: 'long '.repeat(20_000),
        lists: [numbers(MANY), [], [numbers(MANY).map(reading)], 7],
        objects: { none: {}, many: Object.fromEntries(numbers(MANY).map(n => [`k${n}`, n])) },
        last: null
      }
      assert.deepEqual((await itemsOf({ format }, encode(record))).map(shown), [['', record]])
    })

    it('a bad element is refused alone', async () => {
      const values = numbers(MANY).map(reading) as unknown[]
      values[7] = 'no record'
      values[9000] = { constructor: 1, inner: { v: Number.NaN } }
      const items = await itemsOf({ format, at: 'list' }, encode(values))
      const refused = items.filter(({ record }) => record instanceof ParseFailure)
      // JSON has no NaN, so that null stands there.
      assert.deepEqual(
        refused.map(({ place }) => place),
        format === 'json' ? ['7'] : ['7', '9000']
      )
    })

    it('each piece is given again in new objects', async () => {
      const bytes = encode({ values: numbers(MANY).map(reading) })
      const options = { format, at: 'list', path: 'values' } as const
      for (const { values, again } of await piecesOf(options, bytes)) {
        for (const { record } of values) (record as { changed?: true }).changed = true
        const other = again()
        assert.equal(other.length, values.length)
        for (const { record } of other) {
          assert.ok(!('changed' in record))
          ;(record as unknown as { t: unknown[] }).t.push('changed')
        }
        for (const { record } of again())
          assert.equal((record as unknown as { t: unknown[] }).t.length, 2)
      }
    })

    it('what is cut off or goes on behind its end is refused as a whole', async () => {
      const bytes = encode({ values: numbers(MANY).map(reading) })
      for (const wrong of [
        bytes.subarray(0, bytes.length - 5),
        bytes.subarray(0, bytes.length >> 1),
        Buffer.concat([bytes, bytes.subarray(0, 3)])
      ])
        for (const at of ['message', 'list', 'object'] as const) {
          const items = await itemsOf({ format, at, path: at === 'list' ? 'values' : '' }, wrong)
          const [code] = items.map(shown).map(([, each]) => each)
          assert.equal(items.length, 1)
          assert.equal(code, format === 'json' ? 'JSON_INVALID' : 'FORMAT_INVALID')
        }
    })

    it('what is nested too deep is refused', async () => {
      let nested: unknown = numbers(MANY).map(reading)
      for (let depth = 0; depth < 70; depth++) nested = [nested]
      const [item] = await itemsOf({ format }, encode({ nested }))
      assert.match((item!.record as ParseFailure).message, /nested/)
    })
  })
}

describe('a long payload, what only some formats have', () => {
  it('CBOR that does not say how long its lists and maps are, behind a tag', async () => {
    const each = Buffer.concat([
      Buffer.from('bf6174627879', 'hex'),
      Buffer.from('6176fb3ff8000000000000ff', 'hex')
    ])
    const bytes = Buffer.concat([
      Buffer.from('d9d9f7bf6872656164696e67739f', 'hex'),
      ...numbers(MANY).map(() => each),
      Buffer.from('ffff', 'hex')
    ])
    const items = await itemsOf({ format: 'cbor', at: 'list', path: 'readings' }, bytes)
    assert.equal(items.length, MANY)
    assert.deepEqual(items.at(-1)!.record, { t: 'xy', v: 1.5 })
    const [broken] = await itemsOf({ format: 'cbor', at: 'list' }, bytes.subarray(0, -1))
    assert.equal((broken!.record as ParseFailure).code, 'FORMAT_INVALID')
  })

  it('a key that stands twice, however far apart, is not lost', async () => {
    const pair = (key: string) => Buffer.concat([Buffer.from(encodeCbor(key)), Buffer.from([7])])
    const keys = [...numbers(50_000).map(n => `k${n}`), 'k3']
    const bytes = Buffer.concat([Buffer.from([0xb9, 0xc3, 0x51]), ...keys.map(pair)])
    const [item] = await itemsOf({ format: 'cbor' }, bytes)
    assert.match((item!.record as ParseFailure).message, /"k3" stands in it twice/)
  })

  it('numbers of more digits than a double holds are kept, or refused alone', async () => {
    const values = numbers(MANY).map(n => ({ id: 2n ** 63n + BigInt(n), text: 'x'.repeat(20) }))
    const bytes = Buffer.from(encodeMsgpack(values, { useBigInt64: true }))
    const kept = await itemsOf({ format: 'msgpack', at: 'list', exact: true }, bytes)
    assert.deepEqual(
      kept.map(({ record }) => record),
      values
    )
    const refused = await itemsOf({ format: 'msgpack', at: 'list' }, bytes)
    assert.ok(refused.every(({ record }) => (record as ParseFailure).code === 'NUMBER_INEXACT'))
    assert.equal(refused.length, MANY)
  })

  it('a member whose key is no text is refused, however long its value', async () => {
    const keys: readonly (readonly [key: string, code: string | undefined])[] = [
      ['6161', undefined],
      ['61ff', 'FORMAT_INVALID'],
      ['6361ff62', 'FORMAT_INVALID'],
      ['66646576696365', 'KEY_REPEATED'],
      ['07', undefined],
      ['41ff', undefined]
    ]
    for (const [key, code] of keys)
      for (const count of [10, 300_000]) {
        const bytes = Buffer.concat([
          Buffer.from(`a2666465766963656178${key}`, 'hex'),
          Buffer.from(encodeCbor(numbers(count)))
        ])
        const [item, ...others] = await itemsOf({ format: 'cbor' }, bytes)
        const { record } = item!
        assert.equal(others.length, 0)
        const told = record instanceof ParseFailure ? record.code : undefined
        assert.equal(told, code, `${key} with ${count}`)
      }
  })

  it('a long text alone is a text, as a short one is', async () => {
    for (const length of [10, 400_000]) {
      const bytes = Buffer.from(JSON.stringify(JSON.stringify({ text: 'x'.repeat(length) })))
      const [item] = await itemsOf({ format: 'json' }, bytes)
      assert.equal((item!.record as ParseFailure).code, 'NOT_A_RECORD')
    }
  })

  it('a long text in many lists takes hardly longer than in one', async () => {
    const text = `"${'x'.repeat(8_000_000)}"`
    const takenMs = async (depth: number) => {
      const bytes = Buffer.from(`{"a":${'['.repeat(depth)}${text}${']'.repeat(depth)}}`)
      const beganMs = threadMs()
      const [item] = await itemsOf({ format: 'json' }, bytes)
      assert.ok(!(item!.record instanceof ParseFailure))
      return threadMs() - beganMs
    }
    await takenMs(1)
    const [one, many] = [await takenMs(1), await takenMs(60)]
    assert.ok(many < 4 * one + 50, `${many} ms instead of ${one} ms`)
  })

  it('Protobuf and Avro give what was written', async () => {
    for (const [options, bytes] of [
      [
        { format: 'protobuf', schema: PROTO_READINGS, messageType: 'Batch' },
        protobufReadings(MANY)
      ],
      [{ format: 'avro', schema: AVRO_READINGS }, avroReadings(MANY)]
    ] as const) {
      const items = await itemsOf({ ...options, at: 'list', path: 'readings' }, bytes)
      assert.deepEqual(
        items.map(({ record }) => record),
        numbers(MANY).map(n => ({ site: 's1', device_id: `d${n % 50}`, value: n / 8 }))
      )
      for (const wrong of [bytes.subarray(0, -3), Buffer.concat([bytes, Buffer.from([7])])]) {
        const [item, ...others] = await itemsOf({ ...options, at: 'list', path: 'readings' }, wrong)
        assert.equal(others.length, 0)
        assert.equal((item!.record as ParseFailure).code, 'FORMAT_INVALID')
      }
    }
  })
})

describe('a hundred thousand values in one payload of any format', function () {
  this.timeout(120_000)
  const COUNT = 100_000
  const element = (n: number) => ({ device_id: `d${n % 50}`, metric: 't', value: n / 8 })
  const list = () => numbers(COUNT).map(element)
  const object = () => Object.fromEntries(numbers(COUNT).map(n => [`device ${n}`, n / 8]))
  const senml = (keys: readonly string[]) =>
    numbers(COUNT).map(
      n =>
        new Map<unknown, unknown>([
          [keys[0], `d${n % 50}`],
          [keys[1], n / 8],
          [keys[2], 1_708_700_000 + n]
        ])
    )
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const asNumbers = (pack: readonly Map<unknown, unknown>[]) =>
    pack.map(entry => new Map([...entry].map(([key, value]) => [Number(key), value] as const)))
  const payloads: [name: string, options: Options, bytes: () => Buffer][] = [
    ['an object in JSON', { at: 'object' }, () => json(object())],
    ['a record in JSON', WIDE, () => json({ site: 's1', values: list() })],
    [
      'a list in MessagePack',
      { format: 'msgpack', at: 'list' },
      () => Buffer.from(encodeMsgpack(list()))
    ],
    [
      'an object in MessagePack',
      { format: 'msgpack', at: 'object' },
      () => Buffer.from(encodeMsgpack(object()))
    ],
    ['a list in CBOR', { format: 'cbor', at: 'list' }, () => Buffer.from(encodeCbor(list()))],
    [
      'an object in CBOR',
      { format: 'cbor', at: 'object' },
      () => Buffer.from(encodeCbor(object()))
    ],
    [
      'SenML as JSON',
      { format: 'senml-json' },
      () => json(senml(['n', 'v', 't']).map(entry => Object.fromEntries(entry)))
    ],
    [
      'SenML as CBOR',
      { format: 'senml-cbor' },
      () => Buffer.from(encodeCbor(asNumbers(senml(['0', '2', '6']))))
    ],
    [
      'Protobuf',
      {
        format: 'protobuf',
        schema: PROTO_READINGS,
        messageType: 'Batch',
        at: 'list',
        path: 'readings'
      },
      () => protobufReadings(COUNT)
    ],
    [
      'Avro',
      { format: 'avro', schema: AVRO_READINGS, at: 'list', path: 'readings' },
      () => avroReadings(COUNT)
    ]
  ]
  for (const [name, options, bytesOf] of payloads) {
    it(`${name}: no piece takes the processor for 50 ms`, async () => {
      const reader: Reader = await readerOf(readerOptions(options))
      const bytes = bytesOf()
      let best = Number.POSITIVE_INFINITY
      for (let time = 0; time < 3 && best >= 50; time++)
        best = Math.min(
          best,
          longestOf(() => reader.pieces(bytes, ARRIVAL), name.startsWith('a record') ? 1 : COUNT)
        )
      assert.ok(best < 50, `${best} ms`)
    })
  }

  function longestOf(pieces: () => Iterable<Piece<Item>>, count: number): number {
    let [longestMs, records] = [0, 0]
    let beganMs = threadMs()
    for (const { values } of pieces()) {
      records += values.length
      longestMs = Math.max(longestMs, threadMs() - beganMs)
      beganMs = threadMs()
    }
    assert.equal(records, count)
    return longestMs
  }
})
