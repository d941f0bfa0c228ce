import assert from 'node:assert/strict'
import { encode as cbor } from 'cborg'
import { provenanceOf, type Rejection } from '../../../../core/record/record.ts'
import endpoint from '../../../../palettes/coap/nodes/coap-endpoint/runtime.ts'
import ingest from '../../../../palettes/coap/nodes/coap-ingest/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { block1, CoapScene, freePort, post, postOf, Sender, TOKEN } from '../rig.ts'

describe('coap-ingest', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let port: number
  const senders: Sender[] = []

  before(async () => {
    port = await freePort()
    red = await startNodeRed({ nodes: [endpoint, ingest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(async () => {
    for (const sender of senders.splice(0)) sender.close()
    await red.deploy([])
  })

  async function deploy(options: Record<string, unknown> = {}): Promise<CoapScene> {
    const scene = new CoapScene(port, options)
    await red.deploy(scene.flow)
    await until('its start', () => scene.status?.healthy === true)
    return scene
  }
  async function sender(): Promise<Sender> {
    const opened = await Sender.open(port)
    senders.push(opened)
    return opened
  }

  describe('answers what became of the records', () => {
    it('2.04 once a record is stored, with the fields of the path', async () => {
      const scene = await deploy()
      const { code, text } = await post(port, scene.place, '{"metric":"t","value":21.5}')
      assert.deepEqual([code, text], ['2.04', ''])
      assert.deepEqual(scene.records, [
        { metric: 't', value: 21.5, site: 'site-01', device_id: 'd1' }
      ])
      const [record] = scene.taken.records
      const { origin, key } = provenanceOf(record)!.taken
      assert.deepEqual([origin, key], [{ kind: 'flow', topic: scene.place }, 'd1'])
    })

    it('with the acknowledgement where it is quick, with the same id and token', async () => {
      const scene = await deploy()
      const device = await sender()
      device.send(postOf(scene.place, '{"v":1}', { messageId: 7 }))
      const { ack, code, messageId, token } = await device.next()
      assert.deepEqual([ack, code, messageId, [...token]], [true, '2.04', 7, [1, 2]])
    })

    it('after an empty acknowledgement where it is not, and until that is acknowledged', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'hold'
      const device = await sender()
      device.send(postOf(scene.place, '{"v":1}', { messageId: 7 }))
      const acknowledged = await device.next('an acknowledgement')
      assert.deepEqual(
        [acknowledged.ack, acknowledged.code, acknowledged.messageId],
        [true, '0.00', 7]
      )
      assert.equal(scene.metrics.inFlight, 1)
      scene.taken.release()
      const answer = await device.next('the answer')
      assert.deepEqual([answer.confirmable, answer.code, [...answer.token]], [true, '2.04', [1, 2]])
      const again = await device.next('the answer, again')
      assert.equal(again.messageId, answer.messageId)
      device.send({ ack: true, code: '0.00', messageId: again.messageId })
    })

    it('2.04 with a text where some are no records, which are dead letters', async () => {
      const scene = await deploy({ access: 'token', credentials: { token: TOKEN } })
      const query = `token=${TOKEN}`
      const { code, text } = await post(port, scene.place, '[{"v":1},7,{"v":2}]', { query })
      assert.equal(code, '2.04')
      assert.match(text, /^1 of 3 records cannot be read; the others are stored\. 1: NOT_A_RECORD/)
      assert.equal(scene.records.length, 2)
      const [letter] = scene.rejected.records as Rejection[]
      assert.equal(letter?.raw?.toString(), '[{"v":1},7,{"v":2}]')
    })

    it('4.00 with the reason where none is, once the dead letter is stored', async () => {
      const scene = await deploy({ access: 'token', credentials: { token: TOKEN } })
      scene.rejected.treatment = 'hold'
      const answer = post(port, scene.place, 'nonsense', { query: `token=${TOKEN}` })
      await until('the dead letter', () => scene.rejected.records.length === 1)
      scene.rejected.release()
      const { code, text } = await answer
      assert.equal(code, '4.00')
      assert.match(text, /^JSON_INVALID: /)
    })

    it('5.03 when it takes too long, and while there is no room', async () => {
      const scene = await deploy({ answerS: 1, maxInFlight: 1 })
      scene.taken.treatment = 'hold'
      const first = post(port, scene.place, '{"v":1}')
      await until('the record', () => scene.records.length === 1)
      const full = await post(port, scene.place, '{"v":2}')
      assert.deepEqual([full.code, full.maxAge], ['5.03', 1])
      const late = await first
      assert.deepEqual([late.code, late.maxAge], ['5.03', 1])
      scene.taken.release()
      assert.equal((await post(port, scene.place, '{"v":2}')).code, '2.04')
    })

    it('5.03 to those who wait when it is deployed anew, and takes again what comes then', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'hold'
      const waiting = post(port, scene.place, '{"v":1}')
      await until('the record', () => scene.records.length === 1)
      const answer = await deployed(scene, waiting)
      assert.deepEqual([answer.code, answer.maxAge], ['5.03', 1])
      scene.taken.treatment = 'store'
      assert.equal((await post(port, scene.place, '{"v":1}')).code, '2.04')
    })
    async function deployed<T>(scene: CoapScene, waiting: Promise<T>): Promise<T> {
      await red.deploy(scene.flow)
      return waiting
    }

    it('what cannot be taken, each with its code', async () => {
      const scene = await deploy({ maxBodyBytes: 100 })
      assert.equal((await post(port, 'elsewhere/x', '{"v":1}')).code, '4.04')
      assert.equal((await post(port, scene.place, '', { method: 'GET' })).code, '4.05')
      assert.equal((await post(port, scene.place, '<xml/>', { format: 41 })).code, '4.15')
      assert.equal((await post(port, scene.place, 'x'.repeat(101))).code, '4.13')
      const device = await sender()
      device.send(
        postOf(scene.place, '{}', { options: [{ name: 'If-Match', value: Buffer.of(1) }] })
      )
      assert.equal((await device.next()).code, '4.02')
      device.send(
        postOf(scene.place, '{}', {
          options: [{ name: 'Proxy-Scheme', value: Buffer.from('coap') }]
        })
      )
      assert.equal((await device.next()).code, '5.05')
      assert.equal(scene.metrics.in, 0)
    })
  })

  describe('takes a request once', () => {
    it('with the same answer to each copy, before and after it is there', async () => {
      const scene = await deploy()
      scene.taken.treatment = 'hold'
      const device = await sender()
      const bytes = device.send(postOf(scene.place, '{"v":1}', { messageId: 9 }))
      assert.equal((await device.next()).code, '0.00')
      device.raw(bytes)
      assert.equal((await device.next('an acknowledgement of the copy')).code, '0.00')
      scene.taken.release()
      const answer = await device.next('the answer')
      device.send({ ack: true, code: '0.00', messageId: answer.messageId })
      device.raw(bytes)
      const late = await device.next('an answer to the late copy')
      assert.deepEqual(
        [late.ack, late.messageId, late.code, [...late.token]],
        [true, 9, '2.04', [1, 2]]
      )
      assert.equal(scene.records.length, 1)
    })

    it('also where it is not confirmable, which is answered once and not confirmably', async () => {
      const scene = await deploy()
      const device = await sender()
      const bytes = device.send(
        postOf(scene.place, '{"v":1}', { messageId: 9, confirmable: false })
      )
      const { confirmable, ack, code } = await device.next()
      assert.deepEqual([confirmable, ack, code], [false, false, '2.04'])
      device.raw(bytes)
      device.send({ confirmable: true, code: '0.00', messageId: 10 })
      assert.equal((await device.next('the reset by which we are seen')).reset, true)
      assert.equal(scene.records.length, 1)
    })

    it('over a deployment', async () => {
      const scene = await deploy()
      const device = await sender()
      const bytes = device.send(postOf(scene.place, '{"v":1}', { messageId: 9 }))
      assert.equal((await device.next()).code, '2.04')
      await red.deploy(scene.flow)
      await until('its start', () => scene.status?.healthy === true)
      device.raw(bytes)
      assert.equal((await device.next()).code, '2.04')
      assert.equal(scene.records.length, 1)
    })

    it('and says nothing where its sender wants nothing said', async () => {
      const scene = await deploy()
      const device = await sender()
      const options = [{ name: 'No-Response', value: Buffer.of(2) }]
      device.send(postOf(scene.place, '{"v":1}', { messageId: 9, options }))
      const { ack, code } = await device.next()
      assert.deepEqual([ack, code], [true, '0.00'])
      assert.equal(scene.records.length, 1)
    })
  })

  describe('reads a body as its Content-Format says', () => {
    const bodies: readonly (readonly [
      name: string,
      format: number,
      body: string | Buffer,
      records: object[]
    ])[] = [
      ['a list of JSON', 50, '[{"v":1},{"v":2}]', [{ v: 1 }, { v: 2 }]],
      ['CBOR', 60, Buffer.from(cbor({ v: 1.5 })), [{ v: 1.5 }]],
      ['a list of CBOR', 60, Buffer.from(cbor([{ v: 1 }, { v: 2 }])), [{ v: 1 }, { v: 2 }]],
      ['SenML as JSON', 110, '[{"n":"t","v":21.5,"t":1700000000}]', [{ name: 't', value: 21.5 }]],
      [
        'SenML as CBOR',
        112,
        Buffer.from(
          cbor([
            new Map<number, unknown>([
              [0, 't'],
              [2, 21.5]
            ])
          ])
        ),
        [{ name: 't', value: 21.5 }]
      ],
      ['a bare value', 0, '21.5', [{ value: 21.5 }]],
      ['JSON as plain text', 0, '{"v":1}', [{ v: 1 }]]
    ]
    for (const [name, format, body, records] of bodies)
      it(name, async () => {
        const scene = await deploy()
        assert.equal((await post(port, scene.place, body, { format })).code, '2.04')
        const got = scene.records as Record<string, unknown>[]
        assert.equal(got.length, records.length)
        for (const [index, record] of records.entries())
          for (const [field, value] of Object.entries(record))
            assert.equal(got[index]![field], value, JSON.stringify(got[index]))
      })

    it('or as the dialog says, whatever it says', async () => {
      const scene = await deploy({ format: 'csv' })
      assert.equal((await post(port, scene.place, 'a,b\n1,2\n', { format: 42 })).code, '2.04')
      assert.equal(scene.records.length, 1)
    })
  })

  describe('lets in who may send', () => {
    it('by a token behind the path', async () => {
      const scene = await deploy({ access: 'token', credentials: { token: TOKEN } })
      for (const query of [undefined, 'token=wrong', `token=${TOKEN}x`, `tokens=${TOKEN}`])
        assert.equal(
          (await post(port, scene.place, '{"v":1}', { ...(query && { query }) })).code,
          '4.01'
        )
      const ok = await post(port, scene.place, '{"v":1}', { query: `a=b&token=${TOKEN}` })
      assert.equal(ok.code, '2.04')
      assert.equal(scene.metrics.in, 1)
    })

    it('by one that cannot be guessed by its length', async () => {
      const scene = new CoapScene(port, { access: 'token', credentials: { token: 'short' } })
      await red.deploy(scene.flow)
      await until('the refusal', () =>
        /Token: must have at least 16/.test(scene.status?.text ?? '')
      )
    })
  })

  describe('takes bodies in blocks', () => {
    it('of a megabyte, by the client of npm', async () => {
      const scene = await deploy()
      const pad = 'x'.repeat(10_000)
      const list = Array.from({ length: 100 }, (_, n) => ({ n, pad }))
      const body = JSON.stringify(list).padEnd(1_048_576)
      assert.equal((await post(port, scene.place, body, { block: 6 })).code, '2.04')
      assert.deepEqual(
        (scene.records as { n: number }[]).map(({ n }) => n),
        list.map(({ n }) => n)
      )
    })

    it('and answers the last one like any other', async () => {
      const scene = await deploy()
      const device = await sender()
      const body = Buffer.from(JSON.stringify({ pad: 'x'.repeat(30) }))
      const piece = async (number: number, more: boolean) => {
        const part = body.subarray(number * 16, more ? (number + 1) * 16 : undefined)
        device.send(
          postOf(scene.place, part, { messageId: 20 + number, options: [block1(number, more, 0)] })
        )
        return device.next()
      }
      assert.equal((await piece(0, true)).code, '2.31')
      assert.equal((await piece(1, true)).code, '2.31')
      const { code, options } = await piece(2, false)
      assert.equal(code, '2.04')
      assert.ok(options.some(({ name }) => name === 'Block1'))
      assert.equal(scene.records.length, 1)
    })

    it('no larger than allowed, said with the first block', async () => {
      const scene = await deploy({ maxBodyBytes: 5_000 })
      const device = await sender()
      const options = [block1(0, true, 6), { name: 'Size1', value: Buffer.of(0x13, 0x89) }]
      device.send(postOf(scene.place, Buffer.alloc(1024, 32), { options }))
      const answer = await device.next()
      assert.equal(answer.code, '4.13')
      const most = answer.options.find(({ name }) => name === 'Size1')!.value
      assert.equal(most.readUIntBE(0, most.length), 5_000)
    })
  })

  it('shares its port with a node of another path, and says when the port is taken', async () => {
    const one = new CoapScene(port)
    const other = new CoapScene(port)
    const [tab, , ...rest] = other.flow
    await red.deploy([...one.flow, tab!, ...rest])
    await until('both', () => [one, other].every(({ status }) => status?.healthy === true))
    assert.equal((await post(port, one.place, '{"v":1}')).code, '2.04')
    assert.equal((await post(port, other.place, '{"v":2}')).code, '2.04')
    assert.deepEqual([one.records.length, other.records.length], [1, 1])
    const { createSocket } = await import('node:dgram')
    const foreign = createSocket('udp4')
    await new Promise<void>(done => foreign.bind(0, '127.0.0.1', done))
    const refused = new CoapScene(foreign.address().port)
    await red.deploy(refused.flow)
    await until('the sentence', () =>
      /another program listens there/.test(refused.status?.text ?? '')
    )
    await new Promise<void>(done => foreign.close(done))
    await until('its start', () => refused.status?.healthy === true)
  })
})
