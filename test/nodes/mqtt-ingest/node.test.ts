// Mostly waits.
import assert from 'node:assert/strict'
import type { MqttClient } from 'mqtt'
import { type KafkaMessage, provenanceOf, type Rejection } from '../../../core/record/record.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { makes } from '../../brokers.ts'
import { registerCollect } from '../../collector.ts'
import { device, hasSession, unique } from '../../core/mqtt/rig.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { countsOf, greeted, type Scene, sceneOf, topicOf } from './scene.ts'

let red: RunningNodeRed
/** Hooks of a file would be hooks of the whole run. */
function withNodeRed(): void {
  before(async function () {
    this.timeout(60_000)
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
  })
  after(() => red.stop())
}

/** How many such there were, once all that came is acknowledged: a moment after it was stored. */
const acknowledgedSoFar = (tap: MqttTap, type: 'puback' | 'pubrec'): Promise<number> =>
  until('the acknowledgements of what came first', () => {
    const [atOnce, exactly] = [tap.of('client', 'puback').length, tap.of('client', 'pubrec').length]
    if (atOnce + exactly < tap.of('server', 'publish').length) return undefined
    return type === 'puback' ? atOnce : exactly
  })

for (const make of makes) {
  describe(`mqtt-ingest from ${make.name}`, function () {
    this.timeout(30_000)
    withNodeRed()
    let url: string
    let publisher: MqttClient
    const taps: MqttTap[] = []

    before(async () => {
      url = await make.start()
      publisher = await device(url)
    })
    after(async () => {
      await publisher.endAsync()
      await make.stop()
    })
    afterEach(async () => {
      await red.deploy([])
      for (const tap of taps.splice(0)) await tap.close()
    })

    async function tapped(): Promise<MqttTap> {
      const tap = await MqttTap.before(url)
      taps.push(tap)
      return tap
    }
    async function deploy(scene: Scene): Promise<void> {
      await red.deploy(scene.flow)
      await greeted(scene, publisher)
    }

    it('makes records, fills in what the topic says, and knows where they came from', async () => {
      const scene = sceneOf(url)
      await deploy(scene)
      const payload = JSON.stringify({
        device_type: 'from the payload',
        value: 23.5,
        ts: 1_708_700_000_000
      })
      await publisher.publishAsync(topicOf(scene), payload, {
        qos: 1,
        properties: { userProperties: { firmware: '1.2' } }
      })
      await until('the record', () => scene.taken.records.length === 1)
      const [record] = scene.taken.records as [object]
      assert.deepEqual(JSON.parse(JSON.stringify(record)), {
        device_type: 'from the payload',
        value: 23.5,
        ts: 1_708_700_000_000,
        site: 'site-01',
        device_id: 'd1'
      })
      const { origin, key, headers, raw } = provenanceOf(record)!.taken
      assert.deepEqual(origin, { kind: 'mqtt', topic: topicOf(scene), qos: 1, retained: false })
      assert.equal(key, 'd1')
      assert.deepEqual(headers, { firmware: '1.2', 'mqtt.topic': topicOf(scene), 'mqtt.qos': '1' })
      assert.equal(raw!.toString(), payload)
    })

    it('rejects what is no record with a code and the bytes, and goes on with what is beside it', async () => {
      const bad: [string, Buffer | string, string?][] = [
        ['JSON_INVALID', '{"value": 1'],
        ['JSON_INVALID', Buffer.from([0xff, 0xfe, 0x00])],
        ['NOT_A_RECORD', '[1, 2]'],
        ['NOT_A_RECORD', 'null'],
        ['PAYLOAD_EMPTY', ''],
        ['PAYLOAD_TOO_LARGE', JSON.stringify({ value: 'x'.repeat(3000) })],
        ['PAYLOAD_TOO_DEEP', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
        ['KEY_FORBIDDEN', '{"__proto__":{"admin":true},"value":1}'],
        ['TOPIC_MISMATCH', '{"value":1}', 'site-01/d1/reading']
      ]
      const scene = sceneOf(url, { maxPayloadBytes: 2500 })
      Object.assign(scene.flow[2]!, { filter: `${scene.org}/#` })
      await deploy(scene)
      await Promise.all(
        bad.flatMap(([, payload, topic], index) => [
          publisher.publishAsync(topic ? `${scene.org}/${topic}` : topicOf(scene), payload, {
            qos: 1
          }),
          publisher.publishAsync(topicOf(scene, 'good'), JSON.stringify({ value: index }), {
            qos: 1
          })
        ])
      )
      await until('the good ones', () => scene.taken.records.length === bad.length)
      await until('the bad ones', () => scene.rejected.records.length === bad.length)
      const rejections = scene.rejected.records as Rejection[]
      assert.deepEqual(
        rejections.map(({ reason }) => reason.code).sort(),
        bad.map(([code]) => code).sort()
      )
      for (const [code, payload] of bad) {
        const found = rejections.some(
          ({ reason, raw }) => reason.code === code && raw!.equals(Buffer.from(payload))
        )
        assert.ok(found, `${code} with the bytes`)
      }
      assert.deepEqual(
        new Set(rejections.map(({ stage, origin }) => `${stage} ${origin?.kind}`)),
        new Set(['mqtt-ingest mqtt'])
      )
      await until('settlement', () => countsOf(scene).inFlight === 0)
      const { in: taken, stored, rejected, filtered, duplicates } = countsOf(scene)
      assert.equal(taken, stored + rejected + filtered + duplicates)
    })

    it('makes Kafka messages of untouched bytes', async () => {
      const tap = await tapped()
      const scene = sceneOf(tap.url, { output: 'messages' })
      await red.deploy(scene.flow)
      await until('a connection', () => tap.of('server', 'suback').length === 1)
      const bytes = Buffer.from([0xff, 0x00, 0x7b])
      const properties = {
        contentType: 'application/cbor',
        responseTopic: 'answer/here',
        correlationData: Buffer.from([1, 2]),
        userProperties: {
          traceparent: '00-ab-cd-01',
          tag: ['b', 'a', 'b'],
          'mqtt.topic': 'forged',
          'mqtt.retain': 'true',
          'millrace.reason.code': 'FORGED'
        }
      }
      await publisher.publishAsync(topicOf(scene, 'press-7'), bytes, { qos: 1, properties })
      const found = await until('the message', () =>
        (scene.taken.records as KafkaMessage[]).find(({ key }) => key === 'press-7')
      )
      assert.equal(bytes.equals(found.value as Buffer), true)
      assert.deepEqual(found.headers, {
        traceparent: '00-ab-cd-01',
        tag: ['b', 'a', 'b'],
        'mqtt.topic': topicOf(scene, 'press-7'),
        'mqtt.qos': '1',
        'mqtt.content-type': 'application/cbor',
        'mqtt.response-topic': 'answer/here',
        'mqtt.correlation-data': Buffer.from([1, 2])
      })
    })

    for (const qos of [1, 2] as const) {
      it(`acknowledges QoS ${qos} only after the sink has stored it`, async () => {
        const tap = await tapped()
        const scene = sceneOf(tap.url, { qos: String(qos), acknowledge: 'stored' })
        await deploy(scene)
        const type = qos === 1 ? 'puback' : 'pubrec'
        const before = await acknowledgedSoFar(tap, type)
        scene.taken.treatment = 'hold'
        const sent = 30
        for (let index = 0; index < sent; index++)
          await publisher.publishAsync(topicOf(scene), `{"n":${index}}`, { qos })
        await until('all in the flow', () => scene.taken.records.length === sent)
        assert.equal(tap.of('client', type).length, before)
        assert.equal(countsOf(scene).inFlight, sent)
        scene.taken.release()
        await until('the acknowledgements', () => tap.of('client', type).length === before + sent)
        assert.deepEqual(
          tap
            .of('client', type)
            .slice(-sent)
            .map(({ id }) => id),
          tap
            .of('server', 'publish')
            .slice(-sent)
            .map(({ id }) => id)
        )
      })
    }

    if (make.strict) {
      it('takes once what is in the flow while the connection breaks, and acknowledges it on the next one', async () => {
        const tap = await tapped()
        const scene = sceneOf(tap.url, { acknowledge: 'stored', batchSize: 7 })
        await deploy(scene)
        const before = countsOf(scene).in
        const answers = () => tap.of('client', 'puback').length
        const answersBefore = await acknowledgedSoFar(tap, 'puback')
        scene.taken.treatment = 'hold'
        for (let n = 0; n < 20; n++)
          await publisher.publishAsync(topicOf(scene), `{"n":${n}}`, { qos: 1 })
        await until('all in the flow', () => scene.taken.records.length === 20)
        const brought = () => tap.of('server', 'publish').length
        for (let times = 1; times <= 2; times++) {
          const broughtBefore = brought()
          tap.cut()
          await until('all again', () => brought() === broughtBefore + 20, 10_000)
        }
        for (let n = 20; n < 25; n++)
          await publisher.publishAsync(topicOf(scene), `{"n":${n}}`, { qos: 1 })
        await until('the new ones', () => scene.taken.records.length === 25)
        scene.taken.release()
        await until('the acknowledgements', () => answers() === answersBefore + 25)
        const lastIds = (from: 'client' | 'server', type: 'puback' | 'publish') =>
          tap
            .of(from, type)
            .slice(-25)
            .map(({ id }) => id)
        assert.deepEqual(lastIds('client', 'puback'), lastIds('server', 'publish'))
        assert.deepEqual(
          scene.taken.records.map(record => (record as { n: number }).n),
          Array.from({ length: 25 }, (_, n) => n)
        )
        assert.equal(countsOf(scene).in, before + 25)
      })
    }

    it('stops reading when as much is in flight as allowed, and goes on when there is room', async () => {
      const scene = sceneOf(url, { maxInFlight: 20, acknowledge: 'stored' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      for (let index = 0; index < 100; index++)
        await publisher.publishAsync(topicOf(scene), `{"n":${index}}`, { qos: 1 })
      await until('as many as allowed', () => countsOf(scene).inFlight === 20)
      assert.equal(scene.taken.records.length, 20)
      scene.taken.release()
      await until('the rest', () => scene.taken.records.length === 100)
    })

    it('holds back QoS 2 by its own bound, far below what the server may send', async () => {
      const scene = sceneOf(url, { maxInFlight: 20, acknowledge: 'stored', qos: '2' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      for (let index = 0; index < 100; index++)
        await publisher.publishAsync(topicOf(scene), `{"n":${index}}`, { qos: 2 })
      await until('as many as allowed', () => countsOf(scene).inFlight === 20)
      assert.equal(scene.taken.records.length, 20)
      scene.taken.release()
      await until('the rest', () => scene.taken.records.length === 100)
    })

    it('tries again what the flow could not deal with, then lets it leave by the second output', async () => {
      const scene = sceneOf(url, { retries: 2, batchSize: 1 })
      await deploy(scene)
      scene.taken.treatment = 'fail'
      await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1 })
      const [letter] = await until('the dead letter', () =>
        scene.rejected.records.length > 0 ? scene.rejected.records : undefined
      )
      const { reason, raw, attempts } = letter as Rejection
      assert.equal(reason.code, 'DELIVERY_EXHAUSTED')
      assert.equal(attempts, 3)
      assert.equal(raw!.toString(), '{"n":1}')
      await until('settlement', () => countsOf(scene).inFlight === 0)
    })

    it('sends single records where the batch size is 1', async () => {
      const scene = sceneOf(url, { batchSize: 1 })
      await deploy(scene)
      await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1 })
      const collected = await until('the record', () => scene.taken.got[0])
      assert.equal((collected.message.payload as { n: number }).n, 1)
    })

    it('keeps the session over a redeploy: what was held or published meanwhile comes', async () => {
      const scene = sceneOf(url, { acknowledge: 'stored' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1 })
      await until('the held one', () => scene.taken.records.length === 1)
      scene.taken.treatment = 'store'
      await red.RED.runtime.flows.setState({ state: 'stop' })
      await publisher.publishAsync(topicOf(scene), '{"n":2}', { qos: 1 })
      await red.RED.runtime.flows.setState({ state: 'start' })
      const numbers = () => scene.taken.records.map(record => (record as { n: number }).n)
      await until('both', () => numbers().length >= 3)
      assert.deepEqual(numbers(), [1, 1, 2])
    })

    it('leaves no session behind when the node is removed', async () => {
      const scene = sceneOf(url, { clientId: unique('removed') })
      await deploy(scene)
      const clientId = scene.flow[2]!.clientId as string
      await red.deploy([])
      assert.equal(await hasSession(url, clientId), false)
    })

    it('takes retained messages as it is set', async () => {
      for (const [retained, expected] of [
        ['new', 1],
        ['never', 0]
      ] as const) {
        for (const version of ['5', '4']) {
          const scene = sceneOf(url, { retained }, { version })
          await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1, retain: true })
          await red.deploy(scene.flow)
          const numbers = () => scene.taken.records.map(record => (record as { n: number }).n)
          await until(
            'what is published afterwards',
            async () => {
              await publisher.publishAsync(topicOf(scene, 'd2'), '{"n":2}', { qos: 1 })
              return numbers().includes(2)
            },
            10_000,
            100
          )
          assert.equal(numbers().filter(n => n === 1).length, expected, `${retained} ${version}`)
          await publisher.publishAsync(topicOf(scene), '', { retain: true })
        }
      }
    })

    it('leaves out none that is published live, though to be retained', async () => {
      const scene = sceneOf(url, { retained: 'never' })
      await deploy(scene)
      await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1, retain: true })
      await until('the live one', () => scene.taken.records.length === 1)
      await publisher.publishAsync(topicOf(scene), '', { retain: true })
    })

    it('hands on QoS 0 without waiting for the flow', async () => {
      const scene = sceneOf(url, { qos: '0' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      for (let index = 0; index < 50; index++)
        publisher.publish(topicOf(scene), `{"n":${index}}`, { qos: 0 })
      await until('all', () => scene.taken.records.length === 50)
      assert.equal(countsOf(scene).inFlight, 0)
    })
  })
}

describe('mqtt-ingest with wrong settings', () => {
  withNodeRed()
  it('tells all of them at deploy and does not start', async () => {
    const scene = sceneOf('http://nowhere', { qos: '7', batchSize: 0, topic: 'a/#/b' })
    red.logs.length = 0
    await red.deploy(scene.flow)
    const told = red.logs.map(({ msg }) => String(msg)).join('\n')
    assert.match(told, /must begin with mqtt:\/\//)
    assert.match(told, /QoS: must be one of 0, 1, 2; Batch size: must be at least 1/)
    await red.deploy([])
  })
})
