import assert from 'node:assert/strict'
import rhea from 'rhea'
import { parseOptions } from '../../../../core/node/spec.ts'
import { OptionsError } from '../../../../core/options-error.ts'
import { provenanceOf, type Rejection } from '../../../../core/record/record.ts'
import { sourceProblems, terminusOf } from '../../../../palettes/amqp/core/address.ts'
import { bytesOf } from '../../../../palettes/amqp/core/body.ts'
import { AmqpBatch, arrivalOf } from '../../../../palettes/amqp/nodes/amqp-ingest/arrival.ts'
import { problemsBetween } from '../../../../palettes/amqp/nodes/amqp-ingest/check.ts'
import { CreditWindow } from '../../../../palettes/amqp/nodes/amqp-ingest/credit.ts'
import { shaperOf } from '../../../../palettes/amqp/nodes/amqp-ingest/logic.ts'
import { spec } from '../../../../palettes/amqp/nodes/amqp-ingest/spec.ts'

const nothing = () => undefined
const delivery = { accept: nothing, reject: nothing, release: nothing, modified: nothing }

/** What becomes of one message by these options. */
function shaped(message: object, options: object = {}) {
  const parsed = parseOptions(spec, { server: 'some', ...options } as Record<string, unknown>)
  const arrival = arrivalOf(message as Parameters<typeof arrivalOf>[0], delivery, parsed.address)
  const batch = new AmqpBatch([arrival], 0, 0)
  const splits = [...shaperOf(parsed).piecesOf(batch, 0)].map(({ split }) => split)
  return {
    accepted: splits.flatMap(each => each.accepted),
    rejected: splits.flatMap(each => each.rejected) as Rejection[],
    isUnreadable: batch.unreadable.has(0)
  }
}
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('amqp-ingest', () => {
  it('reads every form of a body', () => {
    const { message } = rhea
    const forms: [unknown, string][] = [
      ['{"n":1}', '{"n":1}'],
      [Buffer.from('bytes'), 'bytes'],
      [message.data_section(Buffer.from('data')), 'data'],
      [message.data_sections([Buffer.from('da'), Buffer.from('ta')]), 'data'],
      [message.sequence_section([1, 2]), '[1,2]'],
      [{ n: 1, at: new Date(0) }, '{"n":1,"at":"1970-01-01T00:00:00.000Z"}'],
      [null, ''],
      [21.5, '21.5']
    ]
    for (const [body, text] of forms) assert.equal(String(bytesOf(body)), text)
  })

  it('refuses a body that JSON would change', () => {
    const { rejected, isUnreadable } = shaped({ body: { n: Buffer.alloc(8) } })
    assert.equal(rejected[0]?.reason.code, 'FORMAT_INVALID')
    assert.ok(isUnreadable)
  })

  it('lets a record know its address, its headers and its bytes', () => {
    const { accepted } = shaped({
      body: '{"n":1}',
      to: 'topic://plant/d1',
      subject: 's',
      message_id: 7,
      delivery_count: 2,
      application_properties: { device: 'd1', __proto__: { polluted: true } }
    })
    const { origin, headers, raw } = provenanceOf(accepted[0])!.taken
    assert.deepEqual(origin, { kind: 'flow', topic: 'plant/d1' })
    assert.deepEqual(
      { ...headers },
      { 'amqp.subject': 's', 'amqp.message-id': '7', 'amqp.delivery-count': '2', device: 'd1' }
    )
    assert.equal(String(raw), '{"n":1}')
  })

  it('counts as unreadable only where no record can be made', () => {
    const lines = { format: 'json-lines' }
    assert.equal(shaped({ body: '{"n":1}\nrubbish' }, lines).isUnreadable, false)
    assert.equal(shaped({ body: 'rubbish\nrubbish' }, lines).isUnreadable, true)
  })

  for (const [what, message, options, code] of [
    ['no body', { body: '' }, {}, 'PAYLOAD_EMPTY'],
    ['a larger body', { body: '{"n":1}' }, { maxPayloadBytes: 3 }, 'PAYLOAD_TOO_LARGE'],
    ['another address', { body: '{}', to: 'a/b' }, { template: 'c/{id}' }, 'TOPIC_MISMATCH'],
    [
      'a field that must agree',
      { body: '{"id":"x"}', to: 'c/y' },
      { template: 'c/{id}', wins: 'agree' },
      'FIELD_CONFLICT'
    ]
  ] as const) {
    it(`rejects ${what}`, () => {
      assert.equal(shaped(message, options).rejected[0]?.reason.code, code)
    })
  }

  it('makes fields of the parts of a message, and none of what is missing', () => {
    const taken = [
      { part: 'property', name: 'device', field: 'device_id' },
      { part: 'annotation', name: 'x-opt-enqueued-time', field: 'queued' },
      { part: 'delivery-count', name: '', field: 'before' },
      { part: 'correlation-id', name: '', field: 'of' }
    ]
    const message = {
      body: '{"value":1}',
      application_properties: { device: 'd1' },
      message_annotations: { 'x-opt-enqueued-time': new Date(0) }
    }
    assert.deepEqual(plain(shaped(message, { taken }).accepted), [
      { value: 1, device_id: 'd1', queued: '1970-01-01T00:00:00.000Z', before: '0' }
    ])
  })

  it('asks each server in its own words', () => {
    assert.deepEqual(terminusOf('artemis', 'queue', 'q'), { address: 'q', capabilities: 'queue' })
    assert.deepEqual(terminusOf('rabbitmq', 'queue', 'a b'), { address: '/queues/a%20b' })
    assert.deepEqual(terminusOf('rabbitmq', 'topic', 'amq.topic/plant/d1'), {
      address: '/exchanges/amq.topic/plant%2Fd1'
    })
    assert.deepEqual(terminusOf('rabbitmq', 'queue', '/queues/q'), { address: '/queues/q' })
    assert.deepEqual(terminusOf('service-bus', 'queue', 'q'), { address: 'q' })
    assert.deepEqual(terminusOf('any', 'topic', 't'), { address: 't' })
  })

  it('refuses what no acknowledgement is kept of, and says what to use', () => {
    const address = 'hub/ConsumerGroups/$Default/Partitions/0'
    assert.match(sourceProblems('service-bus', 'plain', address).join(), /kafka consumer/)
    assert.equal(problemsBetween({ kind: 'plain', address, taken: [] })[0]?.[0], 'address')
    assert.match(sourceProblems('rabbitmq', 'topic', 'x').join(), /bind a queue/)
    const nameless = { kind: 'queue', address: 'q', taken: [{ part: 'property', name: '' }] }
    assert.equal(problemsBetween(nameless)[0]?.[0], 'taken')
    assert.throws(() => shaped({ body: '' }, { at: 'object', valueField: 'metric' }), OptionsError)
  })

  it('gives credit for as much as fits into memory', () => {
    const window = new CreditWindow(5_000, 64 << 20)
    assert.equal(window.size, 100)
    window.saw(200)
    assert.equal(window.size, 5_000)
    assert.equal(window.more(4_000, 500), 0, 'not a frame for little')
    assert.equal(window.more(1_000, 0), 4_000)
    window.saw(1 << 20)
    assert.equal(window.size, 64)
    assert.equal(window.more(64, 0), 0)
    window.saw(1 << 30)
    assert.equal(window.size, 1)
    for (let n = 0; n < 2_000; n++) window.saw(200)
    assert.equal(window.size, 5_000)
  })
})
