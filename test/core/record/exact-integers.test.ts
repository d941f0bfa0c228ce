import assert from 'node:assert/strict'
import { parseOptions } from '../../../core/node/spec.ts'
import { type ColumnType, ENCODERS, Out } from '../../../core/postgres/binary.ts'
import { JSON_RULES } from '../../../core/record/json-text.ts'
import { jsonText } from '../../../core/record/json-write.ts'
import { ParseFailure, parseRecord } from '../../../core/record/parse-record.ts'
import { compileTopicTemplate } from '../../../core/record/topic-template.ts'
import { keyReader } from '../../../nodes/enrich/logic.ts'
import { Encoder, Unwritable } from '../../../nodes/kafka-producer/logic.ts'
import { spec as producer } from '../../../nodes/kafka-producer/spec.ts'
import { normalizer } from '../../../nodes/normalize/logic.ts'
import { spec as normalize } from '../../../nodes/normalize/spec.ts'
import { OPERATORS } from '../../../nodes/route/operators.ts'

const ID = '2882429806056571124'
const exact = (text: string) => parseRecord(Buffer.from(text), { ...JSON_RULES, exact: true })

/** The bytes that a column gets. */
function column(type: ColumnType, value: unknown): string {
  const out = new Out()
  assert.equal(ENCODERS[type](value, out), undefined)
  return out.buffer.subarray(0, out.at).toString('hex')
}

describe('integers beyond 2^53', () => {
  it('id-64-bit-number: two ids that a double takes for one are refused by default', () => {
    for (const id of [ID, '2882429806056571125']) {
      const failure = parseRecord(
        Buffer.from(`{"device_id":${id},"metric":"t","value":1,"ts":1708700000}`)
      )
      assert.ok(failure instanceof ParseFailure)
      assert.deepEqual([failure.code, failure.path], ['NUMBER_INEXACT', 'device_id'])
    }
  })

  it('id-64-bit-number: they are two where they are wanted exactly', () => {
    const ids = [ID, '2882429806056571125'].map(
      id => (exact(`{"device_id":${id}}`) as { device_id: bigint }).device_id
    )
    assert.deepEqual(ids.map(String), [ID, '2882429806056571125'])
    assert.deepEqual(
      ids.map(id => column('text', id)),
      [column('text', ID), column('text', '2882429806056571125')]
    )
  })

  it('come to columns with all their digits', () => {
    const id = BigInt(ID)
    for (const type of ['bigint', 'numeric', 'text'] as const)
      assert.equal(column(type, id), column(type, ID), type)
    assert.equal(
      column('jsonb', { a: [id] }),
      `0000001c01${Buffer.from(`{"a":[${ID}]}`).toString('hex')}`
    )
  })

  it('clean-topic-64-bit: come to the next topic, as a value and as the key', () => {
    const encoder = new Encoder({
      ...parseOptions(producer, { cluster: 'c', topic: 't' }),
      provenance: false
    })
    const callback = { open: 0, refused: () => undefined, finished: () => undefined }
    const record = exact(
      `{"device_id":${ID},"deep":[{"serial":1724442618569203714}],"text":"${ID}"}`
    )
    const encoded = encoder.encode(record, {}, callback, 0)
    assert.ok(!(encoded instanceof Unwritable))
    assert.equal(
      encoded.value,
      `{"device_id":${ID},"deep":[{"serial":1724442618569203714}],"text":"${ID}"}`
    )
    assert.equal(encoded.key, ID)
  })

  it('are a device for enrich, a level of a topic and a number for route', () => {
    const record = exact(`{"device_id":${ID}}`) as Record<string, unknown>
    assert.equal(keyReader('device_id')(record), ID)
    assert.equal(compileTopicTemplate('a/{device_id}').fill(record), `a/${ID}`)
    assert.equal(OPERATORS.gt.test(1000, 0, [])(record.device_id), true)
    assert.equal(OPERATORS.lt.test(1000, 0, [])(record.device_id), false)
  })

  it('are a time in nanoseconds for normalize, text without loss, and no number', () => {
    const run = (options: object, record: object) =>
      normalizer(
        parseOptions(normalize, { pastDays: 0, futureS: 0, ...options }),
        () => 0
      )({ payload: record })
    const [[timed]] = run({}, exact('{"ts":1708700000123456789}'))
    assert.equal((timed as { ts_utc: string }).ts_utc, '2024-02-23T14:53:20.123456789Z')
    const [[text]] = run(
      { fields: [{ from: 'id', to: '', as: 'text' }] },
      exact(`{"ts":1708700000,"id":${ID}}`)
    )
    assert.equal((text as { id: string }).id, ID)
    const [, [rejected]] = run(
      { fields: [{ from: 'id', to: '', as: 'number' }] },
      exact(`{"ts":1708700000,"id":${ID}}`)
    )
    assert.equal(rejected!.reason.code, 'NOT_A_NUMBER')
  })

  it('are written as JSON among whatever else there is, and a circle is still refused', () => {
    assert.equal(
      jsonText({ a: 1n, b: ['1', -(2n ** 70n)], c: undefined }),
      '{"a":1,"b":["1",-1180591620717411303424]}'
    )
    const circle: Record<string, unknown> = { a: 1n }
    circle.self = circle
    assert.throws(() => jsonText(circle), TypeError)
    assert.equal(jsonText(undefined), undefined)
  })
})
