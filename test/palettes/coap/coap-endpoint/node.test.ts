import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { endpointAt, endpointInUse, giveBack } from '../../../../palettes/coap/core/endpoints.ts'
import endpoint from '../../../../palettes/coap/nodes/coap-endpoint/runtime.ts'
import ingest from '../../../../palettes/coap/nodes/coap-ingest/runtime.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { until } from '../../../until.ts'
import { CoapScene, freePort, post } from '../rig.ts'

interface Answer {
  readonly ok: boolean
  readonly message: string
  readonly heard?: readonly { readonly topic: string; readonly bytes: string }[]
}

describe('coap-endpoint', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let port: number

  before(async () => {
    port = await freePort()
    red = await startNodeRed({ nodes: [endpoint, ingest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  async function ask(action: string, values: object): Promise<Answer> {
    const response = await fetch(`${red.url}/millrace/probe/millrace-coap-endpoint`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, values })
    })
    return (await response.json()) as Answer
  }
  const test = (values: object) => ask('test', values)

  it('says that a port is free, and who reaches it', async () => {
    assert.match(
      (await test({ port })).message,
      /^127\.0\.0\.1, UDP port \d+ is free.* Only this machine reaches it\.$/
    )
    assert.match((await test({ port, host: '0.0.0.0' })).message, /put DTLS in front/)
  })

  it('says who has the port: this Node-RED, or another program', async () => {
    const scene = new CoapScene(port)
    await red.deploy(scene.flow)
    await until('its start', () => scene.status?.healthy === true)
    assert.match((await test({ port })).message, /listens at .* already, for one node/)
    const foreign: Socket = createSocket('udp4')
    await new Promise<void>(done => foreign.bind(0, '127.0.0.1', done))
    const { ok, message } = await test({ port: foreign.address().port })
    foreign.close()
    assert.equal(ok, false)
    assert.match(message, /cannot be taken at .*another program listens there/)
  })

  it('says what is wrong with an address', async () => {
    assert.match((await test({ port, host: '192.0.2.1' })).message, /does not have the address/)
  })

  it('hears what comes, and keeps nothing of it from its node', async () => {
    const scene = new CoapScene(port)
    await red.deploy(scene.flow)
    await until('its start', () => scene.status?.healthy === true)
    const listening = ask('millrace-coap-endpoint:messages', { port })
    const sending = setInterval(() => void post(port, scene.place, '{"v":1}'), 100)
    const { heard = [] } = await listening.finally(() => clearInterval(sending))
    assert.equal(heard[0]?.topic, scene.place)
    assert.equal(Buffer.from(heard[0]!.bytes, 'base64').toString(), '{"v":1}')
    assert.ok(scene.records.length >= heard.length)
  })

  it('is kept a little for who comes again, and ended for who does not', () => {
    const at = { host: '127.0.0.1', port: 1 }
    const first = endpointAt(at)
    giveBack(first, true)
    assert.equal(endpointAt(at), first)
    giveBack(first, false)
    assert.equal(endpointInUse(at), undefined)
  })
})
