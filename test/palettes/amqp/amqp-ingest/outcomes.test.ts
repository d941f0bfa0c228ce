/**
 * What the other side is told of each message, seen from there: a peer that speaks AMQP 1.0 by the
 * same library.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import rhea, { type EventContext, type Message, type Sender } from 'rhea'
import type { Rejection } from '../../../../core/record/record.ts'
import ingest from '../../../../palettes/amqp/nodes/amqp-ingest/runtime.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { sceneOf } from '../rig.ts'

const OUTCOMES = ['accepted', 'rejected', 'released', 'modified'] as const

describe('what amqp-ingest tells of each message', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let listening: Server | undefined
  before(async () => {
    red = await startNodeRed({ nodes: [server, ingest, registerCollect] })
  })
  after(() => red?.stop())
  afterEach(async () => {
    await red.deploy([])
    listening?.close()
  })

  /** Sends these once it has credit for all; gives what it was told, by their place. */
  async function peerWith(bodies: readonly unknown[], beside: object = {}) {
    return peerOf(bodies, (sender, body) => sender.send({ ...beside, body } as unknown as Message))
  }
  async function peerOf<T>(bodies: readonly T[], send: (sender: Sender, body: T) => unknown) {
    const told = new Map<number, string>()
    const container = rhea.create_container({ id: 'peer' })
    const places = new Map<unknown, number>()
    container.on('sender_open', ({ sender }: EventContext) => {
      sender?.set_source({ address: 'queue' } as Parameters<typeof sender.set_source>[0])
    })
    container.once('sendable', ({ sender }: EventContext) => {
      for (const [index, body] of bodies.entries()) places.set(send(sender!, body), index)
    })
    for (const outcome of OUTCOMES)
      container.on(outcome, ({ delivery }: EventContext) => {
        const place = places.get(delivery)
        if (place !== undefined && !told.has(place)) told.set(place, outcome)
      })
    container.on('disconnected', () => undefined)
    listening = container.listen({
      port: 0,
      host: '127.0.0.1',
      sender_options: { treat_modified_as_released: false }
    } as Parameters<typeof container.listen>[0])
    await once(listening, 'listening')
    const url = `amqp://127.0.0.1:${(listening.address() as AddressInfo).port}`
    return { url, told: () => bodies.map((_body, index) => told.get(index)) }
  }
  const all = (told: () => readonly (string | undefined)[]) =>
    until('all to be told', () => !told().includes(undefined), 10_000)

  it('neighbours with different outcomes in one batch', async () => {
    const bodies = ['{}', 'no', '{}', 'no', 'no', '{}', '{}', 'no', '{}']
    const { url, told } = await peerWith(bodies)
    const scene = sceneOf(url, { unreadable: 'reject', kind: 'plain' })
    await red.deploy(scene.flow)
    await all(told)
    assert.deepEqual(
      told(),
      bodies.map(body => (body === '{}' ? 'accepted' : 'rejected'))
    )
  })

  it('what no record can be made of, with a time beyond dates: a dead letter that has it', async () => {
    const { types } = rhea
    const bodies = [
      { typecode: 117, content: [1] },
      { typecode: 117, content: 5 },
      [(types as never as { Decimal32(of: Buffer): unknown }).Decimal32(Buffer.alloc(4))],
      'no',
      '{}'
    ]
    const late = types.wrap_timestamp(Buffer.from('7fffffffffffffff', 'hex') as never)
    const { url, told } = await peerWith(bodies, { application_properties: { late } })
    const scene = sceneOf(url, { kind: 'plain' })
    await red.deploy(scene.flow)
    await all(told)
    assert.deepEqual(
      told(),
      bodies.map(() => 'accepted')
    )
    assert.equal(scene.taken.records.length, 3)
    const letters = scene.rejected.records as { raw: Buffer | null }[]
    assert.deepEqual(
      letters.map(({ raw }) => raw !== null && raw.length > 0),
      [true, true]
    )
  })

  it('what is given back right behind what is accepted', async () => {
    const { url, told } = await peerWith(['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}'])
    const scene = sceneOf(url, { kind: 'plain', batchSize: 1, acknowledge: 'stored' })
    scene.taken.treatment = 'hold'
    await red.deploy(scene.flow)
    await until('all', () => scene.taken.got.length === 4)
    const gone = red.deploy([])
    scene.taken.got[0]!.store()
    scene.taken.got[2]!.store()
    await gone
    await all(told)
    assert.deepEqual(told(), ['accepted', 'released', 'accepted', 'released'])
  })

  const encoded = (body: string) => rhea.message.encode({ body } as unknown as Message)
  const hex = (text: string) => Buffer.from(text, 'hex')
  /** Bytes, and the format that a message says to be of. */
  const NO_MESSAGES: readonly (readonly [what: string, wire: Buffer, format?: number])[] = [
    ['a value of no type', hex('0053777f')],
    ['a text that is cut off', hex('005377a1ff616263')],
    ['data that is cut off', hex('005375b0000000ff7b7d')],
    ['a list that ends before its time', hex('005377c0030502')],
    ['four billion nulls in an array', hex('005377f000000005ffffffff40')],
    ['lists within lists', Buffer.concat([hex('005377'), Buffer.alloc(60_000, hex('c0ff01'))])],
    ['no section', hex('ff')],
    ['a message of another format', encoded('{}'), 7]
  ]

  for (const unreadable of ['accept', 'reject'])
    it(`bytes that are no message are told once, and what is behind them comes: ${unreadable}`, async () => {
      const sent = NO_MESSAGES.flatMap(([, wire, format = 0]) => [
        { wire, format },
        { wire: encoded('{}'), format: 0 }
      ])
      const { url, told } = await peerOf(sent, (sender, { wire, format }) =>
        sender.send(wire, undefined, format)
      )
      const scene = sceneOf(url, { kind: 'plain', unreadable })
      await red.deploy(scene.flow)
      await all(told)
      const bad = unreadable === 'accept' ? 'accepted' : 'rejected'
      assert.deepEqual(
        told(),
        NO_MESSAGES.flatMap(() => [bad, 'accepted'])
      )
      assert.equal(scene.taken.records.length, NO_MESSAGES.length)
      const letters = scene.rejected.records as Rejection[]
      assert.deepEqual(
        letters.map(({ reason, raw }) => [reason.code, raw?.toString('hex')]),
        NO_MESSAGES.map(([, wire]) => ['FORMAT_INVALID', wire.toString('hex')])
      )
    })
})
