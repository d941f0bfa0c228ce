import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import {
  type BatchContext,
  decodeRecord,
  type Reader
} from '../../../../core/kafka/kafkajs/record-decoder.ts'
import {
  type EncodableRecord,
  encodeRecord
} from '../../../../core/kafka/kafkajs/record-encoder.ts'

const load = createRequire(import.meta.url)

/** kafkajs' own, even where ours stands in its place already. */
function original<T>(name: string): T {
  const filename = load.resolve(name)
  const kept = load.cache[filename]
  delete load.cache[filename]
  try {
    return load(filename) as T
  } finally {
    if (kept === undefined) delete load.cache[filename]
    else load.cache[filename] = kept
  }
}
const theirEncoder = original<(record: EncodableRecord) => { buffer: Buffer }>(
  'kafkajs/src/protocol/recordBatch/record/v0'
)
const theirDecoder = original<typeof decodeRecord>(
  'kafkajs/src/protocol/recordBatch/record/v0/decoder'
)
const Decoder = load('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => Reader

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array)),
  fc.string({ unit: 'binary', maxLength: 300 })
)
const part = fc.option(bytes)
const headers = fc.dictionary(
  // kafkajs takes what every object inherits for an earlier header of that name: it is no measure
  // for these.
  fc.string({ unit: 'binary', maxLength: 20 }).filter(name => !(name in {})),
  fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })),
  { maxKeys: 4 }
)
const record: fc.Arbitrary<EncodableRecord> = fc.record({
  offsetDelta: fc.nat(),
  timestampDelta: fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  key: part,
  value: part,
  headers
})
const context: fc.Arbitrary<BatchContext> = fc.record({
  firstOffset: fc.nat().map(String),
  firstTimestamp: fc.oneof(
    fc.constant('-1'),
    fc.nat().map(n => String(1_700_000_000_000 + n))
  ),
  maxTimestamp: fc.constant('1800000000000'),
  timestampType: fc.constantFrom(0, 1),
  magicByte: fc.constant(2),
  isControlBatch: fc.boolean()
})
/** Behind the length that stands before each record. */
const bodyOf = (encoded: Buffer) => {
  let at = 0
  while (encoded[at]! >= 128) at++
  return encoded.subarray(at + 1)
}

describe('core/kafka: records as kafkajs writes and reads them, faster', () => {
  it('writes the same bytes', () => {
    fc.assert(
      fc.property(record, one =>
        assert.deepEqual(encodeRecord(one).buffer, theirEncoder(one).buffer)
      )
    )
  })

  it('reads the same records', () => {
    fc.assert(
      fc.property(record, context, (one, batch) => {
        const body = bodyOf(theirEncoder(one).buffer)
        assert.deepEqual(
          decodeRecord(new Decoder(body), batch),
          theirDecoder(new Decoder(body), batch)
        )
      })
    )
  })

  it('keeps the records of a batch apart, however many and large they are', () => {
    const values = Array.from({ length: 40 }, (_, n) => Buffer.alloc(n * 5_000, n))
    const ours = values.map((value, offsetDelta) => encodeRecord({ offsetDelta, value }))
    const theirs = values.map((value, offsetDelta) => theirEncoder({ offsetDelta, value }))
    for (const [n, encoded] of ours.entries())
      assert.ok(encoded.buffer.equals(theirs[n]!.buffer), `record ${n}`)
  })

  it('takes a record that is larger than the slab, and one after it', () => {
    const value = Buffer.alloc(3_000_000, 7)
    assert.ok(encodeRecord({ value }).buffer.equals(theirEncoder({ value }).buffer))
    assert.ok(
      encodeRecord({ offsetDelta: 1, value: 'x' }).buffer.equals(
        theirEncoder({ offsetDelta: 1, value: 'x' }).buffer
      )
    )
  })

  it('refuses what is neither text nor bytes, and times that are none', () => {
    assert.throws(() => encodeRecord({ value: 5 as unknown as string }), TypeError)
    assert.throws(() => encodeRecord({ headers: { a: {} as unknown as string } }), TypeError)
    assert.throws(() => encodeRecord({ value: 'x', timestampDelta: Number.NaN }), RangeError)
  })

  for (const name of ['valueOf', 'toString', 'constructor', 'hasOwnProperty']) {
    it(`a header named ${name} is a header like any other`, () => {
      const body = bodyOf(encodeRecord({ value: 'x', headers: { [name]: 'b' } }).buffer)
      const { headers: found } = decodeRecord(
        { buffer: body, offset: 0 },
        { firstOffset: '0', firstTimestamp: '0' }
      )
      assert.deepEqual(Object.entries(found), [[name, Buffer.from('b')]])
    })
  }

  it('a header that is there very often takes no longer than as many headers', function () {
    this.timeout(5_000)
    const values = Array.from({ length: 100_000 }, () => 'v')
    const body = bodyOf(encodeRecord({ value: 'x', headers: { h: values } }).buffer)
    const { headers: found } = decodeRecord(
      { buffer: body, offset: 0 },
      { firstOffset: '0', firstTimestamp: '0' }
    )
    assert.equal((found.h as Buffer[]).length, values.length)
  })

  it('a header named __proto__ is a header', () => {
    const body = bodyOf(
      encodeRecord({ value: 'x', headers: { ['__proto__']: 'evil', a: 'b' } }).buffer
    )
    const { headers: found } = decodeRecord(
      { buffer: body, offset: 0 },
      { firstOffset: '0', firstTimestamp: '0' }
    )
    assert.deepEqual(Object.getOwnPropertyNames(found), ['__proto__', 'a'])
    assert.equal(Object.getPrototypeOf(found), Object.prototype)
  })
})
