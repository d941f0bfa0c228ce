import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { MqttConnection } from '../../../core/mqtt/client.ts'
import type { MqttSettings } from '../../../core/mqtt/settings.ts'
import { accounts } from '../../../stack/services.ts'
import { makes } from '../../brokers.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { kill, restart, services } from '../../services.ts'
import { until } from '../../until.ts'
import { device, publishNumbers, settingsOf, Taker, unique } from './rig.ts'

for (const make of makes) {
  describe(`staying connected to ${make.name}`, function () {
    this.timeout(30_000)
    let url: string
    let tap: MqttTap
    const open: { close(graceMs?: number): Promise<void> }[] = []

    before(async () => {
      url = await make.start()
    })
    after(() => make.stop())
    beforeEach(async () => {
      tap = await MqttTap.before(url)
    })
    afterEach(async () => {
      for (const connection of open.splice(0)) await connection.close(500)
      await tap.close()
    })
    async function taker(
      more: Partial<MqttSettings> = {},
      topic = unique('client')
    ): Promise<Taker> {
      const made = new Taker(settingsOf(tap.url, more), topic)
      open.push(made.connection)
      return made.start()
    }

    it('says one line at each change of state, however often it tries', async () => {
      const one = await taker()
      assert.equal(one.lines.length, 1)
      await tap.close()
      await until('three tries', () => one.problems.length >= 4)
      assert.equal(one.lines.length, 3, one.lines.join('\n'))
      assert.match(one.lines[0]!, /^connected to/)
      assert.match(one.lines[1]!, /closed the connection\. Trying again until it works\.$/)
      assert.match(one.lines[2]!, /connection refused/)
    })

    it('subscribes again where the server has lost the session', async () => {
      const settings = settingsOf(tap.url)
      const one = new Taker(settings, unique('client'))
      open.push(one.connection)
      await one.start()
      tap.freeze()
      const thief = await device(url, {
        clientId: settings.clientId,
        clean: true,
        properties: { sessionExpiryInterval: 0 }
      })
      await thief.endAsync()
      one.link!.client.stream.destroy()
      await tap.close()
      const another = await MqttTap.before(url, Number(settings.url.port))
      await until('the second connection', () => one.readies === 2)
      assert.equal(one.link!.sessionPresent, false)
      const publisher = await device(url)
      await publishNumbers(publisher, one.filter, 3)
      await one.took(3)
      await publisher.endAsync()
      await one.connection.close()
      await another.close()
    })

    it('closes soon though the other side is dead', async () => {
      const one = await taker()
      tap.freeze()
      const startMs = performance.now()
      await one.connection.close(500)
      assert.ok(performance.now() - startMs < 5000)
      assert.equal(one.link!.up, false)
    })

    it('notices a dead peer by the keepalive and connects anew', async () => {
      const one = await taker({ keepaliveS: 1 })
      tap.freeze()
      await until('the loss', () => one.problems.length > 0)
      assert.match(one.problems[0]!, /stopped answering/)
    })

    it('connects anew where the server sends what is no packet, and gets what it missed', async () => {
      const one = await taker()
      const publisher = await device(url)
      tap.lose = ({ type, from }) => type === 'publish' && from === 'server'
      await publishNumbers(publisher, one.filter, 3)
      await until('what is lost', () => tap.of('server', 'publish').length === 3)
      // The topic ends behind the packet.
      tap.say(Buffer.from([0x32, 3, 255, 255, 65]))
      await until('the loss', () => one.problems.length === 1)
      tap.lose = () => false
      await one.took(3)
      assert.equal(one.taken.length, 3)
      await publisher.endAsync()
    })

    it('notices that a connection ends while a message waits for room', async () => {
      const one = await taker()
      one.room = 0
      const publisher = await device(url)
      for (let each = 1; each <= 3; each++) {
        await publishNumbers(publisher, one.filter, 1)
        await until('it', () => tap.of('server', 'publish').length === each)
      }
      one.room = 10
      tap.cut()
      await one.took(3)
      await publisher.endAsync()
    })

    it('closes while it cannot connect at all', async () => {
      await tap.close()
      const one = new Taker(settingsOf(tap.url), 'nowhere')
      one.connection.start()
      await until('a try', () => one.problems.length > 0)
      await one.connection.close()
      const tries = one.problems.length
      assert.equal(one.connection.connected, false)
      assert.ok(tries <= one.problems.length)
    })

    it('tells who watches that it is there, and that it is gone: by itself, or by the server', async () => {
      const topic = unique('state')
      const watcher = await device(url)
      const heard: string[] = []
      watcher.on('message', (_topic, payload) => heard.push(payload.toString()))
      await watcher.subscribeAsync(topic, { qos: 1 })
      const announcement = (payload: string) => ({ topic, payload, qos: 1 as const, retain: true })
      const one = await taker({ birth: announcement('online'), will: announcement('offline') })
      await until('the birth', () => heard.length === 1)
      await tap.close()
      await until('the will', () => heard.length === 2)
      assert.deepEqual(heard, ['online', 'offline'])
      await one.connection.close()

      const two = new Taker(
        settingsOf(url, { birth: announcement('online'), will: announcement('offline') }),
        unique('client')
      )
      await two.start()
      await two.connection.close()
      await until('the farewell', () => heard.length === 4)
      assert.deepEqual(heard.slice(2), ['online', 'offline'])
      await watcher.publishAsync(topic, '', { retain: true })
      await watcher.endAsync()
    })

    it('keeps the session when it closes, unless told to end it', async () => {
      const settings = settingsOf(url)
      const topic = unique('client')
      const sessionAfter = async (endSession: boolean) => {
        const one = await new Taker(settings, topic).start()
        await one.connection.close(2000, { endSession })
        const two = await new Taker(settings, topic).start()
        await two.connection.close(2000, { endSession })
        return two.link!.sessionPresent
      }
      assert.equal(await sessionAfter(false), true)
      assert.equal(await sessionAfter(true), false)
    })

    it('divides the messages of a shared subscription, and the rest takes over from one that dies', async () => {
      const topic = unique('shared')
      const publisher = await device(url)
      const [one, two] = [
        await taker({}, `$share/group/${topic}`),
        await taker({}, `$share/group/${topic}`)
      ]
      const acknowledgeAll = (taker: Taker) => {
        const { acks, taken } = taker
        acks!.acknowledge(taken.splice(0))
      }
      const counts = { one: new Set<string>(), two: new Set<string>() }
      const drain = () => {
        for (const payload of one.payloads) counts.one.add(payload)
        for (const payload of two.payloads) counts.two.add(payload)
        acknowledgeAll(one)
        acknowledgeAll(two)
        return counts.one.size + counts.two.size
      }
      await publishNumbers(publisher, topic, 200)
      await until('all 200', () => drain() >= 200, 10_000)
      assert.ok(
        counts.one.size > 20 && counts.two.size > 20,
        `${counts.one.size} and ${counts.two.size}`
      )

      await one.connection.close(1000, { endSession: true })
      // What the first had acknowledged may come again: the server need not have read that before
      // the end.
      const heir = new Set<string>()
      const wanted = await publishNumbers(publisher, topic, 100, 1, 200)
      await until(
        'all 100 at the other',
        () => {
          for (const payload of two.payloads) heir.add(payload)
          acknowledgeAll(two)
          return wanted.every(payload => heir.has(payload))
        },
        10_000
      )
      await publisher.endAsync()
    })
  })
}

