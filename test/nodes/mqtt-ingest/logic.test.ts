import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { DeferredAcks, Received } from '../../../core/mqtt/deferred-ack.ts'
import { headersOf } from '../../../core/mqtt/headers.ts'
import { parseOptions } from '../../../core/node/spec.ts'
import { PROVENANCE } from '../../../core/record/record.ts'
import { MqttBatch } from '../../../nodes/mqtt-ingest/batch.ts'
import { shaperOf } from '../../../nodes/mqtt-ingest/logic.ts'
import { spec } from '../../../nodes/mqtt-ingest/spec.ts'

const optionsOf = (raw: Record<string, unknown>) => parseOptions(spec, { broker: 'some', ...raw })
const packetOf = (topic: string, payload: string, more: object = {}): Received =>
  ({
    cmd: 'publish',
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    dup: false,
    retain: false,
    messageId: 1,
    ...more
  }) as Received
/** Which connection brought a batch; here nobody hears acknowledgements. */
const still = { acknowledge() {}, rest() {}, wake() {} }
const connection = () => ({ ...still }) as unknown as DeferredAcks
const ownerOf = (keyOf: (topic: string) => string | null) => ({
  isSingle: false,
  keyOf,
  finished() {},
  survived() {}
})

describe('mqtt-ingest options', () => {
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ topic: 'a/#/b' }, /Topics: # must be the last level/],
    [{ topic: 'a/{x}/{x}' }, /Topics: the field \{x\} stands in it twice/],
    [{ filter: 'acme/{site}' }, /Subscribe to: a filter has \+ and #, not fields/],
    [{ filter: 'acme/#/x' }, /Subscribe to: # must be the last level/],
    [
      { topic: 'acme/+/reading', output: 'messages' },
      /Kafka key from: the topics have no level \{device_id\}/
    ]
  ]
  for (const [raw, message] of wrong)
    it(String(message), () => assert.throws(() => shaperOf(optionsOf(raw)), message))

  it('subscribe to the topics, or to more', () => {
    assert.equal(shaperOf(optionsOf({})).filter, '#')
    assert.equal(shaperOf(optionsOf({ topic: 'acme/{site}/{device_id}' })).filter, 'acme/+/+')
    assert.equal(shaperOf(optionsOf({ filter: 'acme/#' })).filter, 'acme/#')
  })

  it('need no key', () => {
    assert.equal(
      shaperOf(optionsOf({ topic: 'acme/#', keyField: '', output: 'messages' })).keyOf('acme/d1'),
      null
    )
  })
})

