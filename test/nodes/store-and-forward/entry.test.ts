import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ExactDecimal } from '../../../core/record/exact-decimal.ts'
import {
  isKafkaMessage,
  isRejection,
  KAFKA_MESSAGE,
  PROVENANCE,
  Provenance,
  provenanceOf,
  reject,
  type Taken
} from '../../../core/record/record.ts'
import { EntryWriter, entryOf, glance, thinned } from '../../../nodes/store-and-forward/entry.ts'
import {
  propertiesOf,
  propertiesText,
  RecordWriter
} from '../../../nodes/store-and-forward/kept-record.ts'

/** What is read back of records that are written in one message. */
function roundTrip(records: readonly unknown[], properties = ''): object[] {
  const writer = new RecordWriter()
  const entries = new EntryWriter(() => 1_772_359_200_000)
  for (const record of records) {
    const kept = writer.write(record)
    assert.ok('text' in kept, JSON.stringify(kept))
    entries.add(kept, properties, true)
  }
  return entries.take().flatMap(({ value }) => [...(entryOf(value)?.records ?? assert.fail())])
}

const key = fc
  .oneof(fc.string(), fc.constantFrom('$bytes', '$date', '$object', 'constructor'))
  .filter(name => name !== '__proto__')
const value = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter(number => !Object.is(number, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.uint8Array().map(bytes => Buffer.from(bytes)),
    fc.date({ noInvalidDate: true }),
    fc.constant(new ExactDecimal('1.00000000000000000001')),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true })
  )
})).value
const record = fc.dictionary(key, value, { noNullPrototype: true })

const taken: Taken = {
  origin: { kind: 'mqtt', topic: 'acme/a', qos: 1, retained: false },
  key: Buffer.from('k'),
  headers: { a: ['1', Buffer.from([0xff])], b: null },
  raw: Buffer.from([0xff, 0, 1]),
  writtenMs: '17'
}
const from = (index: number, place?: string) =>
  new Provenance({ at: at => ({ ...taken, key: `k${at}` }) }, index, place)

