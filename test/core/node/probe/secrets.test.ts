// Mostly waits.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import kafkaCluster from '../../../../nodes/kafka-cluster/runtime.ts'
import mqttBroker from '../../../../nodes/mqtt-broker/runtime.ts'
import timescaleDatabase from '../../../../nodes/timescale-database/runtime.ts'
import type { MqttService } from '../../../../stack/services.ts'
import { type RunningNodeRed, startNodeRed } from '../../../node-red.ts'
import { services } from '../../../services.ts'
import { until } from '../../../until.ts'
import { type StrangeServer, silent, strangeServer } from './strange-servers.ts'

interface Answer {
  readonly status: number
  readonly ok: boolean
  readonly message: string
}

const SECRET = 'the-saved-secret'
const VARIABLE = 'MILLRACE_TEST_SECRET_VARIABLE'
const HIDDEN = 'what-only-the-process-knows'
const HERE = 'MILLRACE_TEST_SERVER'

describe('what a probe does with saved secrets and the environment', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  let mqtt: MqttService
  /** Of somebody who wants the secret: takes every connection and says that the login was wrong. */
  let thief: StrangeServer

  before(async () => {
    mqtt = (await services('mqtt')).mqtt
    process.env[VARIABLE] = HIDDEN
    process.env[HERE] = mqtt.secure!.tlsUrl
    thief = await strangeServer(request =>
      request[0] === 0x10 ? Buffer.from([0x20, 3, 0, 0x86, 0]) : null
    )
    red = await startNodeRed({ nodes: [mqttBroker, kafkaCluster, timescaleDatabase] })
    const { tlsUrl, ca } = mqtt.secure!
    const { user: username, password } = mqtt
    await red.deploy([
      { id: 'tls', type: 'tls-config', cert: '', key: '', ca, verifyservercert: true },
      {
        id: 'keyed',
        type: 'tls-config',
        cert: '',
        key: '',
        ca: '',
        credentials: { keydata: 'k', certdata: 'c', passphrase: SECRET }
      },
      {
        id: 'broker',
        type: 'millrace-mqtt-broker',
        url: tlsUrl,
        username,
        tls: 'tls',
        credentials: { password }
      },
      {
        id: 'named',
        type: 'millrace-mqtt-broker',
        url: `\${${HERE}}`,
        username,
        tls: 'tls',
        credentials: { password }
      },
      { id: 'closed', type: 'millrace-mqtt-broker', url: `mqtt://\${${VARIABLE}}:1`, username },
      {
        id: 'plain',
        type: 'millrace-mqtt-broker',
        url: `mqtt://127.0.0.1:${thief.port}`,
        username: 'u',
        credentials: { password: SECRET }
      },
      {
        id: 'cluster',
        type: 'millrace-kafka-cluster',
        brokers: '127.0.0.1:1',
        sasl: 'plain',
        username: 'u',
        credentials: { password: SECRET }
      },
      {
        id: 'database',
        type: 'millrace-timescale-database',
        url: 'postgres://u@127.0.0.1:1/d',
        credentials: { password: SECRET }
      }
    ])
  })
  after(async () => {
    delete process.env[VARIABLE]
    delete process.env[HERE]
    await red?.stop()
    await thief?.close()
  })

  async function ask(
    kind: string,
    body: object,
    headers: Record<string, string> = {}
  ): Promise<Answer> {
    const response = await fetch(`${red.url}/millrace/probe/millrace-${kind}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ action: 'test', ...body })
    })
    return { status: response.status, ...((await response.json()) as object) } as Answer
  }
  const saved = (change: object = {}) => ({
    id: 'broker',
    values: {
      url: mqtt.secure!.tlsUrl,
      username: mqtt.user,
      tls: 'tls',
      password: '__PWRD__',
      ...change
    }
  })
  const toThief = () => `mqtt://127.0.0.1:${thief.port}`
  const isHeard = (word: string) =>
    thief.heard().includes(word) || thief.heard().includes(Buffer.from(word).toString('base64'))

  it('uses the saved password for the node as it is deployed', async () => {
    const { ok, message } = await ask('mqtt-broker', saved())
    assert.deepEqual({ ok, message: message.slice(0, 9) }, { ok: true, message: 'Connected' })
    const { password: _, ...loaded } = saved().values
    assert.equal(
      (await ask('mqtt-broker', { id: 'broker', values: loaded })).ok,
      true,
      'as for a node whose dialog was not opened'
    )
  })

  it('uses it still when a field has changed that does not decide where it goes', async () => {
    assert.equal(
      (await ask('mqtt-broker', saved({ keepaliveS: '77', clientId: 'other', version: '4' }))).ok,
      true
    )
  })

  it('sends a password that is typed in wherever the dialog says', async () => {
    assert.equal(
      (
        await ask('mqtt-broker', {
          values: { url: mqtt.url, username: mqtt.user, password: mqtt.password }
        })
      ).ok,
      true
    )
  })

  const changes: { what: string; values: () => object; names: RegExp }[] = [
    { what: 'address', values: () => ({ url: toThief() }), names: /Address/ },
    { what: 'user name', values: () => ({ username: 'other' }), names: /User name/ },
    { what: 'TLS', values: () => ({ tls: '' }), names: /TLS/ }
  ]
  for (const { what, values, names } of changes) {
    it(`asks for the password again when the ${what} is not as deployed`, async () => {
      const { ok, message } = await ask('mqtt-broker', saved(values()))
      assert.equal(ok, false)
      assert.match(message, /^mqtt broker: Password: type it again/)
      assert.match(message, names)
    })
  }

  it('asks for it again when the TLS configuration is changed, which may trust another server', async () => {
    const tls = { ca: mqtt.secure!.ca, verifyservercert: false }
    assert.match(
      (await ask('mqtt-broker', { ...saved(), tls })).message,
      /type it again.*TLS configuration is not as deployed/
    )
    const same = { name: 'x', cert: '', key: '', ca: mqtt.secure!.ca, verifyservercert: true }
    assert.equal((await ask('mqtt-broker', { ...saved(), tls: same })).ok, true)
  })

  it('never sends the secret of another node, of whatever type, to the address of the caller', async () => {
    for (const id of [
      'plain',
      'cluster',
      'database',
      'broker',
      'keyed',
      '__proto__',
      'constructor',
      ''
    ]) {
      const url = {
        url: toThief(),
        brokers: `127.0.0.1:${thief.port}`,
        sasl: 'plain',
        username: 'u',
        password: '__PWRD__'
      }
      for (const password of ['__PWRD__', undefined]) {
        await ask('mqtt-broker', { id, values: { ...url, username: 'x', password } })
        await ask('kafka-cluster', { id, values: { ...url, password } })
        const fields = { connection: 'fields', host: '127.0.0.1', port: thief.port, password }
        await ask('timescale-database', { id, values: fields })
        await ask('timescale-database', {
          id,
          values: { ...fields, connection: 'url', url: `postgres://u@127.0.0.1:${thief.port}/d` }
        })
      }
    }
    assert.equal(isHeard(SECRET) || isHeard(mqtt.password), false)
    await ask('mqtt-broker', {
      id: 'plain',
      values: { url: toThief(), username: 'u', password: '__PWRD__' }
    })
    assert.ok(isHeard(SECRET), 'the thief would have heard it: its own node sends it there')
  })

  describe('of the environment', () => {
    const asked: { what: string; body: () => object }[] = [
      {
        what: 'the address of a node that is not deployed',
        body: () => ({ values: { url: `mqtt://\${${VARIABLE}}:1883` } })
      },
      {
        what: 'the user name',
        body: () => ({ values: { url: toThief(), username: `\${${VARIABLE}}` } })
      },
      {
        what: 'the password',
        body: () => ({ values: { url: toThief(), username: 'u', password: `\${${VARIABLE}}` } })
      },
      {
        what: 'the login of the address',
        body: () => ({ values: { url: `mqtt://u:\${${VARIABLE}}@127.0.0.1:${thief.port}` } })
      },
      {
        what: 'a field of a deployed node that has none there',
        body: () => saved({ clientId: `\${${VARIABLE}}` })
      },
      {
        what: 'a deployed node with another address',
        body: () => ({ id: 'named', values: { url: toThief(), username: `\${${HERE}}` } })
      }
    ]
    for (const { what, body } of asked) {
      it(`nothing is expanded in ${what}`, async () => {
        const { ok, message } = await ask('mqtt-broker', body())
        assert.equal(ok, false)
        assert.match(
          message,
          /a variable of the environment is used here only as it is deployed|type it again/
        )
        assert.ok(!message.includes(HIDDEN) && !isHeard(HIDDEN))
      })
    }

    it('what is deployed is expanded, and its value is not shown', async () => {
      const values = { url: `\${${HERE}}`, username: mqtt.user, tls: 'tls', password: '__PWRD__' }
      const { ok, message } = await ask('mqtt-broker', { id: 'named', values })
      assert.match(message, new RegExp(`^Connected to \\$\\{${HERE}\\} with MQTT 5`))
      assert.equal(ok, true)
    })

    it('nor is it shown in an error', async () => {
      const { ok, message } = await ask('mqtt-broker', {
        id: 'closed',
        values: { url: `mqtt://\${${VARIABLE}}:1`, username: mqtt.user }
      })
      assert.equal(ok, false)
      assert.ok(message.includes(`\${${VARIABLE}}`) && !message.includes(HIDDEN), message)
    })
  })

  describe('a TLS configuration that is not deployed', () => {
    const values = (url: string) => ({
      url,
      tls: 'new',
      username: mqtt.user,
      password: mqtt.password
    })

    it('is tested with the values of the editor: files', async () => {
      const { tlsUrl, mtlsUrl, ca, clientCert: cert, clientKey: key } = mqtt.secure!
      assert.equal(
        (await ask('mqtt-broker', { values: values(tlsUrl), tls: { ca, verifyservercert: true } }))
          .ok,
        true
      )
      assert.equal(
        (await ask('mqtt-broker', { values: values(mtlsUrl), tls: { ca, cert, key } })).ok,
        true
      )
      assert.match(
        (await ask('mqtt-broker', { values: values(tlsUrl), tls: { verifyservercert: true } }))
          .message,
        /not signed by an authority/
      )
    })

    it('is tested with the values of the editor: uploads', async () => {
      const { mtlsUrl, ca, clientCert, clientKey } = mqtt.secure!
      const read = (file: string) => readFileSync(file, 'utf8')
      const tls = {
        cadata: read(ca),
        certdata: read(clientCert),
        keydata: read(clientKey),
        passphrase: ''
      }
      assert.equal((await ask('mqtt-broker', { values: values(mtlsUrl), tls })).ok, true)
    })

    const refused: { what: string; tls: object | undefined; says: RegExp }[] = [
      {
        what: 'nothing of it is known',
        tls: undefined,
        says: /TLS: the TLS configuration is missing/
      },
      {
        what: 'a file is missing',
        tls: { ca: '/no/such/file' },
        says: /TLS: the file \/no\/such\/file is not there/
      },
      { what: 'a file has no end', tls: { ca: '/dev/zero' }, says: /holds no certificate/ },
      {
        what: 'a file has no certificate',
        tls: { cert: '/etc/hostname', key: '/etc/hostname' },
        says: /cannot be used/
      },
      { what: 'a key is missing', tls: { certdata: 'c' }, says: /belong together/ },
      {
        what: 'a certificate is rubbish',
        tls: { certdata: 'c', keydata: 'k' },
        says: /cannot be used/
      },
      {
        what: 'a path is a variable',
        tls: { ca: `\${${VARIABLE}}` },
        says: /variable of the environment/
      }
    ]
    for (const { what, tls, says } of refused) {
      it(`is refused in words where ${what}`, async () => {
        const { ok, message } = await ask('mqtt-broker', {
          values: values(mqtt.secure!.tlsUrl),
          tls
        })
        assert.equal(ok, false)
        assert.match(message, says)
      })
    }

    it('does not use the saved key and passphrase of a configuration that was changed', async () => {
      const tls = { ca: mqtt.secure!.ca, passphrase: '__PWRD__' }
      const { message } = await ask('mqtt-broker', {
        values: { ...values(mqtt.secure!.tlsUrl), tls: 'keyed' },
        tls
      })
      assert.match(message, /its saved key or passphrase is not used/)
    })
  })

  describe('requests', () => {
    const body = () => JSON.stringify({ action: 'test', values: { url: toThief() } })
    const post = (headers: Record<string, string>, text = body()) =>
      fetch(`${red.url}/millrace/probe/millrace-mqtt-broker`, {
        method: 'POST',
        headers,
        body: text
      })

    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x'
    ]) {
      it(`of type ${type}, which a page can send without asking, are refused`, async () => {
        const before = thief.heard().length
        assert.equal((await post({ 'content-type': type })).status, 415)
        assert.equal(thief.heard().length, before)
      })
    }

    it('of another web page are refused', async () => {
      const before = thief.heard().length
      const type = { 'content-type': 'application/json' }
      assert.equal((await post({ ...type, origin: 'http://evil.example' })).status, 403)
      assert.equal((await post({ ...type, 'sec-fetch-site': 'cross-site' })).status, 403)
      assert.equal(thief.heard().length, before)
      assert.equal((await post({ ...type, origin: red.url })).status, 200)
    })

    it('beyond eight at a time are refused, and connections end with the answer', async () => {
      const mute = await silent()
      const values = { url: `mqtt://127.0.0.1:${mute.port}` }
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => ask('mqtt-broker', { values }))
      )
      assert.equal(answers.filter(({ status }) => status === 200).length, 8)
      assert.equal(answers.filter(({ status, ok }) => status === 429 && !ok).length, 22)
      await until('the connections to be closed', () => mute.open.size === 0, 5_000)
      await mute.close()
    })
  })
})
