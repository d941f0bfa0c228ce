import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:dgram'
import { generate, type Packet } from 'coap-packet'
import { endpointInUse } from '../../../palettes/coap/core/endpoints.ts'
import endpoint from '../../../palettes/coap/nodes/coap-endpoint/runtime.ts'
import ingest from '../../../palettes/coap/nodes/coap-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { block1, boundBy, CoapScene, freePort, post, postOf, Sender } from './rig.ts'

/** All of them by `npm run test:crash`. */
const DATAGRAMS = process.env.MILLRACE_CRASH ? 200_000 : 10_000

describe('coap-ingest, and what is sent to it by whoever', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let port: number
  let sender: Sender
  let scene: CoapScene
  let socket: Socket

  before(async () => {
    port = await freePort()
    red = await startNodeRed({ nodes: [endpoint, ingest, registerCollect] })
    scene = new CoapScene(port, { maxBodyBytes: 4096 })
    socket = await boundBy(async () => {
      await red.deploy(scene.flow)
      await until('its start', () => scene.status?.healthy === true)
    })
    sender = await Sender.open(port)
  })
  after(async () => {
    sender.close()
    await red.stop()
  })
  /** It may be told to come again: then it does. */
  const answers = () =>
    until('2.04', async () => (await post(port, scene.place, '{"v":1}')).code === '2.04')

  it('goes on after any bytes, and answers no more of them than came', async () => {
    const valid = generate(postOf(scene.place, '{"v":1}', { messageId: 1 }))
    let sent = 0
    for (let round = 0; round < 2_000; round++) {
      const bytes = round % 2 === 0 ? randomBytes(round % 97) : mutated(valid, round)
      sent += bytes.length
      sender.raw(bytes)
      if (round % 200 === 199) await answers()
    }
    await answers()
    assert.ok(sender.bytes <= 3 * sent, `${sender.bytes} of ${sent}`)
  })

  it(`takes ${DATAGRAMS} datagrams of any bytes from anywhere, in bounded memory and time`, async function () {
    this.timeout(120_000)
    const { exchanges } = endpointInUse({ host: '127.0.0.1', port })!
    const random = randomFrom(20_260_101)
    const seeds = seedsAt(scene.place).map(packet => generate(packet))
    let worstMs = 0
    const beganMs = performance.now()
    for (let sent = 0; sent < DATAGRAMS; sent++) {
      const bytes = sent % 5 === 0 ? noise(random) : distorted(seeds, random)
      const from = { address: `127.1.0.${random(250)}`, port: random(5) === 0 ? 0 : random(60_000) }
      const atMs = performance.now()
      socket.emit('message', bytes, { ...from, family: 'IPv4', size: bytes.length })
      worstMs = Math.max(worstMs, performance.now() - atMs)
      if (sent % 200 === 199) await new Promise(resolve => setImmediate(resolve))
    }
    const tookMs = performance.now() - beganMs
    assert.ok(exchanges!.remembered <= 50_001, `${exchanges!.remembered} answers are remembered`)
    assert.ok(exchanges!.unacknowledged <= 5_000, `${exchanges!.unacknowledged} are sent again`)
    await until('all to be answered', () => exchanges!.open === 0)
    assert.ok(worstMs < 1_000 && tookMs < 100_000, `${worstMs} ms at most, ${tookMs} ms in all`)
    assert.ok(scene.taken.records.length > 100, 'some of them are requests')
    await answers()
  })

  it('resets what is confirmable and cannot be read, and is silent on the rest', async () => {
    await sender.settle()
    // A token of nine bytes; an option that ends behind the datagram; a mark without a payload.
    for (const rest of ['4902000511', '40020005b5616263', '40020005ff'])
      sender.raw(Buffer.from(rest, 'hex'))
    for (let resets = 0; resets < 3; resets++) {
      const { reset, messageId } = await sender.next('a reset')
      assert.deepEqual([reset, messageId], [true, 5])
    }
    for (const rest of ['5902000611', '', '40', 'ffffffffff']) sender.raw(Buffer.from(rest, 'hex'))
    sender.send({ confirmable: true, code: '0.00', messageId: 8 })
    const { reset, messageId } = await sender.next('the reset that shows that we are here')
    assert.deepEqual([reset, messageId], [true, 8])
  })

  it('sends no long text to an address that may be a lie', async () => {
    const token = Buffer.of(6)
    await sender.settle(token)
    const bytes = sender.send(postOf(scene.place, '[1,1,1,1,1]', { messageId: 100, token }))
    await sender.next()
    const before = sender.bytes
    assert.ok(before > 0)
    sender.bytes = 0
    const again = sender.send(postOf(scene.place, '[2,1,1,1,1]', { messageId: 101, token }))
    await sender.next()
    assert.ok(sender.bytes <= 3 * again.length, `${sender.bytes} for ${bytes.length}`)
  })

  it('forgets the body of which no block has come for longest, rather than take more memory', async () => {
    const token = Buffer.of(7)
    await sender.settle(token)
    const piece = (tag: number, number: number, more: boolean, messageId: number) =>
      sender.send(
        postOf(scene.place, Buffer.alloc(16, 32), {
          messageId,
          token,
          options: [block1(number, more, 0), { name: 292, value: Buffer.of(tag >> 8, tag & 255) }]
        })
      )
    for (let tag = 0; tag < 1_001; tag++) {
      piece(tag, 0, true, 1_000 + tag)
      if (tag % 100 === 0) await until('answers', () => sender.heard.length > tag * 0.9 - 50)
    }
    await until('all answers', () => sender.heard.length >= 1_001)
    assert.ok(sender.heard.every(({ code }) => code === '2.31'))
    await sender.settle(token)
    piece(0, 1, true, 5_000)
    assert.equal((await sender.next()).code, '4.08')
    piece(1_000, 1, true, 5_001)
    assert.equal((await sender.next()).code, '2.31')
  })

  it('refuses blocks that say nonsense', async () => {
    const token = Buffer.of(8)
    await sender.settle(token)
    const codes: string[] = []
    const cases = [
      [block1(0, true, 7), 16],
      [block1(0, true, 0), 15],
      [block1(0, false, 0), 17],
      [block1(0xfffff, true, 6), 1024],
      [{ name: 'Block1', value: Buffer.alloc(4) }, 16]
    ] as const
    for (const [index, [option, length]] of cases.entries()) {
      sender.send(
        postOf(scene.place, Buffer.alloc(length, 32), {
          messageId: 9_000 + index,
          token,
          options: [option]
        })
      )
      codes.push((await sender.next()).code)
    }
    assert.deepEqual(codes, ['4.00', '4.00', '4.00', '4.13', '4.00'])
  })
})

