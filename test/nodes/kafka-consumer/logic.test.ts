import assert from 'node:assert/strict'
import fc from 'fast-check'
import { JSON_RULES } from '../../../core/record/json-text.ts'
import { isKafkaMessage, provenanceOf } from '../../../core/record/record.ts'
import { KafkaBatch, type RawMessage } from '../../../nodes/kafka-consumer/batch.ts'
import { slicesOf } from '../../../nodes/kafka-consumer/logic.ts'
import { asMessages, recordsBy } from '../../../nodes/kafka-consumer/shapes.ts'

const asRecords = recordsBy(JSON_RULES)

const message = (value: string | null, more: Partial<RawMessage> = {}): RawMessage => ({
  key: Buffer.from('k'),
  value: value === null ? null : Buffer.from(value),
  timestamp: '1700000000000',
  offset: '0',
  ...more
})
const batchOf = (...messages: RawMessage[]) => new KafkaBatch('raw', 2, messages)

describe('kafka-consumer: messages to records', () => {
  it('keeps the order of the good, and rejects the bad with bytes, code and origin', () => {
    const batch = batchOf(
      message('{"value":1}', { offset: '10' }),
      message('rubbish', { offset: '11' }),
      message(null, { offset: '12' }),
      message('', { offset: '13' }),
      message('[1]', { offset: '14' }),
      message('{"a":{"__proto__":1}}', { offset: '15' }),
      message('{"value":2}', { offset: '16' })
    )
    const { accepted, rejected } = asRecords(batch, 0, 7)
    assert.deepEqual(
      accepted.map(record => JSON.stringify(record)),
      ['{"value":1}', '{"value":2}']
    )
    assert.deepEqual(
      rejected.map(({ reason, origin, raw, record, stage }) => [
        reason.code,
        origin?.kind === 'kafka' && origin.offset,
        raw?.toString(),
        record,
        stage
      ]),
      [
        ['JSON_INVALID', '11', 'rubbish', null, 'kafka-consumer'],
        ['TOMBSTONE', '12', undefined, null, 'kafka-consumer'],
        ['PAYLOAD_EMPTY', '13', '', null, 'kafka-consumer'],
        ['NOT_A_RECORD', '14', '[1]', null, 'kafka-consumer'],
        ['KEY_FORBIDDEN', '15', '{"a":{"__proto__":1}}', null, 'kafka-consumer']
      ]
    )
    assert.equal(rejected[4]?.reason.path, 'a.__proto__')
    assert.equal(provenanceOf(rejected[0])?.taken.key?.toString(), 'k')
  })

  it('takes only the span it is given, with the provenance of each', () => {
    const batch = batchOf(
      message('{"n":0}'),
      message('{"n":1}', { offset: '8' }),
      message('{"n":2}', { offset: '9' })
    )
    const { accepted } = asRecords(batch, 1, 3)
    assert.deepEqual(
      accepted.map(record => provenanceOf(record)?.taken.origin),
      [
        { kind: 'kafka', topic: 'raw', partition: 2, offset: '8', timestamp: '1700000000000' },
        { kind: 'kafka', topic: 'raw', partition: 2, offset: '9', timestamp: '1700000000000' }
      ]
    )
  })

  it('passes Kafka messages untouched, tombstones and headers that are there twice too', () => {
    const headers = { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('3') }
    const { accepted, rejected } = asMessages(
      batchOf(message('\u0000\ufffd', { headers }), message(null)),
      0,
      2
    )
    assert.equal(rejected.length, 0)
    const [first, second] = accepted
    assert.ok(isKafkaMessage(first) && isKafkaMessage(second))
    assert.deepEqual(
      [first.value, first.headers, second.value],
      [
        Buffer.from('\u0000\ufffd'),
        { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('3') },
        null
      ]
    )
  })

  it('a header may be named __proto__', () => {
    const headers = Object.defineProperty({}, '__proto__', {
      value: Buffer.from('x'),
      enumerable: true
    })
    const [message_] = asMessages(batchOf(message('{}', { headers })), 0, 1).accepted
    assert.ok(isKafkaMessage(message_))
    assert.deepEqual(Object.entries(message_.headers), [['__proto__', Buffer.from('x')]])
    assert.equal(Object.getPrototypeOf(message_.headers), Object.prototype)
  })

  it('cuts into batches that hold everything once, in order, within the bounds', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 })
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 1000 }),
        (sizes, maxRecords, maxBytes) => {
          const messages = sizes.map(size => message('x'.repeat(size)))
          const slices = slicesOf(
            messages,
            { from: 0, to: sizes.length },
            () => maxRecords,
            maxBytes
          )
          assert.deepEqual(
            slices.flatMap(({ from, to }) => messages.slice(from, to)),
            messages
          )
          for (const { from, to } of slices) {
            const bytes = sizes.slice(from, to).reduce((sum, size) => sum + size, 0)
            assert.ok(
              to > from && to - from <= maxRecords && (bytes <= maxBytes || to - from === 1)
            )
          }
        }
      )
    )
  })
})
