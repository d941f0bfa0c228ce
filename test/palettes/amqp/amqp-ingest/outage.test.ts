import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import ingest from '../../../../palettes/amqp/nodes/amqp-ingest/runtime.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { kill, restart, services } from '../../../services.ts'
import { until } from '../../../until.ts'
import {
  amqpUrl,
  Client,
  countsOf,
  nodeOf,
  numbersOf,
  readings,
  sceneOf,
  unique,
  upTo
} from '../rig.ts'

/** A way to the server that can be cut. */
async function wayTo(url: string) {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  const proxy = createServer(near => {
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address() as { port: number }
  const cut = () => {
    for (const socket of open) socket.destroy()
    open.clear()
  }
  return {
    url: `amqp://127.0.0.1:${address.port}`,
    cut,
    end() {
      proxy.close()
      cut()
    }
  }
}

describe('amqp-ingest, when the server goes', function () {
  this.timeout(90_000)
  let red: RunningNodeRed
  let url: string
  before(async () => {
    url = amqpUrl((await services('mqtt')).mqtt.url)
    red = await startNodeRed({ nodes: [server, ingest, registerCollect] })
  })
  after(() => red?.stop())
  afterEach(() => red.deploy([]))

  /** Sends by a connection of its own. */
  async function send(queue: string, messages: readonly object[], capability = 'queue') {
    const client = await Client.open(url)
    await client.send(queue, messages, capability)
    await client.close()
  }

  it('a connection that is cut: what was not settled comes again, all of it', async () => {
    const way = await wayTo(url)
    const scene = sceneOf(way.url)
    scene.taken.treatment = 'hold'
    await red.deploy(scene.flow)
    await send(scene.queue, readings(50))
    await until('50 records', () => scene.taken.records.length === 50)
    scene.taken.got.length = 0
    scene.taken.treatment = 'store'
    way.cut()
    await until('all to come again', () => numbersOf(scene.taken).length === 50)
    assert.deepEqual(numbersOf(scene.taken), upTo(50))
    await until('settlement', () => countsOf(scene).inFlight === 0)
    way.end()
  })

  it('kill -9 of the server in the middle, and a server away at the start: nothing is lost', async () => {
    const scene = sceneOf(url)
    await send(scene.queue, readings(3_000))
    scene.taken.treatment = 'hold'
    await red.deploy(scene.flow)
    await until('some', () => scene.taken.records.length > 0)
    scene.taken.got[0]!.store()
    await kill('mqtt')
    await until('the status', () => nodeOf(scene).status?.text === 'waiting for the server')
    scene.taken.treatment = 'store'
    // Begins again without a server.
    await red.deploy([])
    await red.deploy(scene.flow)
    await until('the status', () => nodeOf(scene).status?.text === 'waiting for the server')
    await restart('mqtt')
    await until('all', () => numbersOf(scene.taken).length === 3_000, 60_000)
    await until('settlement', () => countsOf(scene).inFlight === 0)
    assert.deepEqual(numbersOf(scene.taken), upTo(3_000))
  })

  it('1 MB payloads come as there is memory for them', async () => {
    const scene = sceneOf(url, { maxPayloadBytes: 2_000_000 })
    scene.taken.treatment = 'hold'
    const text = 'x'.repeat(1_000_000)
    await send(
      scene.queue,
      upTo(100).map(n => ({ body: JSON.stringify({ n, text }) }))
    )
    await red.deploy(scene.flow)
    await until('as many as fit', () => countsOf(scene).inFlight >= 60)
    assert.ok(countsOf(scene).inFlight <= 68, String(countsOf(scene).inFlight))
    scene.taken.release()
    await until('all', () => numbersOf(scene.taken).length === 100, 60_000)
    await until('settlement', () => countsOf(scene).inFlight === 0)
  })

  it('a subscription keeps what is published while the node is away, until it is deleted', async () => {
    const address = unique('topic')
    const scene = sceneOf(url, { kind: 'topic', address, subscription: unique('subscription') })
    await red.deploy(scene.flow)
    await until('the link', () => nodeOf(scene).status?.healthy)
    const disabled = scene.flow.map(node =>
      node.type === 'tab' ? { ...node, disabled: true } : node
    )
    await red.deploy(disabled)
    await send(address, readings(10), 'topic')
    await red.deploy(scene.flow)
    await until('10 records', () => numbersOf(scene.taken).length === 10)
    await red.deploy([])
    await send(address, readings(10, 10), 'topic')
    await red.deploy(scene.flow)
    await until('the link', () => nodeOf(scene).status?.healthy)
    await send(address, readings(1, 99), 'topic')
    await until('the last', () => numbersOf(scene.taken).includes(99))
    assert.deepEqual(numbersOf(scene.taken), [...upTo(10), 99])
  })
})
