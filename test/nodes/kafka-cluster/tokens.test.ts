// Mostly waits.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Node } from 'node-red'
import Provider from 'oidc-provider'
import { KafkaCluster } from '../../../stack/kafka/cluster.ts'
import { makeTopics, readTopic } from '../../kafka-topics.ts'
import { testHome } from '../../services.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

const AUDIENCE = 'urn:kafka'
const CLIENT = { id: 'line 1/a', secret: 'p:w %+"&=' }
/** Ten seconds before the end of a token the client logs in again: six after the login. */
const LIFE_S = 16

/** A token server of another make, on a port that it keeps, and how often it was asked. */
class TokenServer {
  asked = 0
  #server: Server | undefined
  #port = 0

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`
  }
  get url(): string {
    return `${this.issuer}/token`
  }

  async start(): Promise<void> {
    const server = createServer()
    this.#server = server
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    const answer = provider(this.issuer).callback()
    server.on('request', (request, response) => {
      if (request.url === '/token') this.asked++
      void answer(request, response)
    })
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise(resolve => this.#server?.close(resolve) ?? resolve(undefined))
  }
}

const provider = (issuer: string) =>
  new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: []
      }
    ],
    scopes: ['telemetry'],
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: () => ({
          scope: 'telemetry',
          audience: AUDIENCE,
          accessTokenTTL: LIFE_S,
          accessTokenFormat: 'jwt'
        })
      }
    }
  })

describe('a Kafka that takes tokens', function () {
  this.timeout(120_000)
  const tokens = new TokenServer()
  let cluster: KafkaCluster
  let flow: KafkaFlow
  const shown = new Map<string, string[]>()

  before(async () => {
    await tokens.start()
    cluster = await KafkaCluster.start({
      folder: join(testHome, 'tokens'),
      nodes: 1,
      minInSync: 1,
      tokens: { jwksUrl: `${tokens.issuer}/jwks`, issuer: tokens.issuer, audience: AUDIENCE }
    })
    await makeTopics(cluster.brokers, { out: 2 })
    flow = await startKafkaFlow()
    const events = flow.nodeRed.RED.events as NodeJS.EventEmitter
    events.on('node-status', ({ id, status }: { id: string; status?: Record<string, string> }) =>
      shown.set(id, [...(shown.get(id) ?? []), `${status?.fill} ${status?.text}`])
    )
  })
  after(async () => {
    await flow?.stop()
    await cluster?.remove()
    await tokens.stop()
  })

  const settings = (secret = CLIENT.secret) => ({
    brokers: cluster.sasl.brokers,
    sasl: 'oauthbearer',
    tokenUrl: tokens.url,
    tokenClient: CLIENT.id,
    tokenSecret: secret,
    scope: 'telemetry'
  })

  async function test(values: object): Promise<string> {
    const response = await fetch(`${flow.nodeRed.url}/millrace/probe/millrace-kafka-cluster`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'test', id: '', values })
    })
    return ((await response.json()) as { message: string }).message
  }

  const deploy = (secret?: string) => {
    const { tokenSecret, ...config } = settings(secret)
    return flow.nodeRed.deploy([
      {
        id: 'cluster',
        type: 'millrace-kafka-cluster',
        ...config,
        credentials: { tokenSecret }
      },
      { id: 'tab', type: 'tab' },
      ...[
        { id: 'write', type: 'millrace-kafka-producer', topic: 'out', wires: [[], []] },
        {
          id: 'read',
          type: 'millrace-kafka-consumer',
          topics: 'out',
          groupId: 'readers',
          startFrom: 'earliest',
          wires: [['seen'], []]
        }
      ].map(node => ({ ...node, z: 'tab', cluster: 'cluster' })),
      { id: 'seen', type: 'seen', z: 'tab', wires: [] }
    ])
  }
  const shows = (id: string, text: RegExp) =>
    until(
      `${id} to show ${text}, after ${shown.get(id)?.join(', ')}`,
      () => text.test(shown.get(id)?.at(-1) ?? ''),
      30_000
    )
  const send = (n: number) =>
    flow.nodeRed.node<Node>('write').receive({ payload: { device_id: `d${n % 7}`, n } })

  it('is asked from the dialog, which says what is wrong with a secret or an address', async () => {
    assert.match(await test(settings()), /^Connected: 1 broker/)
    assert.match(
      await test(settings('wrong')),
      /refused the client id or secret \(invalid_client\)/
    )
    assert.match(
      await test({ ...settings(), tokenUrl: `${tokens.issuer}/nowhere` }),
      /There is no token server at http:\/\/127\.0\.0\.1:\d+\/nowhere/
    )
    assert.match(
      await test({ ...settings(), tokenUrl: 'http://login.example.org/token' }),
      /must begin with https/
    )
  })

  it('goes on while tokens expire, under load', async () => {
    await deploy()
    await shows('read', /^green/)
    const askedBefore = tokens.asked
    let sent = 0
    for (const endMs = Date.now() + 2 * LIFE_S * 1000; Date.now() < endMs; ) {
      send(sent++)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    await until('all records', () => flow.seen('seen').records.length >= sent, 20_000)
    const numbers = flow.seen('seen').records.map(record => (record as { n: number }).n)
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      Array.from({ length: sent }, (_, n) => n)
    )
    assert.ok(tokens.asked - askedBefore >= 2, `asked ${tokens.asked - askedBefore} times`)
    const troubles = ['write', 'read'].flatMap(id =>
      shown.get(id)!.filter(text => /^(red|yellow)/.test(text) && !/connecting|joining/.test(text))
    )
    assert.deepEqual(troubles, [])
  })

  it('says that a secret is wrong, and waits for a token server that is away; nothing is lost', async () => {
    await deploy('wrong')
    send(-1)
    await shows('write', /^red .*token: id or secret refused/)
    await tokens.stop()
    await deploy()
    send(-2)
    await shows('write', /^yellow/)
    await tokens.start()
    await shows('write', /^green/)
    await until('the record', async () =>
      (await readTopic(cluster.brokers, 'out')).some(({ value }) => String(value).includes('-2'))
    )
  })
})
