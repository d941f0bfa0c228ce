import assert from 'node:assert/strict'
import type { Socket } from 'node:dgram'
import { generate, type Packet } from 'coap-packet'
import { CoapEndpoint } from '../../../../palettes/coap/core/endpoint.ts'
import type { Exchange } from '../../../../palettes/coap/core/exchange.ts'
import { until } from '../../../until.ts'
import { boundBy, freePort, postOf, Sender } from '../rig.ts'

describe('the endpoint of CoAP', () => {
  let endpoint: CoapEndpoint
  let socket: Socket
  let taken: Exchange[] = []
  let sender: Sender

  before(async () => {
    const port = await freePort()
    endpoint = new CoapEndpoint({ host: '127.0.0.1', port })
    socket = await boundBy(async () => {
      endpoint.add('taker', {
        owns: path => path === 'in',
        take: (_request, exchange) => void taken.push(exchange),
        changed: () => undefined
      })
      await until('its port', () => endpoint.isBound)
    })
    sender = await Sender.open(port)
  })
  beforeEach(() => {
    taken = []
  })
  after(() => {
    sender.close()
    endpoint.end()
  })
  /** No program can send from port 0; the network brings what says so. */
  const fromPort0 = (packet: Packet | string) =>
    socket.emit(
      'message',
      typeof packet === 'string' ? Buffer.from(packet, 'hex') : generate(packet),
      { address: '127.0.0.1', port: 0, family: 'IPv4', size: 0 }
    )

  it('goes on where an answer can be sent to nobody, as to port 0', async () => {
    fromPort0({ code: '0.00', confirmable: true, messageId: 1 })
    fromPort0('40020005ff')
    fromPort0(postOf('nowhere', '1', { messageId: 2 }))
    fromPort0(postOf('in', '1', { messageId: 3 }))
    taken[0]!.answer({ code: '2.04' })
    fromPort0(postOf('in', '1', { messageId: 3 }))
    fromPort0(postOf('in', '1', { messageId: 4, confirmable: false }))
    taken[1]!.answer({ code: '2.04' })
    // By a timer: the acknowledgement alone, and then an answer of its own.
    fromPort0(postOf('in', '1', { messageId: 5 }))
    await until('its acknowledgement', () => taken[2]!.acknowledgement !== undefined)
    taken[2]!.answer({ code: '2.04' })
    assert.equal(endpoint.exchanges!.unacknowledged, 1)
    sender.send({ code: '0.00', confirmable: true, messageId: 9 })
    assert.equal((await sender.next('a reset')).messageId, 9)
  })

  it('takes what comes under the message id of another request, and knows copies by their bytes', async () => {
    await sender.settle()
    const send = async (body: string, token: number) => {
      const before = taken.length
      sender.send(postOf('in', body, { messageId: 100, token: Buffer.of(token) }))
      if (taken.length === before)
        await until('it', () => taken.length > before, 2_000).catch(() => undefined)
      taken[before]?.answer({ code: '2.04', text: body })
      const { token: of, payload } = await sender.next()
      return [of[0], payload.toString()]
    }
    assert.deepEqual(await send('{"v":1}', 1), [1, '{"v":1}'])
    assert.deepEqual(await send('{"v":2}', 1), [1, '{"v":2}'])
    assert.deepEqual(await send('{"v":2}', 2), [2, '{"v":2}'])
    assert.equal(taken.length, 3)
    for (const [body, token] of [
      ['{"v":1}', 1],
      ['{"v":2}', 2]
    ] as const) {
      sender.send(postOf('in', body, { messageId: 100, token: Buffer.of(token) }))
      const { payload } = await sender.next('the answer of before')
      assert.deepEqual([payload.toString(), taken.length], [body, 3])
    }
  })
})