describe('what is kept of records', () => {
  it('is read back as it was, whatever values it has', () =>
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), records => {
        const plain = records.map(each => ({ ...each }))
        assert.deepEqual(
          roundTrip(records).map(each => ({ ...each })),
          plain
        )
      }),
      { numRuns: 300 }
    ))

  it('knows where each has come from, its key, headers, bytes and place', () => {
    const records = [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]
    for (const [index, each] of records.slice(0, 3).entries())
      Object.assign(each, { [PROVENANCE]: from(index % 2, index === 2 ? 'values.3' : undefined) })
    const read = roundTrip(records)
    assert.deepEqual(
      read.map(each => provenanceOf(each)?.taken.key),
      ['k0', 'k1', 'k0', undefined]
    )
    assert.equal(provenanceOf(read[2])?.place, 'values.3')
    const { key: _key, ...rest } = provenanceOf(read[0])!.taken
    const { key: _expected, ...expected } = taken
    assert.deepEqual(rest, expected)
  })

  it('is a Kafka message or a rejection again', () => {
    const message = {
      [KAFKA_MESSAGE]: true,
      key: 'k',
      value: Buffer.from('v'),
      headers: { h: '1' }
    }
    const bad = Object.assign({ n: 1 }, { [PROVENANCE]: from(0) })
    const letter = reject(bad, 'validate', { code: 'FIELD_MISSING', message: 'No n.' })
    const [read, readLetter] = roundTrip([message, letter])
    assert.ok(isKafkaMessage(read) && isRejection(readLetter))
    assert.deepEqual([read.key, read.value, read.headers], ['k', Buffer.from('v'), { h: '1' }])
    assert.deepEqual(readLetter.raw, taken.raw)
    assert.equal(readLetter.reason.code, 'FIELD_MISSING')
    assert.equal(provenanceOf(readLetter.record)?.taken.key, 'k0')
  })

  it('is cut into entries of some hundred records, or where messages differ', () => {
    const writer = new RecordWriter()
    const entries = new EntryWriter(() => 5)
    const add = (n: number, properties: string, isList = true) => {
      const kept = writer.write({ n })
      assert.ok('text' in kept)
      entries.add(kept, properties, isList)
    }
    for (let n = 0; n < 1100; n++) add(n, '')
    add(1100, '{"topic":"a"}')
    add(1101, '{"topic":"a"}', false)
    const values = entries.take()
    assert.deepEqual(
      values.map(({ records }) => records),
      [500, 500, 100, 1, 1]
    )
    assert.deepEqual(glance(values[3]!.value), { records: 1, writtenMs: 5 })
    assert.deepEqual([entryOf(values[4]!.value)?.isList, entries.take()], [false, []])
  })

  it('keeps the bytes of a long message once, however many records it has', () => {
    const raw = Buffer.alloc(100_000, 'x')
    const batch = { at: () => ({ ...taken, raw }) }
    const records = Array.from({ length: 2000 }, (_, n) =>
      Object.assign({ n }, { [PROVENANCE]: new Provenance(batch, 0, String(n)) })
    )
    const writer = new RecordWriter()
    const entries = new EntryWriter(() => 5)
    for (const each of records) {
      const kept = writer.write(each)
      assert.ok('text' in kept)
      entries.add(kept, '', true)
    }
    const values = entries.take()
    const bytes = values.reduce((sum, each) => sum + each.value.length, 0)
    assert.ok(bytes < 250_000, `${bytes} bytes`)
  })

  it('is known to be damaged when a byte of it has changed', () => {
    const entries = new EntryWriter(() => 5)
    const kept = new RecordWriter().write({ n: 1, text: 'abc' })
    assert.ok('text' in kept)
    entries.add(kept, '', true)
    const whole = entries.take()[0]!.value
    for (let at = 0; at < whole.length; at++) {
      const changed = `${whole.slice(0, at)}${whole[at] === 'z' ? 'y' : 'z'}${whole.slice(at + 1)}`
      assert.equal(entryOf(changed), undefined, String(at))
      assert.equal(entryOf(whole.slice(0, at)), undefined, String(at))
    }
  })

  it('can be thinned out, and the rest stays as it was', () => {
    const records = [0, 1, 2, 3].map(n =>
      Object.assign({ n, at: new Date(n) }, { [PROVENANCE]: from(n) })
    )
    const writer = new RecordWriter()
    const entries = new EntryWriter(() => 5)
    for (const each of records) {
      const kept = writer.write(each)
      assert.ok('text' in kept)
      entries.add(kept, '', true)
    }
    const whole = entries.take()[0]!.value
    const rest = thinned(whole, index => index % 2 === 1)!
    const read = entryOf(rest.value)!.records
    assert.deepEqual(
      read.map(each => Object.entries(each)),
      [records[1]!, records[3]!].map(each => Object.entries(each))
    )
    assert.deepEqual(
      read.map(each => provenanceOf(each)?.taken.key),
      ['k1', 'k3']
    )
    assert.deepEqual([rest.records, glance(rest.value)?.records], [2, 2])
    assert.equal(
      thinned(whole, () => false),
      undefined
    )
  })

  it('has bytes of any kind as bytes', () => {
    const [read] = roundTrip([
      { a: new Uint8Array([1, 2, 3]).subarray(1), b: { c: Buffer.from('x') } }
    ])
    assert.deepEqual(read, { a: Buffer.from([2, 3]), b: { c: Buffer.from('x') } })
  })

  it('has the properties of its message', () => {
    const message = {
      _msgid: '1',
      payload: 1,
      topic: 'a',
      at: new Date(5),
      bytes: Buffer.from('x')
    }
    assert.deepEqual(propertiesOf(propertiesText(message)!), {
      topic: 'a',
      at: new Date(5),
      bytes: Buffer.from('x')
    })
    assert.equal(propertiesText({ payload: 1 }), '')
    assert.equal(propertiesText({ topic: 'x'.repeat(300_000) }), undefined)
  })

  it('says why something is no record', () => {
    const codes = [null, 7, 'text', [1], Buffer.from('x'), { a: Number.NaN }].map(each => {
      const kept = new RecordWriter().write(each)
      return 'code' in kept ? kept.code : undefined
    })
    assert.deepEqual(codes, [...Array(5).fill('NOT_A_RECORD'), 'JSON_INVALID'])
  })
})
