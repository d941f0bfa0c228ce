/**
 * A disabled node, or tab, is a pause: what devices got a PUBACK for meanwhile comes when it is
 * enabled.
 */
// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import { report } from '../../../core/node/metrics.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { makes } from '../../brokers.ts'
import { registerCollect } from '../../collector.ts'
import { device, hasSession, unique } from '../../core/mqtt/rig.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { countsOf, greeted, type Scene, sceneOf, topicOf } from './scene.ts'

let red: RunningNodeRed
const begin = async (userDir?: string) => {
  red = await startNodeRed({
    nodes: [broker, ingest, registerCollect],
    ...(userDir ? { userDir } : {})
  })
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index)
const numbersOf = (...scenes: Scene[]) =>
  new Set(
    scenes
      .flatMap(({ taken }) => taken.records.map(record => (record as { n?: number }).n))
      .filter(n => n !== undefined)
  )
const linesOf = (sentence: RegExp) =>
  red.logs.filter(({ msg }) => sentence.test(String(msg))).map(({ msg }) => String(msg))
const having = (flow: FlowEntry[], id: string, more: object) =>
  flow.map(entry => (entry.id === id ? { ...entry, ...more } : entry))
const tabOf = (scene: Scene) => scene.flow[0]!.id
const serverOf = (scene: Scene) => scene.flow[1]!.id

