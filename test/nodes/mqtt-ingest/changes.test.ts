/** What a deploy that changes an ingest node does to its session with the server. */
// Mostly waits.
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { MqttClient } from 'mqtt'
import { keptSessionsOf } from '../../../core/mqtt/kept-sessions.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { accounts } from '../../../stack/services.ts'
import { type BrokerMake, makes } from '../../brokers.ts'
import { registerCollect } from '../../collector.ts'
import { device, hasSession, unique } from '../../core/mqtt/rig.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { countsOf, greeted, type Scene, sceneOf, topicOf } from './scene.ts'

let red: RunningNodeRed
function withNodeRed(): void {
  before(async function () {
    this.timeout(60_000)
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
  })
  after(() => red.stop())
}

const numbersOf = ({ taken, rejected }: Scene): Set<number> =>
  new Set([...taken.records, ...rejected.records].map(record => (record as { n: number }).n))
const range = (count: number) => Array.from({ length: count }, (_, index) => index)
/** Those of the numbers below `count` that have not come. */
const missing = (scene: Scene, count: number): number[] => {
  const numbers = numbersOf(scene)
  return range(count).filter(n => !numbers.has(n))
}
const problemsOf = ({ ingest }: Scene, sentence: RegExp) =>
  red.logs.filter(({ id, msg }) => id === ingest && sentence.test(String(msg)))

/** Changes the ingest node and deploys what has changed. */
async function change(scene: Scene, options: Record<string, unknown>): Promise<void> {
  Object.assign(scene.flow[2]!, options)
  await red.deploy(scene.flow, 'nodes')
}

