import assert from 'node:assert/strict'
import type { Packet } from 'coap-packet'
import { generate, parse } from 'coap-packet'
import { Codec, type Datagram } from '../../../../palettes/coap/core/datagram.ts'
import { Exchanges } from '../../../../palettes/coap/core/exchanges.ts'

describe('the message layer of CoAP', () => {
  let codec: Codec
  let nowMs = 0
  let sent: Buffer[] = []
  let exchanges: Exchanges

  before(async () => {
    codec = await Codec.load()
  })
  beforeEach(() => {
    nowMs = 0
    sent = []
    exchanges = new Exchanges({ codec, now: () => nowMs, send: bytes => sent.push(bytes) })
  })
  afterEach(() => exchanges.end())
  const request = (messageId: number, more: Packet = {}): Datagram =>
    codec.read(
      generate({ code: '0.02', confirmable: true, messageId, token: Buffer.of(1), ...more })
    ) as Datagram

  it('remembers an answer for as long as its request may come again, and no longer', () => {
    exchanges.begin('a 1', request(1))?.answer({ code: '2.04' })
    assert.equal(exchanges.begin('a 1', request(1)), undefined)
    assert.deepEqual(sent[0], sent[1])
    assert.notEqual(exchanges.begin('a 2', request(1)), undefined)
    nowMs = 247_001
    assert.notEqual(exchanges.begin('a 1', request(1)), undefined)
    assert.equal(exchanges.remembered, 0)
  })

  it('remembers so many answers, and forgets the oldest first', () => {
    for (let id = 0; id < 60_000; id++)
      exchanges.begin('a 1', request(id))?.answer({ code: '2.04' })
    assert.ok(exchanges.remembered <= 50_001, String(exchanges.remembered))
    assert.equal(exchanges.begin('a 1', request(59_999)), undefined)
    assert.notEqual(exchanges.begin('a 1', request(1)), undefined)
  })

  it('tells a copy by its bytes: under the same message id another request may come', () => {
    exchanges.begin('a 1', request(1))?.answer({ code: '2.04' })
    for (const more of [{ token: Buffer.of(2) }, { payload: Buffer.from('2') }]) {
      const other = exchanges.begin('a 1', request(1, more))
      assert.notEqual(other, undefined)
      other!.answer({ code: '4.00' })
      assert.equal(exchanges.begin('a 1', request(1, more)), undefined)
      assert.deepEqual(sent.at(-1), sent.at(-2))
    }
    assert.equal(exchanges.begin('a 1', request(1)), undefined)
    assert.equal(parse(sent.at(-1)!).code, '2.04')
    assert.equal(exchanges.remembered, 3)
  })

  it('looks at a copy anew where nothing was taken', () => {
    exchanges.begin('a 1', request(1))?.answer({ code: '5.03' }, false)
    assert.notEqual(exchanges.begin('a 1', request(1)), undefined)
    assert.equal(exchanges.remembered, 0)
  })

  it('sends what is not acknowledged of no more than so many at a time', async () => {
    const open = Array.from({ length: 6_000 }, (_, id) => exchanges.begin('a 1', request(id))!)
    await new Promise(resolve => setTimeout(resolve, 150))
    for (const each of open) each.answer({ code: '2.04' })
    assert.equal(exchanges.unacknowledged, 5_000)
    const last = parse(sent.at(-1000)!)
    exchanges.acknowledged('a 1', parse(sent[6_000]!).messageId)
    assert.equal(exchanges.unacknowledged, 4_999)
    assert.equal(last.confirmable, true)
  })

  it('gives a stranger no more than three times what came, whatever is to be said', () => {
    const text = 'x'.repeat(2_000)
    const asked = request(1)
    exchanges.begin('a 1', asked)?.answer({ code: '4.00', text })
    assert.ok(sent[0]!.length <= Math.max(3 * asked.bytes.length, 16))
    const trusted = exchanges.begin('a 1', request(2))!
    trusted.trust()
    trusted.answer({ code: '4.00', text: 'ü'.repeat(400) })
    const { payload } = parse(sent[1]!)
    assert.equal(payload.toString('utf8'), 'ü'.repeat(256))
  })
})
