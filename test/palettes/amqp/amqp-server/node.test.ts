import assert from 'node:assert/strict'
import ingest from '../../../../palettes/amqp/nodes/amqp-ingest/runtime.ts'
import {
  type ServerOptions,
  settingsOf
} from '../../../../palettes/amqp/nodes/amqp-server/logic.ts'
import server from '../../../../palettes/amqp/nodes/amqp-server/runtime.ts'
import { accounts, type MqttService } from '../../../../stack/services.ts'
import { registerCollect } from '../../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { services } from '../../../services.ts'
import { until } from '../../../until.ts'
import { amqpUrl, Client, nodeOf, sceneOf, unique } from '../rig.ts'

describe('amqp-server in Node-RED', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let mqtt: MqttService
  before(async () => {
    mqtt = (await services('mqtt')).mqtt
    red = await startNodeRed({ nodes: [server, ingest, registerCollect] })
  })
  after(() => red?.stop())
  afterEach(() => red.deploy([]))

  /** Presses "Test connection" with these values in the dialog. */
  async function test(values: object): Promise<{ ok: boolean; message: string }> {
    const response = await fetch(`${red.url}/millrace/probe/millrace-amqp-server`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'test', values })
    })
    return (await response.json()) as { ok: boolean; message: string }
  }
  const { user, password } = accounts.mqtt
  const secure = () => mqtt.secure!
  const tlsNode = (more: object) => ({
    id: 'amqp-tls',
    type: 'tls-config',
    cert: '',
    key: '',
    ca: secure().ca,
    verifyservercert: true,
    ...more
  })

  it('tests a connection, anonymously and with a password', async () => {
    const url = amqpUrl(mqtt.url)
    const anonymous = await test({ url })
    assert.equal(anonymous.ok, true, anonymous.message)
    assert.match(anonymous.message, /^Connected to amqp:\/\/127\.0\.0\.1:\d+ anonymously/)
    const login = await test({ url, login: 'password', username: user, password })
    assert.match(login.message, /as millrace/)
  })

  for (const [what, values, message] of [
    [
      'a wrong password',
      { login: 'password', username: user, password: 'wrong' },
      /does not let the client in: it does not know the user "millrace"/
    ],
    ['a port where nobody listens', { url: 'amqp://127.0.0.1:1' }, /nobody listens there/],
    [
      'a password in the address',
      { url: 'amqp://user:wrong@127.0.0.1', tls: 'some' },
      /without user and password/
    ],
    ['an address that is none', { url: 'mqtt://127.0.0.1' }, /amqp:\/\/ or amqps:\/\//]
  ] as const) {
    it(`says what is wrong: ${what}`, async () => {
      const answer = await test({ url: amqpUrl(mqtt.url), ...values })
      assert.equal(answer.ok, false)
      assert.match(answer.message, message)
      assert.doesNotMatch(answer.message, /wrong/)
    })
  }

  it('shows no password of an address', () => {
    const options = { url: 'amqp://user:secret@host', tls: 'some' } as ServerOptions
    assert.throws(
      () => settingsOf(options, {}),
      (error: Error) => /fields of their own/.test(error.message) && !/secret/.test(error.message)
    )
  })

  const ask = async (action: string, query: object, more: object = {}) => {
    const response = await fetch(`${red.url}/millrace/probe/millrace-amqp-server`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action, values: { url: amqpUrl(mqtt.url), ...more }, query })
    })
    return (await response.json()) as {
      ok: boolean
      message?: string
      items?: string[]
      heard?: { topic: string; bytes: string }[]
    }
  }

  it('names the queues of Artemis, and shows what lies in one without taking it', async () => {
    const client = await Client.open(amqpUrl(mqtt.url))
    const queue = unique('queue')
    await client.send(queue, [{ body: '{"n":1}' }, { body: '{"n":2}' }])
    const { items, message } = await ask('millrace-amqp-server:names', {})
    assert.ok(items?.includes(queue), message ?? items?.join())
    for (let time = 0; time < 2; time++) {
      const { heard, message: why } = await ask('millrace-amqp-server:messages', {
        kind: 'queue',
        address: queue
      })
      assert.deepEqual(
        heard?.map(({ bytes }) => Buffer.from(bytes, 'base64').toString()),
        ['{"n":2}', '{"n":1}'],
        why
      )
    }
    // It takes out what it shows, whatever it answers.
    const query = { kind: 'queue', address: '/queues/some' }
    const answer = await ask('millrace-amqp-server:messages', query, { server: 'rabbitmq' })
    assert.match(answer.message ?? '', /no way to look into a queue/)
    const left = client.take(queue)
    await until('both to be there still', () => left.length === 2)
    assert.deepEqual(
      left.map(({ message: each }) => each?.delivery_count ?? 0),
      [0, 0]
    )
    await client.close()
  })

  it('connects by TLS with a password, and with a client certificate as the login', async () => {
    const { tlsUrl, mtlsUrl, clientCert: cert, clientKey: key } = secure()
    const byPassword = sceneOf(
      amqpUrl(tlsUrl),
      {},
      { tls: 'amqp-tls', login: 'password', username: user, credentials: { password } }
    )
    await red.deploy([tlsNode({}), ...byPassword.flow])
    await until('the link', () => nodeOf(byPassword).status?.healthy)
    const byCertificate = sceneOf(amqpUrl(mtlsUrl), {}, { tls: 'amqp-tls', login: 'certificate' })
    await red.deploy([tlsNode({ cert, key }), ...byCertificate.flow])
    await until('the link', () => nodeOf(byCertificate).status?.healthy)
  })

  it('is red for a certificate that nobody trusts', async () => {
    const scene = sceneOf(
      amqpUrl(secure().tlsUrl),
      {},
      { login: 'password', username: user, credentials: { password } }
    )
    await red.deploy(scene.flow)
    await until('the status', () => nodeOf(scene).status?.text === 'certificate refused')
  })
})
