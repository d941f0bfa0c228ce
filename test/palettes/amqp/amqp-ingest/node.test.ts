import assert from 'node:assert/strict'
import { lastHeader, provenanceOf } from '../../../../core/record/record.ts'
import broker from '../../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../../palettes/amqp/nodes/amqp-ingest/runtime.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { device } from '../../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { services } from '../../../services.ts'
import { until } from '../../../until.ts'
import {
  amqpUrl,
  Client,
  countsOf,
  nodeOf,
  numbersOf,
  readings,
  type Scene,
  sceneOf,
  unique,
  upTo
} from '../rig.ts'

describe('amqp-ingest in Node-RED', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  let url: string
  let mqttUrl: string
  let client: Client
  before(async () => {
    mqttUrl = (await services('mqtt')).mqtt.url
    url = amqpUrl(mqttUrl)
    client = await Client.open(url)
    red = await startNodeRed({ nodes: [broker, server, ingest, registerCollect] })
  })
  after(async () => {
    await client?.close()
    await red?.stop()
  })
  afterEach(() => red.deploy([]))

  /** As JSON has it: where a record came from stands under a symbol. */
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  /** Counts come again when nothing is in flight. */
  const settled = (scene: Scene) =>
    until('settlement', () => countsOf(scene).inFlight === 0 && nodeOf(scene).status?.healthy)
  /** What the server still has in the queue, once the node has gone. */
  async function leftIn(scene: Scene, wanted: number): Promise<unknown[]> {
    await red.deploy([])
    const found = client.take(scene.queue)
    await until(`${wanted} messages to be left`, () => found.length === wanted)
    return found.map(({ message }) => message)
  }

  it('takes records, accepts them when they are stored, and leaves the queue empty', async () => {
    const scene = sceneOf(url)
    await red.deploy(scene.flow)
    await client.send(scene.queue, readings(1_000))
    await until('1,000 records', () => numbersOf(scene.taken).length === 1_000)
    await settled(scene)
    assert.deepEqual(numbersOf(scene.taken), upTo(1_000))
    assert.equal(countsOf(scene).in, 1_000)
    await leftIn(scene, 0)
  })

  it('reads lists, texts, bytes and maps of AMQP, and tells what stands beside the body', async () => {
    const scene = sceneOf(url, {
      at: 'message',
      template: '{queue}',
      taken: [
        { part: 'property', name: 'device', field: 'device_id' },
        { part: 'subject', name: '', field: 'metric' }
      ]
    })
    await red.deploy(scene.flow)
    const { default: rhea } = await import('rhea')
    const beside = { subject: 'temperature_c', application_properties: { device: 'd1' } }
    await client.send(scene.queue, [
      { body: '{"n":1}', ...beside },
      { body: rhea.message.data_section(Buffer.from('{"n":2}')), ...beside },
      { body: { n: 3 }, ...beside }
    ])
    await until('3 records', () => scene.taken.records.length === 3)
    assert.deepEqual(
      plain(scene.taken.records),
      [1, 2, 3].map(n => ({ n, queue: scene.queue, device_id: 'd1', metric: 'temperature_c' }))
    )
  })

  it('takes what MQTT clients publish, by topic', async () => {
    const site = unique('site')
    const scene = sceneOf(url, {
      kind: 'topic',
      address: `${site}/#`,
      template: `${site}/{device_id}/reading`
    })
    await red.deploy(scene.flow)
    await until('the link', () => nodeOf(scene).status?.healthy)
    const publisher = await device(mqttUrl)
    await publisher.publishAsync(`${site}/d7/reading`, '{"n":1}', { qos: 1 })
    await publisher.endAsync()
    await until('the record', () => scene.taken.records.length === 1)
    assert.deepEqual(plain(scene.taken.records), [{ n: 1, device_id: 'd7' }])
  })

  it('gives the server credit for no more than may be in flight', async () => {
    const scene = sceneOf(url, { maxInFlight: 50, batchSize: 10 })
    scene.taken.treatment = 'hold'
    await red.deploy(scene.flow)
    await client.send(scene.queue, readings(500))
    await until('the bound', () => scene.taken.records.length === 50)
    await until('the status', () => /in flight/.test(nodeOf(scene).status?.text ?? ''))
    assert.equal(scene.taken.records.length, 50)
    scene.taken.release()
    await until('all', () => numbersOf(scene.taken).length === 500)
    await settled(scene)
  })

  it('releases what is not settled when it is stopped, so that it comes again', async () => {
    const scene = sceneOf(url)
    scene.taken.treatment = 'hold'
    await red.deploy(scene.flow)
    await client.send(scene.queue, readings(20))
    await until('20 records', () => scene.taken.records.length === 20)
    const left = (await leftIn(scene, 20)) as { delivery_count?: number }[]
    assert.deepEqual(new Set(left.map(({ delivery_count: again }) => again ?? 0)), new Set([0]))
  })

  it('a record that is none beside 499 good ones: a dead letter, and all are accepted', async () => {
    const scene = sceneOf(url)
    await red.deploy(scene.flow)
    const messages = readings(500).map((each, n) => (n === 250 ? { body: 'rubbish' } : each))
    await client.send(scene.queue, messages)
    await until('all', () => scene.taken.records.length === 499)
    await until('the letter', () => scene.rejected.records.length === 1)
    const [letter] = scene.rejected.records as { reason: { code: string }; raw: Buffer }[]
    assert.equal(letter!.reason.code, 'JSON_INVALID')
    assert.equal(String(letter!.raw), 'rubbish')
    await settled(scene)
    await leftIn(scene, 0)
  })

  it('gives back what the flow fails with, as the dialog says', async () => {
    const scene = sceneOf(url, { failed: 'return', retries: 0 })
    scene.taken.treatment = 'fail'
    await red.deploy(scene.flow)
    await client.send(scene.queue, readings(1))
    await until('it to come again', () => scene.taken.got.length >= 3)
    assert.equal(scene.rejected.records.length, 0)
    const counts = scene.taken.records.map(record =>
      lastHeader(provenanceOf(record)!.taken.headers, 'amqp.delivery-count')
    )
    assert.deepEqual(counts.slice(0, 3), [undefined, '1', '2'])
    const [left] = (await leftIn(scene, 1)) as { delivery_count: number }[]
    assert.ok(left!.delivery_count >= 2, String(left!.delivery_count))
  })

  it('a dead letter of what the flow fails with, where the dialog says nothing else', async () => {
    const scene = sceneOf(url, { retries: 1 })
    scene.taken.treatment = 'fail'
    await red.deploy(scene.flow)
    await client.send(scene.queue, readings(1))
    await until('the letter', () => scene.rejected.records.length === 1)
    assert.equal(scene.taken.got.length, 2)
    await until('settlement', () => countsOf(scene).inFlight === 0)
    await leftIn(scene, 0)
  })

  /** Settlements that the server of the tests answers by taking the message out of its queue. */
  for (const [what, options, body, letters] of [
    ['what cannot be read, with its letter stored', { unreadable: 'reject' }, 'rubbish', 1],
    ['what the flow fails with', { failed: 'reject', retries: 0 }, '{"n":1}', 0]
  ] as const) {
    it(`rejects on the server ${what}`, async () => {
      const scene = sceneOf(url, options)
      scene.taken.treatment = 'fail'
      await red.deploy(scene.flow)
      await client.send(scene.queue, [{ body }])
      await until('the end', () => countsOf(scene).in === 1 && countsOf(scene).inFlight === 0)
      assert.equal(scene.rejected.records.length, letters)
      await leftIn(scene, 0)
    })
  }

  it('is red for a wrong login, and for an address that it may not use', async () => {
    const login = { login: 'password', username: 'millrace', credentials: { password: 'wrong' } }
    const scene = sceneOf(url, {}, login)
    await red.deploy(scene.flow)
    await until('the status', () => nodeOf(scene).status?.text === 'login refused')
    assert.equal(nodeOf(scene).status?.healthy, false)
    assert.ok(red.logs.every(({ msg }) => !String(msg).includes('wrong')))
  })
})