describe('mqtt-ingest shaping', () => {
  it('gives the same again, in new objects, for a retry', () => {
    const shaper = shaperOf(optionsOf({}))
    const batch = new MqttBatch(connection(), ownerOf(shaper.keyOf))
    batch.add(packetOf('acme/s1/press/d1/reading', '{"value":1}'))
    batch.add(packetOf('acme/s1/press/d2/reading', 'nonsense'))
    const [first, second] = [shaper.shape(batch), shaper.shape(batch)]
    assert.deepEqual(first, second)
    assert.notEqual(first.accepted[0], second.accepted[0])
  })

  it('takes what devices send besides JSON, as it is told to', () => {
    const shape = (raw: Record<string, unknown>, payload: string) => {
      const shaper = shaperOf(optionsOf({ topic: 'acme/{constructor}/{device_id}', ...raw }))
      const batch = new MqttBatch(connection(), ownerOf(shaper.keyOf))
      batch.add(packetOf('acme/press/d1', payload))
      const { accepted, rejected } = shaper.shape(batch)
      return rejected[0]?.reason.code ?? { ...(accepted[0] as object), [PROVENANCE]: undefined }
    }
    const made = (record: object) => ({ device_id: 'd1', ...record, [PROVENANCE]: undefined })
    const car =
      '{"device_id":"car-7","metric":"lap_s","value":81.2,"ts":1708700000,"constructor":"team-x"}'
    assert.deepEqual(shape({}, car), made(JSON.parse(car)))
    assert.deepEqual(shape({}, '{"v":1}\0\0\0'), made({ v: 1, constructor: 'press' }))
    assert.deepEqual(shape({}, '{"v":nan}'), 'JSON_INVALID')
    assert.deepEqual(
      shape({ nanAsNull: true }, '{"v":nan}'),
      made({ v: null, constructor: 'press' })
    )
    assert.deepEqual(shape({}, '{"v":2882429806056571124}'), 'NUMBER_INEXACT')
    assert.deepEqual(
      shape({ exact: true }, '{"v":2882429806056571124}'),
      made({ v: 2882429806056571124n, constructor: 'press' })
    )
  })

  const taken: [topicWins: string, payload: string, expected: unknown][] = [
    ['payload', '{"device_id":"d2"}', { device_id: 'd2', site: 's1' }],
    ['payload', '{"device_id":null}', { device_id: null, site: 's1' }],
    ['topic', '{"device_id":"d2"}', { device_id: '17', site: 's1' }],
    ['agree', '{"device_id":"17"}', { device_id: '17', site: 's1' }],
    ['agree', '{"device_id":17}', { device_id: 17, site: 's1' }],
    ['agree', '{"device_id":null}', { device_id: '17', site: 's1' }],
    ['agree', '{"device_id":"d2"}', 'FIELD_CONFLICT device_id']
  ]
  for (const [topicWins, payload, expected] of taken) {
    it(`where the topic is taken by "${topicWins}", ${payload} is ${JSON.stringify(expected)}`, () => {
      const shaper = shaperOf(optionsOf({ topic: 'acme/{site}/{device_id}', topicWins }))
      const batch = new MqttBatch(connection(), ownerOf(shaper.keyOf))
      batch.add(packetOf('acme/s1/17', payload))
      const { accepted, rejected } = shaper.shape(batch)
      const reason = rejected[0]?.reason
      const found = reason ? `${reason.code} ${reason.path}` : { ...accepted[0] }
      if (!reason) delete (found as { [PROVENANCE]?: unknown })[PROVENANCE]
      assert.deepEqual(found, expected)
    })
  }

  const places: [template: string, topic: string, fate: 'accepted' | 'rejected' | 'forOthers'][] = [
    ['acme/{site}/{device_id}/reading', 'acme/s1/d1/reading', 'accepted'],
    ['acme/{site}/{device_id}/reading', 'acme/s1/d1/alert', 'forOthers'],
    ['acme/{site}/{device_id}/reading', 'acme/s1/d1/', 'rejected'],
    ['acme/{site}/{device_id}/reading', 'acme/s1//alert', 'rejected'],
    ['acme/{site}/{device_id}/reading', 'acme/s1/alert', 'rejected'],
    ['acme/{site}/{device_id}/reading', 'acme/s1/d1/alert/x', 'rejected'],
    ['acme/{site}/{device_id}/{kind:reading|status}', 'acme/s1/d1/alert', 'forOthers'],
    ['acme/{site}/{device_id}', 'acme/s1/d1/alert', 'rejected'],
    ['acme/{site}/#', 'umbrella/s1', 'rejected']
  ]
  for (const [template, topic, fate] of places) {
    it(`${topic} is ${fate} where ${template} is wanted`, () => {
      const shaper = shaperOf(optionsOf({ topic: template }))
      const batch = new MqttBatch(connection(), ownerOf(shaper.keyOf))
      batch.add(packetOf(topic, '{"value":1}'))
      const { accepted, rejected, forOthers } = shaper.shape(batch)
      assert.deepEqual(
        { accepted: accepted.length, rejected: rejected.length, forOthers },
        { accepted: 0, rejected: 0, forOthers: 0, [fate]: 1 }
      )
    })
  }

  it('loses no message and keeps the order of each output', () => {
    const shaper = shaperOf(optionsOf({ maxPayloadBytes: 30 }))
    const message = fc.record({
      topic: fc.constantFrom('acme/s1/press/d1/reading', 'acme/s1/d1', 'acme/s1/press//reading'),
      payload: fc.oneof(fc.json(), fc.string(), fc.constant('{"device_id":"x"}'))
    })
    fc.assert(
      fc.property(fc.array(message), messages => {
        const batch = new MqttBatch(connection(), ownerOf(shaper.keyOf))
        for (const { topic, payload } of messages) batch.add(packetOf(topic, payload))
        const { accepted, rejected } = shaper.shape(batch)
        assert.equal(accepted.length + rejected.length, messages.length)
        for (const { raw, reason } of rejected) {
          assert.ok(raw !== null && reason.code.length > 0)
        }
      })
    )
  })
})

describe('mqtt-ingest headers', () => {
  it('have every user property but those that would pass for ours', () => {
    const userProperties = Object.assign(Object.create(null), {
      traceparent: '00-ab-cd-01',
      ['__proto__']: 'a name like others',
      tag: ['a', 'b'],
      'mqtt.retain': 'true',
      'mqtt.content-type': 'forged',
      'mqtt.response-topic': 'forged',
      'mqtt.correlation-data': 'forged',
      'millrace.reason.code': 'FORGED',
      mqttVersion: '5'
    })
    assert.deepEqual(Object.entries(headersOf('a/b', 1, false, { userProperties })), [
      ['traceparent', '00-ab-cd-01'],
      ['__proto__', 'a name like others'],
      ['tag', ['a', 'b']],
      ['mqttVersion', '5'],
      ['mqtt.topic', 'a/b'],
      ['mqtt.qos', '1']
    ])
  })
})
