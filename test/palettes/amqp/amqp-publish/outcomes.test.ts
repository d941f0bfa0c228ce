/**
 * What a server may answer that Artemis never does by itself: a peer that speaks AMQP 1.0 by the
 * same library, and answers as the test says.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import rhea, { type Delivery, type EventContext, type Message } from 'rhea'
import { report } from '../../../../core/node/metrics.ts'
import publish from '../../../../palettes/amqp/nodes/amqp-publish/runtime.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { collectorOf, registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { unique } from '../rig.ts'

type Answer = (delivery: Delivery, n: number) => void

/** Listens, and answers each message; it takes no more than the credit it gives. */
class Peer {
  readonly got: number[] = []
  answer: Answer = delivery => delivery.accept()
  readonly #container = rhea.create_container({ id: 'peer' })
  #server: Server | undefined

  async start(credit: number): Promise<string> {
    this.#container.on('receiver_open', ({ receiver }: EventContext) => {
      receiver?.add_credit(credit)
    })
    this.#container.on('message', ({ message, delivery, receiver }: EventContext) => {
      const n = numberIn(message!)
      this.got.push(n)
      this.answer(delivery!, n)
      receiver?.add_credit(1)
    })
    this.#container.on('disconnected', () => undefined)
    this.#server = this.#container.listen({
      port: 0,
      host: '127.0.0.1',
      receiver_options: { credit_window: 0, autoaccept: false }
    } as Parameters<typeof rhea.listen>[0])
    await once(this.#server, 'listening')
    return `amqp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  end(): void {
    this.#server?.close()
  }
}

const numberIn = ({ body }: Message): number =>
  (JSON.parse(String((body as { content: Buffer }).content)) as { n: number }).n

describe('amqp-publish, whatever the server answers', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  const peers: Peer[] = []
  before(async () => {
    red = await startNodeRed({ nodes: [server, publish, registerCollect] })
  })
  after(() => red?.stop())
  afterEach(async () => {
    await red.deploy([])
    for (const peer of peers.splice(0)) peer.end()
  })

  async function scene(answer: Answer, credit = 100) {
    const peer = new Peer()
    peers.push(peer)
    peer.answer = answer
    const url = await peer.start(credit)
    const [node, stored, refused] = [unique('publish'), unique('stored'), unique('refused')]
    await red.deploy([
      { id: 'tab', type: 'tab' },
      { id: 'server', type: 'millrace-amqp-server', url, server: 'any' },
      {
        id: node,
        z: 'tab',
        type: 'millrace-amqp-publish',
        server: 'server',
        address: 'anything',
        kind: 'plain',
        wires: [[stored], [refused]]
      },
      { id: stored, z: 'tab', type: 'collect', wires: [] },
      { id: refused, z: 'tab', type: 'collect', wires: [] }
    ])
    return {
      peer,
      stored: collectorOf(stored),
      refused: collectorOf(refused),
      state: () => report().nodes.find(({ id }) => id === node)!,
      send: (count: number) =>
        red
          .node<{ receive(message: object): void }>(node)
          .receive({ payload: Array.from({ length: count }, (_, n) => ({ n })) })
    }
  }

  it('one rejected beside 499 accepted: a rejection with what the server says', async () => {
    const { send, stored, refused } = await scene((delivery, n) => {
      if (n === 250) delivery.reject({ condition: 'acme:too-hot', description: 'Not today.' })
      else delivery.accept()
    })
    send(500)
    await until('499', () => stored.records.length === 499)
    const [{ reason }] = refused.records as [{ reason: { code: string; message: string } }]
    assert.equal(reason.code, 'AMQP_MESSAGE_REFUSED')
    assert.match(reason.message, /acme:too-hot, Not today/)
  })

  for (const [what, giveBack] of [
    ['released', (delivery: Delivery) => delivery.release()],
    ['modified', (delivery: Delivery) => delivery.modified({ delivery_failed: true })]
  ] as const) {
    it(`what is ${what} is sent again, until it is accepted`, async () => {
      let times = 0
      const { send, stored, peer, state } = await scene((delivery, n) => {
        if (n === 3 && times++ < 2) giveBack(delivery)
        else delivery.accept()
      })
      send(10)
      await until('all', () => stored.records.length === 10)
      assert.equal(peer.got.filter(n => n === 3).length, 3)
      assert.equal(state().counts.stored, 10)
    })
  }

  it('what is modified as undeliverable here is refused', async () => {
    const { send, stored, refused } = await scene(delivery =>
      delivery.modified({ delivery_failed: true, undeliverable_here: true })
    )
    send(1)
    await until('the refusal', () => refused.records.length === 1)
    assert.equal(stored.records.length, 0)
  })

  it('sends no more than the server gives credit for, and waits for its answers', async () => {
    const held: Delivery[] = []
    const { send, stored, peer, state } = await scene(delivery => {
      held.push(delivery)
    }, 5)
    peer.answer = delivery => held.push(delivery)
    send(50)
    await until('the status', () => /no answer/.test(state().status?.text ?? ''), 15_000)
    assert.equal(stored.records.length, 0)
    peer.answer = delivery => delivery.accept()
    for (const delivery of held) delivery.accept()
    await until('all', () => stored.records.length === 50)
    assert.equal(new Set(peer.got).size, 50)
  })
})
