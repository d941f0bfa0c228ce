import assert from 'node:assert/strict'
import { report } from '../../../../core/node/metrics.ts'
import publish from '../../../../palettes/amqp/nodes/amqp-publish/runtime.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { accounts } from '../../../../stack/services.ts'
import { collectorOf, registerCollect } from '../../../collector.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { kill, restart, services } from '../../../services.ts'
import { until } from '../../../until.ts'
import { amqpUrl, Client, unique } from '../rig.ts'

describe('amqp-publish in Node-RED', function () {
  this.timeout(90_000)
  let red: RunningNodeRed
  let url: string
  before(async () => {
    url = amqpUrl((await services('mqtt')).mqtt.url)
    red = await startNodeRed({ nodes: [server, publish, registerCollect] })
  })
  after(() => red?.stop())
  afterEach(() => red.deploy([]))

  function sceneOf(options: Record<string, unknown> = {}, login: Record<string, unknown> = {}) {
    const [tab, serverId, node] = [unique('tab'), unique('server'), unique('publish')]
    const [stored, refused, address] = [unique('stored'), unique('refused'), unique('queue')]
    const flow: FlowEntry[] = [
      { id: tab, type: 'tab' },
      { id: serverId, type: 'millrace-amqp-server', url, ...login },
      {
        id: node,
        z: tab,
        type: 'millrace-amqp-publish',
        server: serverId,
        address,
        wires: [[stored], [refused]],
        ...options
      },
      { id: stored, z: tab, type: 'collect', wires: [] },
      { id: refused, z: tab, type: 'collect', wires: [] }
    ]
    const publishAll = (payload: unknown) =>
      red.node<{ receive(message: object): void }>(node).receive({ payload })
    const state = () => report().nodes.find(({ id }) => id === node)!
    return {
      flow,
      address,
      stored: collectorOf(stored),
      refused: collectorOf(refused),
      publishAll,
      state
    }
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }))
  const bodyOf = (body: unknown) =>
    JSON.parse(String((body as { content?: Buffer }).content ?? body)) as { n: number }

  /** What lies in a queue, until it is so many different numbers, in order. */
  async function inQueue(address: string, count: number): Promise<number[]> {
    const client = await Client.open(url)
    const found = client.take(address)
    const numbersIn = () => found.map(({ message }) => bodyOf(message!.body).n)
    await until(`${count} messages`, () => new Set(numbersIn()).size >= count)
    await client.close()
    return numbersIn()
  }

  it('publishes records in order, and passes them on when they are accepted', async () => {
    const scene = sceneOf()
    await red.deploy(scene.flow)
    scene.publishAll(numbers(2_000))
    await until('2,000 records', () => scene.stored.records.length === 2_000)
    assert.deepEqual(
      await inQueue(scene.address, 2_000),
      numbers(2_000).map(({ n }) => n)
    )
    assert.equal(scene.state().counts.stored, 2_000)
  })

  it('rejects what the server refuses, beside 499 good ones', async () => {
    const prefix = accounts.mqttGuest.prefix
    const scene = sceneOf(
      { address: '{to}', kind: 'queue' },
      {
        login: 'password',
        username: accounts.mqttGuest.user,
        credentials: { password: accounts.mqttGuest.password }
      }
    )
    await red.deploy(scene.flow)
    const good = `${prefix}${unique('queue')}`
    scene.publishAll(numbers(500).map(each => ({ ...each, to: each.n === 250 ? 'other' : good })))
    await until('499 records', () => scene.stored.records.length === 499)
    const [refusal] = scene.refused.records as { reason: { code: string; message: string } }[]
    assert.equal(scene.refused.records.length, 1)
    assert.equal(refusal!.reason.code, 'AMQP_ADDRESS_REFUSED')
    assert.match(refusal!.reason.message, /"other"/)
  })

  it('waits, and is red, where its one address may not be used', async () => {
    const scene = sceneOf(
      { address: 'forbidden' },
      {
        login: 'password',
        username: accounts.mqttGuest.user,
        credentials: { password: accounts.mqttGuest.password }
      }
    )
    await red.deploy(scene.flow)
    scene.publishAll([{ n: 1 }])
    await until('the status', () => /no right/.test(scene.state().status?.text ?? ''))
    assert.equal(scene.refused.records.length + scene.stored.records.length, 0)
  })

  it('1 MB payloads arrive whole', async () => {
    const scene = sceneOf()
    await red.deploy(scene.flow)
    const records = numbers(5).map(each => ({ ...each, text: 'x'.repeat(1_000_000) }))
    scene.publishAll(records)
    await until('5 records', () => scene.stored.records.length === 5)
    assert.deepEqual(await inQueue(scene.address, 5), [0, 1, 2, 3, 4])
  })

  it('kill -9 of the server in the middle: nothing that was passed on is lost', async () => {
    const scene = sceneOf()
    await red.deploy(scene.flow)
    for (let n = 0; n < 5_000; n += 100)
      scene.publishAll(numbers(100).map(each => ({ n: n + each.n })))
    await until('some', () => scene.stored.records.length > 500)
    await kill('mqtt')
    await until('the status', () => scene.state().status?.healthy === false)
    await restart('mqtt')
    await until('all', () => scene.stored.records.length === 5_000, 60_000)
    const found = new Set(await inQueue(scene.address, 5_000))
    assert.equal(found.size, 5_000)
    assert.equal(scene.refused.records.length, 0)
  })
})
