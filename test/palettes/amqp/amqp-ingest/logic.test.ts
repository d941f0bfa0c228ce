import assert from 'node:assert/strict'
import rhea, { type Message } from 'rhea'
import { parseOptions } from '../../../../core/node/spec.ts'
import { OptionsError } from '../../../../core/options-error.ts'
import { provenanceOf, type Rejection } from '../../../../core/record/record.ts'
import { sourceProblems, terminusOf } from '../../../../palettes/amqp/core/address.ts'
import { bytesOf } from '../../../../palettes/amqp/core/body.ts'
import { wireOf } from '../../../../palettes/amqp/core/wire.ts'
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
  const wire = rhea.message.encode(message as Message)
  const decoded = rhea.message.decode(wire) as unknown as Message
  const arrival = arrivalOf(decoded, delivery, parsed.address, () => wire)
  const batch = new AmqpBatch([arrival], 0, 0)
  const splits = [...shaperOf(parsed).piecesOf(batch, 0)].map(({ split }) => split)
  return {
    accepted: splits.flatMap(each => each.accepted),
    rejected: splits.flatMap(each => each.rejected) as Rejection[],
    isUnreadable: batch.unreadable.has(0)
  }
}
/** The bytes of a body as it comes. */
function bytesOfSent(body: unknown) {
  const wire = rhea.message.encode({ body } as Message)
  return bytesOf(rhea.message.decode(wire).body, () => wire)
}
const { types } = rhea
const hex = (text: string) => Buffer.from(text, 'hex')
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
      [21.5, '21.5'],
      [message.sequence_sections([[1], [2]]), '[[1],[2]]'],
      [{ typecode: 117, content: [1] }, '{"typecode":117,"content":[1]}'],
      [{ typecode: 117, content: 'abc' }, '{"typecode":117,"content":"abc"}'],
      [{ typecode: 117, content: 5 }, '{"typecode":117,"content":5}']
    ]
    for (const [body, text] of forms) assert.equal(String(bytesOfSent(body)), text)
  })

  it('reads maps and lists with nothing lost', () => {
    const serial = types.wrap_ulong(hex('1000000000000001') as never)
    const { Uuid, Array32 } = types as unknown as Record<string, (...of: unknown[]) => unknown>
    const forms: [unknown, string][] = [
      [{ serial, blob: hex('0102') }, '{"serial":1152921504606846977,"blob":"AQI="}'],
      [serial, '1152921504606846977'],
      [types.wrap_ulong(hex('0020000000000001') as never), '9007199254740993'],
      [[types.wrap_long(hex('8000000000000000') as never)], '[-9223372036854775808]'],
      [
        { id: Uuid!(hex('00112233445566778899aabbccddeeff')) },
        '{"id":"00112233-4455-6677-8899-aabbccddeeff"}'
      ],
      [[types.wrap_timestamp(9e15), types.wrap_double(Number.NaN)], '[9000000000000000,NaN]'],
      [
        [types.wrap_float(0.5), types.wrap_short(-2), types.wrap_byte(-3), true],
        '[0.5,-2,-3,true]'
      ],
      [{ of: Array32!([1, 2], 0x60) }, '{"of":[1,2]}'],
      [
        new Map<unknown, unknown>([
          [1, 'a'],
          ['__proto__', {}]
        ]),
        '{"1":"a","__proto__":{}}'
      ]
    ]
    for (const [body, text] of forms) assert.equal(String(bytesOfSent(body)), text)
  })

  for (const [what, body, code] of [
    [
      'a decimal',
      [(types as never as { Decimal32(of: Buffer): unknown }).Decimal32(hex('00000000'))],
      'FORMAT_INVALID'
    ],
    [
      'a key that stands twice',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b']
      ]),
      'KEY_REPEATED'
    ],
    ['a key of prototypes', new Map([['__proto__', { polluted: true }]]), 'KEY_FORBIDDEN'],
    ['NaN', { n: types.wrap_double(Number.NaN) }, 'JSON_INVALID'],
    [
      'an integer beyond 2^53',
      { n: types.wrap_ulong(hex('1000000000000001') as never) },
      'NUMBER_INEXACT'
    ]
  ] as const) {
    it(`refuses a body with ${what}, and keeps its bytes`, () => {
      const { rejected, isUnreadable } = shaped({ body })
      assert.equal(rejected[0]?.reason.code, code)
      assert.ok(rejected[0].raw!.length > 0)
      assert.ok(isUnreadable)
    })
  }

  it('keeps the bytes of a message that comes in several frames', () => {
    type Frame = { payload: Buffer; performative: { more: boolean } }
    const given: string[] = []
    const session = {
      on_transfer({ performative: { more } }: Frame) {
        if (!more) given.push(String(wire()))
      }
    }
    const wire = wireOf({ session } as never, nothing)
    for (const [part, more] of [
      ['a', true],
      ['b', false],
      ['c', false]
    ] as const)
      session.on_transfer({ payload: Buffer.from(part), performative: { more } })
    assert.deepEqual(given, ['ab', 'c'])
  })

  it('a time beyond dates is left out, and ends nothing', () => {
    const at = types.wrap_timestamp(9e15)
    const late = types.wrap_timestamp(hex('7fffffffffffffff') as never)
    const message = { application_properties: { at, late, device: 'd1' }, creation_time: 9e15 }
    const taken = [{ part: 'creation-time', name: '', field: 'made' }]
    const { accepted } = shaped({ ...message, body: '{"n":1}' }, { taken })
    assert.deepEqual(plain(accepted), [{ n: 1 }])
    assert.deepEqual({ ...provenanceOf(accepted[0])!.taken.headers }, { device: 'd1' })
    assert.equal(shaped({ ...message, body: 'not json' }, { taken }).rejected.length, 1)
  })

  it('lets a record know its address, its headers and its bytes', () => {
    const { accepted } = shaped({
      body: '{"n":1}',
      to: 'topic://plant/d1',
      subject: 's',
      message_id: 7,
      delivery_count: 2,
      application_properties: { device: 'd1', ['__proto__']: { polluted: true } }
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