for (const make of makes) {
  describe(`mqtt-ingest that is changed, at ${make.name}`, function () {
    this.timeout(30_000)
    withNodeRed()
    let url: string
    let tap: MqttTap
    let publisher: MqttClient
    before(async () => {
      url = await make.start()
      publisher = await device(url)
    })
    after(async () => {
      await publisher.endAsync()
      await make.stop()
    })
    beforeEach(async () => {
      tap = await MqttTap.before(url)
      red.logs.length = 0
    })
    afterEach(async () => {
      await red.deploy([])
      await tap.close()
    })
    async function deploy(scene: Scene): Promise<void> {
      await red.deploy(scene.flow)
      await greeted(scene, publisher)
    }
    const publish = (scene: Scene, n: number) =>
      publisher.publishAsync(topicOf(scene), `{"n":${n}}`, { qos: 1 })
    const left = () =>
      until(
        'the end of the old subscription',
        () => tap.of('server', 'unsuback').length === 1,
        10_000
      )

    it('leaves the old topics once the new ones stand, and then gets nothing of them', async () => {
      const scene = sceneOf(tap.url)
      await deploy(scene)
      await change(scene, { topic: `${scene.org}/{site}/changed` })
      await left()
      const order = tap.seen
        .map(({ type }) => type)
        .filter(type => type === 'suback' || type === 'unsubscribe')
      assert.deepEqual(order, ['suback', 'suback', 'unsubscribe'])
      await publish(scene, 1)
      await publisher.publishAsync(`${scene.org}/s2/changed`, '{"n":2}', { qos: 1 })
      await until('what was published later', () => numbersOf(scene).has(2))
      assert.deepEqual([...numbersOf(scene)], [2])
    })

    it('loses nothing that waits under the old topics when these are made wider', async () => {
      const scene = sceneOf(tap.url, { acknowledge: 'stored', maxInFlight: 10 })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      for (const n of range(50)) await publish(scene, n)
      await until('as many as allowed', () => countsOf(scene).inFlight === 10)
      await change(scene, { topic: `${scene.org}/{site}/{device_type}/{device_id}/{measurement}` })
      await until('the new subscription', () => tap.of('server', 'suback').length === 2)
      assert.deepEqual(tap.of('client', 'unsubscribe'), [])
      scene.taken.release()
      await until('all', () => missing(scene, 50).length === 0, 10_000)
      await left()
      await publish(scene, 50)
      await until('the next', () => numbersOf(scene).has(50))
    })

    // Artemis 2.55 may lose a message when a session with a shared subscription subscribes to the
    // same filter without the group.
    const moves = make.strict ? (['joins', 'leaves'] as const) : (['joins'] as const)
    for (const move of moves) {
      it(`loses nothing when it ${move} a shared group under load`, async () => {
        const [before, after] = move === 'joins' ? ['', 'crew'] : ['crew', '']
        const scene = sceneOf(tap.url, { acknowledge: 'stored', group: before })
        await deploy(scene)
        let stopped = false
        let sent = 0
        const load = (async () => {
          while (!stopped) {
            await publish(scene, sent++)
            // by such pauses the node sees that nothing more waits
            if (sent % 200 === 0) await wait(400)
          }
        })()
        await until('some', () => scene.taken.records.length > 100)
        await change(scene, { group: after })
        await left()
        stopped = true
        await load
        await until(`all ${sent}`, () => missing(scene, sent).length === 0, 10_000, 100)
      })
    }

    const toldOf = (scene: Scene, clientId: string, sentence: string) =>
      problemsOf(scene, new RegExp(`session "${clientId}" on mqtt://.*${sentence}`))

    const formers = ({ ingest: id }: Scene) =>
      keptSessionsOf(red.RED as unknown as Parameters<typeof keptSessionsOf>[0]).formersOf(id)

    for (const what of ['client id', 'client id and address'] as const) {
      it(`takes what waits in the session of another ${what} first, then ends it`, async () => {
        const clientId = unique('former')
        const scene = sceneOf(url, { acknowledge: 'stored', clientId })
        await deploy(scene)
        scene.taken.treatment = 'hold'
        for (const n of range(20)) await publish(scene, n)
        await until('the held ones', () => scene.taken.records.length === 20)
        scene.taken.treatment = 'store'
        scene.taken.got.length = 0
        if (what === 'client id and address') scene.flow[1]!.url = tap.url
        await change(scene, { clientId: unique('renamed') })
        await until('what was held', () => missing(scene, 20).length === 0, 10_000)
        await until('the end', () => formers(scene).length === 0, 15_000)
        assert.equal(toldOf(scene, clientId, '20 messages wait in it').length, 1)
        assert.equal(await hasSession(url, clientId), false)
        await publish(scene, 20)
        await until('the new session', () => missing(scene, 21).length === 0)
      })
    }

    it('goes on with its session where another address leads to the same server', async () => {
      const clientId = unique('former')
      const scene = sceneOf(url, { clientId, acknowledge: 'stored' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      await publish(scene, 0)
      await until('the held one', () => scene.taken.records.length === 1)
      scene.taken.treatment = 'store'
      scene.taken.got.length = 0
      scene.flow[1]!.url = tap.url
      await change(scene, {
        topic: `${scene.org}/{site}/{device_type}/{device_id}/{measurement}`
      })
      await until('what was held', () => missing(scene, 1).length === 0)
      await until('the end', () => formers(scene).length === 0, 15_000)
      await left()
      await publish(scene, 1)
      await until('what comes', () => missing(scene, 2).length === 0)
      assert.deepEqual(problemsOf(scene, /session/), [])
    })

    it('keeps what the flow has not dealt with over another deploy, and ends it then', async () => {
      const clientId = unique('former')
      const scene = sceneOf(url, { acknowledge: 'stored', clientId })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      await publish(scene, 0)
      await until('the held one', () => scene.taken.records.length === 1)
      scene.taken.got.length = 0
      await change(scene, { clientId: unique('renamed') })
      await until('what was held', () => missing(scene, 1).length === 0, 10_000)
      scene.taken.got.length = 0
      scene.taken.treatment = 'store'
      assert.equal(formers(scene).length, 1)
      await change(scene, { lingerMs: 11 })
      await until('what was held', () => missing(scene, 1).length === 0, 10_000)
      await until('the end', () => formers(scene).length === 0, 15_000)
      assert.equal(await hasSession(url, clientId), false)
    })
  })
}

if (makes.length > 1) {
  describe('mqtt-ingest that is moved to another server', function () {
    this.timeout(30_000)
    withNodeRed()
    afterEach(() => red.deploy([]))
    after(async () => {
      for (const make of makes) await make.stop()
    })

    for (const [from, to] of [makes, makes.toReversed()] as [BrokerMake, BrokerMake][]) {
      it(`from ${from.name} to ${to.name}: takes what waits there, then ends that session, its own stays`, async () => {
        const clientId = unique('former')
        const [before, after] = [await from.start(), await to.start()]
        const scene = sceneOf(before, { acknowledge: 'stored', clientId })
        const [old, next] = [await device(before), await device(after)]
        await red.deploy(scene.flow)
        await greeted(scene, old)
        scene.taken.treatment = 'hold'
        const publish = (by: MqttClient, n: number) =>
          by.publishAsync(topicOf(scene), `{"n":${n}}`, { qos: 1 })
        for (const n of range(20)) await publish(old, n)
        await until('the held ones', () => scene.taken.records.length === 20)
        scene.taken.treatment = 'store'
        scene.taken.got.length = 0
        scene.flow[1]!.url = after
        await red.deploy(scene.flow, 'nodes')
        await until('what was held', () => missing(scene, 20).length === 0, 15_000)
        const kept = keptSessionsOf(red.RED as unknown as Parameters<typeof keptSessionsOf>[0])
        await until('the end', () => kept.formersOf(scene.ingest).length === 0, 15_000)
        assert.equal(await hasSession(before, clientId), false)
        await publish(next, 20)
        await until('what comes now', () => missing(scene, 21).length === 0)
        await Promise.all([old.endAsync(), next.endAsync()])
      })
    }
  })
}

describe('mqtt-ingest whose new topics are refused', function () {
  this.timeout(30_000)
  withNodeRed()

  it('keeps the old subscription, and gets all that came meanwhile when the topics are set right', async () => {
    const { mqtt } = await services('mqtt')
    const { user, password, prefix } = accounts.mqttGuest
    const scene = sceneOf(mqtt.url, {}, { username: user, credentials: { password } })
    const org = `${prefix}${scene.org}`
    const topic = `${prefix.slice(0, -1)}/{org}/{site}/{device_id}`
    scene.flow[2]!.topic = topic
    const publisher = await device(mqtt.url, { username: mqtt.user, password: mqtt.password })
    const publish = (n: number) => publisher.publishAsync(`${org}/s1/d1`, `{"n":${n}}`, { qos: 1 })
    await red.deploy(scene.flow)
    await until(
      'the subscription',
      async () => {
        await publish(0)
        return numbersOf(scene).has(0)
      },
      10_000,
      100
    )
    await change(scene, { topic: `${scene.org}/{site}/{device_id}` })
    await until(
      'the refusal',
      () => problemsOf(scene, /refused the subscription/).length > 0,
      10_000
    )
    await publish(1)
    await change(scene, { topic })
    await until('what came meanwhile', () => numbersOf(scene).has(1), 10_000)
    await red.deploy([])
    await publisher.endAsync()
  })
})