describe('staying connected over the end of the server (kill -9)', function () {
  this.timeout(60_000)

  it('gets again what was not acknowledged, and nothing of what was', async () => {
    const { mqtt } = await services('mqtt')
    const one = new Taker(settingsOf(mqtt.url), unique('killed'))
    await one.start()
    const publisher = await device(mqtt.url)
    await publishNumbers(publisher, one.filter, 100)
    await publisher.endAsync(true)
    await one.took(100)
    one.acks!.acknowledge(one.taken.slice(0, 60))
    await one.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })
    await kill('mqtt')
    await until('the loss', () => one.problems.length > 0)
    await restart('mqtt')
    await until('the second connection', () => one.readies === 2, 30_000)
    await one.took(140)
    assert.deepEqual(
      one.payloads.slice(100),
      Array.from({ length: 40 }, (_, index) => String(index + 60))
    )
    one.acks!.acknowledge(one.taken.slice(100))
    await one.connection.close(2000, { endSession: true })
  })
})

describe('subscribing to what is not allowed', function () {
  this.timeout(30_000)

  it('says so once, and goes on trying', async () => {
    const { mqtt } = await services('mqtt')
    const { user, password } = accounts.mqttGuest
    const one = new Taker(settingsOf(mqtt.url, { username: user, password }), unique('forbidden'))
    one.connection.start()
    await until('three tries', () => one.problems.length >= 3)
    assert.equal(one.lines.length, 1, one.lines.join('\n'))
    assert.match(
      one.lines[0]!,
      /refused the subscription to "forbidden-.*": Not authorized\. Trying again/
    )
    await one.connection.close()
  })
})

describe('connecting with TLS', function () {
  this.timeout(30_000)
  const connects = async (url: string, more: Partial<MqttSettings>) => {
    let ready = () => {}
    const connected = new Promise<void>(resolve => {
      ready = resolve
    })
    const connection = new MqttConnection(settingsOf(url, { clean: true, ...more }), {
      ready: () => ready(),
      lost: () => {},
      log: () => {}
    })
    connection.start()
    await connected
    await connection.close()
  }

  it('by password, by client certificate, and over WebSocket', async () => {
    const { mqtt } = await services('mqtt')
    const { ca, clientCert, clientKey, tlsUrl, mtlsUrl } = mqtt.secure!
    const read = (file: string) => readFileSync(file)
    const login = { username: mqtt.user, password: mqtt.password }
    await connects(tlsUrl, { ...login, tls: { ca: read(ca) } })
    await connects(mtlsUrl, { tls: { ca: read(ca), cert: read(clientCert), key: read(clientKey) } })
    await connects(mqtt.url.replace('mqtt:', 'ws:'), login)
    await connects(tlsUrl.replace('mqtts:', 'wss:'), { ...login, tls: { ca: read(ca) } })
  })
})
