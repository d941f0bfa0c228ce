import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { MillraceError } from '../../../core/errors.ts'
import { closedProblem, connectProblem, rivalProblem } from '../../../core/mqtt/connect-errors.ts'
import { describeServer } from '../../../core/mqtt/describe-server.ts'
import type { MqttSettings } from '../../../core/mqtt/settings.ts'
import type { MqttService } from '../../../stack/services.ts'
import { makes } from '../../brokers.ts'
import { services } from '../../services.ts'
import { settingsOf } from './rig.ts'

describe('why a connection fails, in words', () => {
  const settings = settingsOf('mqtt://broker.example', { username: 'plant', clientId: 'press-7' })
  const cases: [unknown, RegExp][] = [
    [{ code: 5 }, /does not authorise the user "plant" \(client id "press-7"\)/],
    [{ code: 132 }, /does not speak this version of MQTT/],
    [{ code: 137 }, /is too busy/],
    [{ code: 142 }, /another client with the same client id "press-7"/],
    [{ code: 'EAI_AGAIN' }, /DNS does not answer/],
    [{ code: 'ETIMEDOUT' }, /firewall/],
    [
      new AggregateError([Object.assign(new Error('a'), { code: 'ECONNREFUSED' })]),
      /nothing listens on this port/
    ],
    [new Error('connack timeout'), /does not speak MQTT there/],
    [new Error('Keepalive timeout'), /stopped answering/],
    [
      Object.assign(new Error('alert 80'), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' }),
      /TLS handshake failed \(alert 80\)/
    ],
    [new Error('something new'), /^mqtt:\/\/broker\.example:1883: something new\.$/]
  ]
  for (const [error, sentence] of cases) {
    it(String(sentence), () => assert.match(connectProblem(error, settings).sentence, sentence))
  }
})

describe('what a status says of a connection that fails', () => {
  const settings = settingsOf('mqtt://broker.example')
  const mustMend = [
    2,
    4,
    5,
    134,
    135,
    138,
    142,
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'
  ]
  const curesItself = [
    3,
    136,
    137,
    139,
    'ECONNREFUSED',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'ENOTFOUND',
    'ECONNRESET'
  ]
  for (const code of mustMend)
    it(`red for ${code}`, () => assert.equal(connectProblem({ code }, settings).needsPerson, true))
  for (const code of curesItself)
    it(`yellow for ${code}`, () =>
      assert.equal(connectProblem({ code }, settings).needsPerson, false))

  it('in at most 30 characters', () => {
    const reasons = Array.from({ length: 256 }, (_, code) => code)
    const problems = [...reasons, ...mustMend, ...curesItself].map(code =>
      connectProblem({ code }, settings)
    )
    const all = [
      ...problems,
      rivalProblem(settings),
      closedProblem(false, settings),
      closedProblem(true, settings)
    ]
    assert.deepEqual(
      all.filter(({ short }) => short.length > 30),
      []
    )
  })
})

describe('connecting to what will not have us', function () {
  this.timeout(30_000)
  let mqtt: MqttService
  const listeners: Server[] = []

  before(async () => {
    mqtt = (await services('mqtt')).mqtt
  })
  after(() => {
    for (const listener of listeners) listener.close()
  })

  async function refusal(url: string, more: Partial<MqttSettings> = {}): Promise<string> {
    const found = describeServer(
      settingsOf(url, { connectTimeoutMs: 1000, ...more }),
      AbortSignal.timeout(8000)
    )
    const error = await found.then(
      answer => assert.fail(`it connected: ${answer}`),
      (reason: unknown) => reason
    )
    assert.ok(error instanceof MillraceError, String(error))
    assert.equal(
      error.code,
      /password|authorise/.test(error.message) ? 'MQTT_REFUSED' : 'MQTT_CONNECT_FAILED'
    )
    return error.message
  }

  /** A port where this answers whatever comes. */
  async function portOf(answer: 'silence' | 'end'): Promise<number> {
    const listener = createServer(socket => {
      socket.on('error', () => {})
      if (answer === 'end') socket.once('data', () => socket.end())
    })
    listeners.push(listener)
    await new Promise<void>(listening => listener.listen(0, '127.0.0.1', listening))
    return (listener.address() as AddressInfo).port
  }

  it('a wrong password', async () => {
    assert.match(
      await refusal(mqtt.url, { username: mqtt.user, password: 'wrong' }),
      /bad user name or password/
    )
  })
  it('a wrong password with MQTT 3.1.1', async () => {
    const sentence = await refusal(mqtt.url, {
      protocolVersion: 4,
      username: mqtt.user,
      password: 'wrong'
    })
    assert.match(sentence, /bad user name or password|does not authorise the user/)
  })
  it('nothing that listens', async () => {
    assert.match(await refusal('mqtt://127.0.0.1:1'), /connection refused; nothing listens/)
  })
  it('an unknown host', async () => {
    assert.match(
      await refusal('mqtt://no-such-host.invalid'),
      /unknown \(no DNS entry\)|could not be looked up/
    )
  })
  it('TLS to a port without', async () => {
    assert.match(await refusal(mqtt.url.replace('mqtt:', 'mqtts:')), /does not speak TLS there/)
  })
  it('no TLS to a port with', async () => {
    assert.match(
      await refusal(mqtt.secure!.tlsUrl.replace('mqtts:', 'mqtt:')),
      /Maybe it is a TLS port/
    )
  })
  it('a certificate that nobody trusts', async () => {
    assert.match(
      await refusal(mqtt.secure!.tlsUrl, { tls: { rejectUnauthorized: true } }),
      /not signed by an authority that is trusted/
    )
  })
  it('a port that ends the connection', async () => {
    assert.match(
      await refusal(`mqtt://127.0.0.1:${await portOf('end')}`),
      /closed the connection without an answer/
    )
  })
  it('a port that says nothing', async () => {
    assert.match(
      await refusal(`mqtt://127.0.0.1:${await portOf('silence')}`),
      /does not speak MQTT there/
    )
  })
})

for (const make of makes) {
  describe(`testing a connection to ${make.name}`, function () {
    this.timeout(30_000)
    after(() => make.stop())
    it('says what the server can do', async () => {
      const url = await make.start()
      const sentence = await describeServer(settingsOf(url), AbortSignal.timeout(8000))
      assert.match(
        sentence,
        /^Connected to mqtt:\/\/127\.0\.0\.1:\d+ with MQTT 5: receive maximum \d+, .*shared subscriptions/
      )
    })
    it('speaks 3.1.1', async () => {
      const sentence = await describeServer(
        settingsOf(await make.start(), { protocolVersion: 4 }),
        AbortSignal.timeout(8000)
      )
      assert.match(sentence, /with MQTT 3\.1\.1\.$/)
    })
  })
}
