import assert from 'node:assert/strict'
import type { IPublishPacket, MqttClient } from 'mqtt'
import type { NodeMessage } from 'node-red'
import { migrated } from '../../../core/node/migrate.ts'
import { type ParseFailure, parseRecord } from '../../../core/record/parse-record.ts'
import { isRejection, type Rejection, reject } from '../../../core/record/record.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import { migrations } from '../../../nodes/mqtt-publish/migrations.ts'
import publish from '../../../nodes/mqtt-publish/runtime.ts'
import { spec } from '../../../nodes/mqtt-publish/spec.ts'
import { accounts } from '../../../stack/services.ts'
import { registerCollect } from '../../collector.ts'
import { device } from '../../core/mqtt/rig.ts'
import { MqttTap, recordsIn } from '../../mqtt-tap.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { deployPublish, type Published } from './rig.ts'

interface Heard {
  readonly topic: string
  readonly text: string
  readonly packet: IPublishPacket
}

describe('mqtt-publish', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  let url: string
  let watcher: MqttClient
  let heard: Heard[] = []

  before(async () => {
    url = (await services('mqtt')).mqtt.url
    watcher = await device(url)
    watcher.on('message', (topic, payload, packet) =>
      heard.push({ topic, text: payload.toString(), packet })
    )
    red = await startNodeRed({ nodes: [broker, publish, registerCollect] })
  })
  after(async () => {
    await red.stop()
    await watcher.endAsync()
  })
  beforeEach(() => {
    heard = []
    red.logs.length = 0
  })
  afterEach(() => red.deploy([]))

  async function deploy(options: object = {}, server: object = {}): Promise<Published> {
    const published = await deployPublish(red, url, { ...options }, { ...server })
    await watcher.subscribeAsync(`${published.org}/#`, { qos: 2 })
    return published
  }
  const send = ({ node }: Published, payload: unknown) => node.receive({ payload } as NodeMessage)
  const rejections = ({ rejected }: Published) => rejected.records as Rejection[]

  it('by default the topic takes any record; a flow that left it out keeps the one of before', async () => {
    const { topic } = spec.fields
    const it = await deploy({ topic: topic.default })
    await watcher.subscribeAsync(topic.default, { qos: 2 })
    const payload = [{ [it.org]: 1 }, { site: 'a/b', deep: {} }, { device_id: null }]
    send(it, payload)
    await until('all', () => it.out.records.length === 3 && heard.length === 3)
    await watcher.unsubscribeAsync(topic.default)
    assert.deepEqual([heard.map(({ text }) => JSON.parse(text)), it.rejected.got], [payload, []])
    assert.deepEqual(migrated(spec, migrations, { qos: '2' }), {
      qos: '2',
      topic: '{org}/{site}/{device_type}/{device_id}/alert',
      specVersion: 2
    })
    assert.equal(migrated(spec, migrations, { topic: 'a/{b}' }).topic, 'a/{b}')
  })

  it('publishes each record under the topic of its fields, and passes on in kind', async () => {
    const it = await deploy()
    send(it, { device_id: 'd1', value: 31.5 })
    send(it, [
      { device_id: 'd2', value: 1 },
      { device_id: 'd3', value: 2 }
    ])
    await until('both', () => it.out.got.length === 2 && heard.length === 3)
    assert.deepEqual(
      // Each has a topic of its own, and the server may hand them on in any order.
      heard.map(({ topic, text }) => [topic, text]).sort(),
      [
        [`${it.org}/d1/alert`, '{"device_id":"d1","value":31.5}'],
        [`${it.org}/d2/alert`, '{"device_id":"d2","value":1}'],
        [`${it.org}/d3/alert`, '{"device_id":"d3","value":2}']
      ]
    )
    assert.deepEqual(
      it.out.got.map(({ message }) => message.payload),
      [
        { device_id: 'd1', value: 31.5 },
        [
          { device_id: 'd2', value: 1 },
          { device_id: 'd3', value: 2 }
        ]
      ]
    )
    assert.equal(it.counts()!.stored, 3)
  })

  it('publishes a field, or a text with fields, with what MQTT 5 tells beside it', async () => {
    const it = await deploy({
      content: 'text',
      text: '{device_id} is at {value} °C {{!}}',
      qos: '2',
      expiryS: 60,
      contentType: 'text/plain',
      userProperties: [
        { name: 'unit', value: '{unit}' },
        { name: 'site', value: 'hall {site}' }
      ]
    })
    send(it, { device_id: 'd1', value: 31.5, site: 7 })
    await until('it', () => heard.length === 1)
    const [{ text, packet }] = heard as [Heard]
    assert.equal(text, 'd1 is at 31.5 °C {!}')
    assert.equal(packet.qos, 2)
    const { messageExpiryInterval, contentType, userProperties } = packet.properties!
    assert.ok(messageExpiryInterval! <= 60 && messageExpiryInterval! > 50)
    assert.equal(contentType, 'text/plain')
    const { 'millrace.by': by, ...own } = { ...userProperties }
    assert.deepEqual(own, { site: 'hall 7' })
    assert.match(String(by), /^server-/)
  })

  it('keeps a state with retain, and removes it with nothing', async () => {
    const it = await deploy({ content: 'field', field: 'value', retain: true })
    send(it, { device_id: 'd1', value: 'on' })
    await until('stored', () => it.out.got.length === 1)
    const late = await device(url)
    const retained: string[] = []
    late.on('message', (_topic, payload) => retained.push(payload.toString()))
    await late.subscribeAsync(`${it.org}/#`)
    await until('the retained one', () => retained.length === 1)
    assert.deepEqual(retained, ['on'])
    await late.endAsync()
    const clear = await deployPublish(red, url, {
      topic: `${it.org}/{device_id}/alert`,
      content: 'nothing',
      retain: true
    })
    send(clear, { device_id: 'd1' })
    await until('removed', () => clear.out.got.length === 1)
    const last = await device(url)
    last.on('message', (_topic, payload) => retained.push(payload.toString()))
    await last.subscribeAsync([`${it.org}/#`, `${it.org}-end`], { qos: 1 })
    await last.publishAsync(`${it.org}-end`, 'end', { qos: 1 })
    await until('the end', () => retained.includes('end'))
    assert.deepEqual(retained, ['on', 'end'])
    await last.endAsync()
  })

  it('rejects what has no message, and publishes what is beside it', async () => {
    const it = await deploy({ content: 'field', field: 'value' })
    send(it, [
      { device_id: 'a/b', value: 1 },
      { device_id: 'd1', value: 2 },
      { device_id: 'd2' },
      { value: 3 },
      null
    ])
    await until('all', () => it.out.got.length === 1 && it.rejected.got.length === 1)
    assert.deepEqual(
      rejections(it).map(({ reason, stage }) => [stage, reason.code]),
      [
        ['mqtt-publish', 'TOPIC_FIELD_INVALID'],
        ['mqtt-publish', 'FIELD_MISSING'],
        ['mqtt-publish', 'TOPIC_FIELD_INVALID'],
        ['mqtt-publish', 'TOPIC_FIELD_INVALID']
      ]
    )
    assert.deepEqual(it.out.records, [{ device_id: 'd1', value: 2 }])
  })

  it('publishes a dead letter with its reason in user properties', async () => {
    const it = await deploy()
    const letter = reject({ device_id: 'd1', value: 'x' }, 'validate', {
      code: 'FIELD_TYPE',
      message: 'no number'
    })
    send(it, letter)
    await until('it', () => heard.length === 1 && it.out.got.length === 1)
    const [{ text, packet }] = heard as [Heard]
    assert.deepEqual(JSON.parse(text), { device_id: 'd1', value: 'x' })
    const properties = packet.properties!.userProperties as Record<string, string>
    assert.equal(properties['millrace.reason.code'], 'FIELD_TYPE')
    assert.ok(isRejection(it.out.records[0]))
    assert.equal(it.counts()!.rejected, 1)
  })

  it('rejects texts that MQTT does not have, publishes what is beside them, and a letter in full', async () => {
    const userProperties = [{ name: 'note', value: '{note}' }]
    const it = await deploy({ userProperties })
    const long = 'ü'.repeat(40_000)
    send(it, [
      { device_id: 'd1', note: long },
      { device_id: 'd1', note: 'a\0b' },
      { device_id: long },
      { device_id: 'd2', note: 'short' }
    ])
    await until('all', () => it.out.records.length === 1 && it.rejected.records.length === 3)
    assert.deepEqual(
      rejections(it).map(({ reason }) => reason.code),
      ['MQTT_PROPERTY_INVALID', 'MQTT_PROPERTY_INVALID', 'TOPIC_FIELD_INVALID']
    )
    send(it, reject({ device_id: 'd3' }, 'validate', { code: 'FIELD_TYPE', message: `\0${long}` }))
    await until('both', () => heard.length === 2)
    const { userProperties: told } = heard[1]!.packet.properties!
    const message = String(told!['millrace.reason.message'])
    assert.deepEqual([message.length, message.slice(0, 2)], [21_845, '\uFFFDü'])
  })

  it('rejects characters that a server cuts off for, and publishes what is behind them', async () => {
    const it = await deploy({ userProperties: [{ name: 'note', value: '{note}' }] })
    const risky = ['\u0001', '\t', '\n', '\x7F', '\x85', '\uFDD0', '\uFFFF', '\uD800', '\0']
    send(it, [
      ...risky.map(character => ({ device_id: 'd1', note: `a${character}b` })),
      ...risky.map(character => ({ device_id: `a${character}b` })),
      { device_id: 'd2', note: 'käse 😀' }
    ])
    await until('all', () => it.out.records.length + it.rejected.records.length === 19)
    assert.deepEqual(
      rejections(it).map(({ reason }) => reason.code),
      risky.flatMap(() => ['MQTT_PROPERTY_INVALID']).concat(risky.map(() => 'TOPIC_FIELD_INVALID'))
    )
    assert.match(rejections(it)[2]!.reason.message, /"note" has the character U\+000A/)
    await until('it', () => heard.length === 1)
    assert.equal(heard[0]!.packet.properties!.userProperties!.note, 'käse 😀')
  })

  it('publishes the dead letter of a broken payload of several lines', async () => {
    const it = await deploy()
    const message = (parseRecord(Buffer.from('{"t": nope\n}')) as ParseFailure).message
    assert.match(message, /\n/)
    send(it, reject({ device_id: 'd1' }, 'mqtt-ingest', { code: 'JSON_INVALID', message }))
    await until('it', () => heard.length === 1 && it.out.records.length === 1)
    const told = heard[0]!.packet.properties!.userProperties!['millrace.reason.message']
    assert.equal(told, message.replaceAll('\n', '\uFFFD'))
  })

  it('says at deploy which text of its own has such a character', async () => {
    await deployPublish(red, url, {
      contentType: 'a\nb',
      userProperties: [{ name: 'a\tb', value: 'c\u0001' }]
    })
    for (const character of ['U\\+000A', 'U\\+0009', 'U\\+0001'])
      await until(character, () =>
        red.logs.some(({ msg }) => new RegExp(`has the character ${character}`).test(String(msg)))
      )
  })

  it('sends again what was open when the connection broke, and keeps the order', async () => {
    const tap = await MqttTap.before(url)
    try {
      tap.lose = ({ from, type }) => from === 'server' && type === 'puback'
      const it = await deployPublish(red, tap.url)
      await watcher.subscribeAsync(`${it.org}/#`, { qos: 2 })
      for (let n = 0; n < 50; n++) send(it, { device_id: 'd1', n })
      await until('all sent', () => heard.length === 50)
      assert.equal(it.out.got.length, 0)
      tap.lose = () => false
      tap.cut()
      await until('all stored', () => it.out.got.length === 50, 20_000)
      const sent = recordsIn<{ n: number }>(tap.of('client', 'publish'))
      const order = sent.slice(-50).map(({ n }) => n)
      assert.deepEqual(order, [...Array(50).keys()])
    } finally {
      await red.deploy([])
      await tap.close()
    }
  })

  it('is told which topics the server refuses, and goes on with the others', async () => {
    const { user, password, prefix } = accounts.mqttGuest
    const it = await deploy(
      { topic: '{base}/{device_id}/alert' },
      { username: user, credentials: { password } }
    )
    send(it, [
      { base: 'forbidden', device_id: 'd1' },
      { base: prefix.replace('/', ''), device_id: it.org }
    ])
    await until('both', () => it.out.got.length + it.rejected.got.length >= 1, 20_000)
    assert.deepEqual(
      rejections(it).map(({ reason }) => reason.code),
      ['MQTT_PUBLISH_REFUSED']
    )
    assert.equal(it.out.records.length, 1)
  })

  describe('that asks', () => {
    /** A device that answers commands as `answer` says, if at all. */
    async function answering(
      { org }: Published,
      answer: (command: { device_id: string; n: number }) => string | undefined
    ): Promise<MqttClient> {
      const one = await device(url)
      one.on('message', (_topic, payload, { properties }) => {
        const text = answer(JSON.parse(payload.toString()))
        const { responseTopic, correlationData } = properties ?? {}
        if (text === undefined || responseTopic === undefined) return
        one.publish(responseTopic, text, {
          qos: 1,
          properties: { correlationData: correlationData! }
        })
      })
      await one.subscribeAsync(`${org}/#`, { qos: 1 })
      return one
    }

    it('passes records on with their answers, and rejects what nobody answers', async () => {
      const it = await deploy({ request: true, timeoutS: 2 })
      const answers = await answering(it, ({ device_id, n }) =>
        device_id === 'silent' ? undefined : n === 1 ? 'done' : JSON.stringify({ got: n })
      )
      send(it, [
        { device_id: 'd1', n: 1 },
        { device_id: 'silent', n: 2 },
        { device_id: 'd2', n: 3 }
      ])
      send(it, { device_id: 'd3', n: 4 })
      await until('both', () => it.out.got.length === 2 && it.rejected.got.length === 1)
      const byFirst = it.out.got.map(({ message }) => message.payload)
      assert.deepEqual(byFirst, [
        { device_id: 'd3', n: 4, answer: { got: 4 } },
        [
          { device_id: 'd1', n: 1, answer: 'done' },
          { device_id: 'd2', n: 3, answer: { got: 3 } }
        ]
      ])
      const [late] = rejections(it)
      assert.equal(late!.reason.code, 'MQTT_NO_ANSWER')
      assert.deepEqual(late!.record, { device_id: 'silent', n: 2 })
      await answers.endAsync()
    })

    it('needs MQTT 5, and says so at deploy', async () => {
      await deployPublish(red, url, { request: true, expiryS: 5 }, { version: '4' })
      await until('the error', () =>
        red.logs.some(({ msg }) => /Wait for an answer: needs MQTT 5/.test(String(msg)))
      )
    })
  })
})
