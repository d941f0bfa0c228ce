import assert from 'node:assert/strict'
import type { MqttClient } from 'mqtt'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { device } from '../../core/mqtt/rig.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { countsOf, greeted, type Scene, sceneOf, topicOf } from './scene.ts'

describe('mqtt-ingest whose rejected records no wire takes', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let url: string
  let publisher: MqttClient
  before(async () => {
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
    url = (await services('mqtt')).mqtt.url
    publisher = await device(url)
  })
  after(async () => {
    await publisher.endAsync()
    await red.stop()
  })
  beforeEach(() => {
    red.logs.length = 0
  })
  afterEach(() => red.deploy([]))

  function unwired(options: Record<string, unknown>): Scene {
    const scene = sceneOf(url, options)
    scene.flow[2]!.wires!.pop()
    return scene
  }
  const told = (scene: Scene, sentence: RegExp) =>
    red.logs.filter(({ id, msg }) => id === scene.ingest && sentence.test(String(msg)))

  for (const [options, sentence] of [
    [{ acknowledge: 'stored' }, /leads nowhere, so nobody stores what leaves by it/],
    [{ acknowledge: 'finished' }, /leads nowhere: messages that are no records are lost/]
  ] as const) {
    it(`warns of what that means: ${options.acknowledge}`, async () => {
      const scene = unwired(options)
      await red.deploy(scene.flow)
      assert.equal(told(scene, /leads nowhere/).length, 1)
      assert.equal(told(scene, sentence).length, 1)
    })
  }

  it('keeps what the flow fails to deal with until it does, unacknowledged', async () => {
    const tap = await MqttTap.before(url)
    const scene = unwired({ retries: 1, batchSize: 1 })
    scene.flow[1]!.url = tap.url
    await red.deploy(scene.flow)
    await greeted(scene, publisher)
    const acknowledged = () =>
      tap.of('client', 'puback').length === tap.of('server', 'publish').length
    await until('the greetings to be acknowledged', acknowledged)
    const before = tap.of('client', 'puback').length
    scene.taken.treatment = 'fail'
    await publisher.publishAsync(topicOf(scene), '{"n":1}', { qos: 1 })
    await until('more tries than it has retries', () => scene.taken.records.length >= 4, 10_000)
    assert.equal(tap.of('client', 'puback').length, before)
    assert.equal(told(scene, /fails to deal with messages, and no wire leaves output 2/).length, 1)
    scene.taken.treatment = 'store'
    await until(
      'the acknowledgement',
      () => tap.of('client', 'puback').length === before + 1,
      10_000
    )
    const { stored, rejected, filtered } = countsOf(scene)
    assert.deepEqual([rejected, filtered], [0, 0])
    assert.ok(stored > 0)
    await red.deploy([])
    await tap.close()
  })

  it('counts what is no record as rejected, and says that it is lost', async () => {
    const scene = unwired({})
    await red.deploy(scene.flow)
    await greeted(scene, publisher)
    await publisher.publishAsync(topicOf(scene), 'no JSON', { qos: 1 })
    await until('the count', () => countsOf(scene).rejected === 1)
    assert.equal(countsOf(scene).filtered, 0)
    assert.equal(
      told(scene, /are lost, since no wire leaves output 2.*: 1\. The first: /).length,
      1
    )
  })
})