for (const make of makes) {
  describe(`mqtt-ingest that is paused, at ${make.name}`, function () {
    this.timeout(40_000)
    let url: string
    let publisher: MqttClient
    const folders: string[] = []
    before(async function () {
      this.timeout(60_000)
      url = await make.start()
      publisher = await device(url)
      await begin()
    })
    after(async () => {
      await red.stop()
      for (const folder of folders)
        await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
      await publisher.endAsync()
      await make.stop()
    })
    beforeEach(() => {
      red.logs.length = 0
    })
    afterEach(() => red.deploy([]))

    async function deploy(scene: Scene): Promise<void> {
      await red.deploy(scene.flow)
      await greeted(scene, publisher)
    }
    const publish = async (scene: Scene, first: number, count: number) => {
      for (const n of range(count))
        await publisher.publishAsync(topicOf(scene), `{"n":${first + n}}`, { qos: 1 })
    }
    const complete = (count: number, ...scenes: Scene[]) =>
      until(
        `${count} records, ${numbersOf(...scenes).size} came`,
        () => numbersOf(...scenes).size === count,
        10_000
      )

    const pauses: [string, (scene: Scene) => FlowEntry[]][] = [
      ['the tab', scene => having(scene.flow, tabOf(scene), { disabled: true })],
      ['the node', scene => having(scene.flow, scene.ingest, { d: true })],
      [
        'the node and its server',
        scene => having(having(scene.flow, scene.ingest, { d: true }), serverOf(scene), { d: true })
      ],
      [
        'all users of the server',
        scene => scene.flow.map(entry => (entry.z ? { ...entry, d: true } : entry))
      ]
    ]
    for (const [what, pause] of pauses) {
      for (const type of ['full', 'nodes'] as const) {
        it(`pause-tab: gets all that was published while ${what} was disabled (${type})`, async () => {
          const scene = sceneOf(url)
          await deploy(scene)
          const { in: before } = countsOf(scene)
          await red.deploy(pause(scene), type)
          await publish(scene, 0, 10)
          assert.equal(countsOf(scene).in, before, 'its counts stay')
          assert.equal(report().nodes.find(({ id }) => id === scene.ingest)?.status, undefined)
          await red.deploy(scene.flow, type)
          await complete(10, scene)
          assert.deepEqual(linesOf(/ends|lost/), [])
        })
      }
    }

    it('pause-with-backlog: gets what waited in the flow when it was disabled', async () => {
      const scene = sceneOf(url, { acknowledge: 'stored', maxInFlight: 50 })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      await publish(scene, 0, 200)
      await until('as many as allowed', () => countsOf(scene).inFlight === 50)
      await red.deploy(having(scene.flow, tabOf(scene), { disabled: true }))
      scene.taken.got.length = 0
      scene.taken.treatment = 'store'
      await red.deploy(scene.flow)
      await complete(200, scene)
    })

    it('gets all where both members of a shared group were disabled', async () => {
      const group = unique('crew')
      const one = sceneOf(url, { group })
      const topic = one.flow[2]!.topic
      const two = sceneOf(url, { group, topic })
      await red.deploy([...one.flow, ...two.flow])
      const greetings = () => one.taken.records.length + two.taken.records.length
      const greet = async () => {
        await publisher.publishAsync(topicOf(one), '{"greeting":true}', { qos: 1 })
        return one.taken.records.length > 0 && two.taken.records.length > 0
      }
      await until('both members', greet, 15_000, 20)
      await until('settlement', () => countsOf(one).inFlight + countsOf(two).inFlight === 0)
      assert.ok(greetings() > 1)
      const paused = [
        ...having(one.flow, tabOf(one), { disabled: true }),
        ...having(two.flow, tabOf(two), { disabled: true })
      ]
      await red.deploy(paused)
      await publish(one, 0, 50)
      await red.deploy([...one.flow, ...two.flow])
      await complete(50, one, two)
    })

    it('gets what came while it was disabled over a restart of Node-RED, and what came while all flows were stopped', async () => {
      const userDir = await ownFolder()
      const scene = sceneOf(url)
      await deploy(scene)
      await red.RED.runtime.flows.setState({ state: 'stop' })
      await publish(scene, 0, 5)
      await red.RED.runtime.flows.setState({ state: 'start' })
      await complete(5, scene)
      await red.deploy(having(scene.flow, scene.ingest, { d: true }))
      await publish(scene, 5, 5)
      await restart(userDir, () => publish(scene, 10, 5))
      await red.deploy(scene.flow)
      await complete(15, scene)
    })

    it('leaves the topics it had before it was changed while it was disabled and Node-RED was away, and loses nothing', async () => {
      const userDir = await ownFolder()
      const tap = await MqttTap.before(url)
      const scene = sceneOf(tap.url)
      await deploy(scene)
      await red.deploy(having(scene.flow, scene.ingest, { d: true }))
      await publish(scene, 0, 5)
      await restart(userDir)
      const topic = `${scene.org}/{site}/{device_type}/{device_id}/{measurement}`
      await red.deploy(having(scene.flow, scene.ingest, { topic }))
      await complete(5, scene)
      await until(
        'the end of the old subscription',
        () => tap.of('server', 'unsuback').length === 1,
        15_000
      )
      await publish(scene, 5, 1)
      await complete(6, scene)
      await red.deploy([])
      await tap.close()
    })

    it('ends the session of a node that is deleted while it is disabled, and says before what waits in it', async () => {
      const clientId = unique('paused')
      const scene = sceneOf(url, { clientId })
      await deploy(scene)
      await red.deploy(having(scene.flow, scene.ingest, { d: true }), 'nodes')
      await publish(scene, 0, 7)
      await red.deploy(
        scene.flow.filter(({ id }) => id !== scene.ingest),
        'nodes'
      )
      const line = await until(
        'the word of it',
        () => linesOf(/ends, since its node was deleted/)[0],
        10_000
      )
      assert.match(line, new RegExp(`"${clientId}".*7 messages that were waiting`))
      await ended(clientId)
    })

    it('says what waits in the session of a node that is deleted', async () => {
      const clientId = unique('deleted')
      const scene = sceneOf(url, { clientId, acknowledge: 'stored' })
      await deploy(scene)
      scene.taken.treatment = 'hold'
      await publish(scene, 0, 3)
      await until('the held ones', () => scene.taken.records.length === 3)
      await red.deploy([])
      assert.match(
        linesOf(/ends, since its node was deleted/).join(),
        /3 messages that were waiting/
      )
      assert.equal(await hasSession(url, clientId), false)
    })

    it('ends the session of a node that was deleted while the server was away, once it is back', async () => {
      const clientId = unique('away')
      const tap = await MqttTap.before(url)
      const port = Number(new URL(tap.url).port)
      const scene = sceneOf(tap.url, { clientId })
      await deploy(scene)
      await tap.close()
      await red.deploy([])
      assert.equal(linesOf(new RegExp(`"${clientId}".*could not be ended`)).length, 1)
      const again = await MqttTap.before(url, port)
      await ended(clientId)
      await again.close()
    })

    it('keeps the session of a node that another one with its client id takes over', async () => {
      const clientId = unique('pasted')
      const scene = sceneOf(url, { clientId })
      await deploy(scene)
      await red.deploy(having(scene.flow, scene.ingest, { d: true }))
      await publish(scene, 0, 5)
      const pasted = unique('pasted-node')
      await red.deploy(having(scene.flow, scene.ingest, { id: pasted }))
      await complete(5, scene)
    })

    it('keeps the session of a node that is not in another flow file, and says so once', async () => {
      const clientId = unique('project')
      const scene = sceneOf(url, { clientId })
      await deploy(scene)
      const { runtime } = red.RED as unknown as {
        runtime: { storage: { saveFlows(config: object): Promise<unknown> } }
      }
      await runtime.storage.saveFlows({ flows: [], credentials: {} })
      for (const _ of range(2)) {
        const started = new Promise<void>(resolve =>
          red.RED.events.once('flows:started', () => resolve())
        )
        await red.RED.runtime.flows.setFlows({
          flows: { flows: [] },
          deploymentType: 'reload' as 'full'
        })
        await started
      }
      assert.equal(linesOf(new RegExp(`"${clientId}".*is left to the server`)).length, 1)
      await publish(scene, 0, 5)
      await red.deploy(scene.flow)
      await complete(5, scene)
    })

    it('says that what is published meanwhile is lost where the server keeps no session', async () => {
      const scene = sceneOf(url, {}, { cleanStart: true })
      await deploy(scene)
      await red.deploy(having(scene.flow, scene.ingest, { d: true }))
      assert.equal(
        linesOf(/Disabled: what is published until it is enabled again is lost/).length,
        1
      )
    })

    /** Starts Node-RED anew in a folder that outlives its end. */
    async function ownFolder(): Promise<string> {
      const userDir = await mkdtemp(join(tmpdir(), 'millrace-paused-'))
      folders.push(userDir)
      await restart(userDir)
      return userDir
    }
    async function restart(userDir: string, meanwhile?: () => Promise<void>): Promise<void> {
      await red.stop()
      // As if the process were another one: only what stands in the folder is known.
      delete (globalThis as Record<symbol, unknown>)[Symbol.for('millrace.mqtt-sessions')]
      await meanwhile?.()
      await begin(userDir)
    }
    /** What Node-RED remembers: to ask the server would take the session over. */
    const isRemembered = (clientId: string) =>
      readFileSync(join(red.userDir, 'millrace', 'mqtt-sessions.json'), 'utf8').includes(clientId)
    async function ended(clientId: string): Promise<void> {
      await until('the end of the session', () => !isRemembered(clientId), 20_000)
      assert.equal(await hasSession(url, clientId), false)
    }
  })
}