/** Whole numbers below a limit, the same at each run. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
type Random = ReturnType<typeof randomFrom>

/** Messages of each kind, to begin from. */
function seedsAt(place: string): Packet[] {
  const pieces = [0, 1, 2].map(number =>
    postOf(place, Buffer.alloc(16, 32), { messageId: number, options: [block1(number, true, 0)] })
  )
  const plain = [true, false].map(confirmable =>
    postOf(place, '[{"v":1},{"v":2}]', { messageId: 7, confirmable })
  )
  const last = postOf(place, '{"v":1}', { messageId: 3, options: [block1(0, false, 6)] })
  const none = { code: '0.00', messageId: 9 }
  const others = [{ confirmable: true }, { ack: true }, { reset: true }]
  const observing = postOf(place, '{}', {
    messageId: 11,
    options: [
      { name: 'If-Match', value: Buffer.alloc(8, 1) },
      { name: 'Uri-Query', value: Buffer.from('token=x') },
      { name: 258, value: Buffer.of(2) }
    ]
  })
  return [...plain, ...pieces, last, observing, ...others.map(kind => ({ ...none, ...kind }))]
}

const noise = (random: Random): Buffer =>
  Buffer.from(Array.from({ length: random(64) }, () => random(256)))

/** With another message id, bytes changed, left out or put in, or cut off; at times as it is. */
function distorted(seeds: readonly Buffer[], random: Random): Buffer {
  const bytes = [...seeds[random(seeds.length)]!]
  bytes[3] = random(256)
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(bytes.length)
    const more = Array.from({ length: random(20) }, () => random(256))
    if (random(3) === 0) bytes.splice(at, random(8), ...more)
    else bytes[at] = random(256)
  }
  return Buffer.from(random(10) === 0 ? bytes.slice(0, random(bytes.length)) : bytes)
}

/** A valid datagram with some bytes changed, or cut off. */
function mutated(valid: Buffer, round: number): Buffer {
  const bytes = Buffer.from(valid)
  for (let change = 0; change < 1 + (round % 4); change++)
    bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256)
  return round % 3 === 0 ? bytes.subarray(0, round % bytes.length) : bytes
}
