import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { MillraceError } from '../../core/errors.ts'
import { describeServer } from '../../core/mqtt/describe-server.ts'
import type { MqttSettings } from '../../core/mqtt/settings.ts'
import { prepareHiveMq } from '../../stack/hivemq/launcher.ts'
import { accounts, givenService } from '../../stack/services.ts'
import { device, publishNumbers, settingsOf, Taker, unique } from '../core/mqtt/rig.ts'
import { until } from '../until.ts'
import { artemis } from './artemis.ts'
import { hivemq } from './hivemq.ts'
import { isInstalled, mosquitto } from './mosquitto.ts'
import type { Endpoints, MqttServer } from './server.ts'

/** Told at the end of npm test once more, and counted as nothing. */
const notRun = (name: string, why: string) =>
  console.log(`⚠ not run: the MQTT tests on ${name}: ${why}`)

async function available(): Promise<MqttServer[]> {
  const servers: MqttServer[] = []
  if (givenService('mqtt') === undefined) servers.push(artemis)
  else notRun('Artemis', 'MQTT_URL names another server')
  try {
    await prepareHiveMq()
    servers.push(hivemq)
  } catch (error) {
    notRun('HiveMQ CE', (error as Error).message.split('\n')[0]!)
  }
  if (isInstalled) servers.push(mosquitto)
  else notRun('mosquitto', 'it is not installed')
  return servers
}

/** HiveMQ allows no more unacknowledged messages (Receive Maximum) as it comes. */
const WINDOW = 10

for (const server of await available()) {
  describe(`MQTT: what the palette needs of a server, on ${server.name}`, function () {
    this.timeout(90_000)
    let places: Endpoints
    const open: Taker[] = []

    before(async function () {
      // The first time its jars are downloaded.
      this.timeout(240_000)
      places = await server.start()
    })
    after(() => server.end())
    afterEach(async () => {
      for (const { connection } of open.splice(0))
        await connection.close(1000, { endSession: true })
    })

    async function taker(filter: string, more: Partial<MqttSettings> = {}): Promise<Taker> {
      const made = new Taker(settingsOf(places.url, more), filter)
      open.push(made)
      return made.start()
    }
    const numbers = (count: number, first = 0) =>
      Array.from({ length: count }, (_, index) => String(first + index))
    async function publish(topic: string, count: number, first = 0): Promise<void> {
      const publisher = await device(places.url)
      await publishNumbers(publisher, topic, count, 1, first)
      await publisher.endAsync()
    }
    /**
     * Acknowledges what has come by now, and gives all that it ever took, each once, in the order
     * of their first coming.
     */
    const heard = (taker: Taker): string[] => {
      taker.acks!.acknowledge(taker.taken.slice(acknowledged.get(taker) ?? 0))
      acknowledged.set(taker, taker.taken.length)
      return [...new Set(taker.payloads)]
    }
    const acknowledged = new Map<Taker, number>()
    /**
     * Takes and acknowledges until all of these have come; servers may wait for that before they
     * send more.
     */
    const drained = (taker: Taker, wanted: readonly string[]) =>
      until(`${wanted.length} messages`, () => {
        const found = new Set(heard(taker))
        return wanted.every(payload => found.has(payload))
      })

    it('keeps a session with what was published meanwhile, and ends it when told to', async () => {
      const topic = unique('session')
      const settings = settingsOf(places.url)
      const one = await new Taker(settings, topic).start()
      assert.equal(one.link!.sessionPresent, false)
      await one.connection.close(2000)
      await publish(topic, 50)
      const two = await new Taker(settings, topic).start()
      assert.equal(two.link!.sessionPresent, true)
      await drained(two, numbers(50))
      assert.deepEqual(two.payloads, numbers(50))
      await two.connection.close(2000, { endSession: true })
      const three = await new Taker(settings, topic).start()
      assert.equal(three.link!.sessionPresent, false)
      await three.connection.close(2000, { endSession: true })
    })

    /** Leaves these many messages in the session of a client that is away. */
    async function waiting(topic: string, count: number): Promise<MqttSettings> {
      const settings = settingsOf(places.url)
      await (await new Taker(settings, topic).start()).connection.close(2000)
      await publish(topic, count)
      return settings
    }
    /** A round trip, by which the server has read the acknowledgements. */
    const roundTrip = (taker: Taker) =>
      taker.link!.subscribe({ filter: unique('other'), qos: 0, retainHandling: 2 })

    it('sends what comes while the former is not acknowledged, or batch after batch', async () => {
      const topic = unique('ahead')
      const one = await taker(topic)
      await publish(topic, 100)
      if (server.sendsAhead) await one.took(100)
      else await drained(one, numbers(100))
      assert.deepEqual(one.payloads, numbers(100))
      heard(one)
    })

    it('sends again what was not acknowledged when the client comes back', async () => {
      const topic = unique('again')
      const settings = await waiting(topic, 20)
      const one = await new Taker(settings, topic).start()
      await one.took(10)
      one.acks!.acknowledge(one.taken.slice(0, 5))
      await roundTrip(one)
      await one.connection.close(2000)
      const two = await new Taker(settings, topic).start()
      open.push(two)
      await drained(two, numbers(15, 5))
      if (server.resendsInOrder) assert.deepEqual(two.payloads, numbers(15, 5))
      else assert.deepEqual(heard(two).sort(), numbers(15, 5).sort())
    })

    it('kill -9: what was queued, on its way or retained is there afterwards', async () => {
      const [topic, retainedTopic] = [unique('killed'), unique('kept')]
      const [away, there] = [await waiting(topic, 0), await waiting(topic, 0)]
      const publisher = await device(places.url)
      await publisher.publishAsync(retainedTopic, 'kept', { qos: 1, retain: true })
      await publishNumbers(publisher, topic, 100)
      await publisher.endAsync(true)
      const one = await new Taker(there, topic).start()
      open.push(one)
      await one.took(10)
      const done = one.taken.slice(0, 6)
      one.acks!.acknowledge(done)
      await roundTrip(one)
      await server.saved()
      one.taken.length = 0
      await server.kill()
      await until('the loss', () => one.problems.length > 0)
      one.taken.length = 0
      await server.restart()
      await until('the second connection', () => one.readies === 2)
      assert.equal(one.link!.sessionPresent, true)
      await drained(one, numbers(94, 6))
      const two = await new Taker(away, topic).start()
      open.push(two)
      await drained(two, numbers(100))
      const three = await taker(retainedTopic)
      await drained(three, ['kept'])
      const cleaner = await device(places.url)
      await cleaner.publishAsync(retainedTopic, '', { qos: 1, retain: true })
      await cleaner.endAsync()
    })

    it('kill -9 under load: nothing that the server has acknowledged is lost, unless it says so', async () => {
      const topic = unique('load')
      const settings = await waiting(topic, 0)
      await server.saved()
      const publisher = await device(places.url)
      const sent: string[] = []
      let lost = false
      let killed = Promise.resolve()
      publisher.once('close', () => {
        lost = true
      })
      for (let n = 0, under = 0; !lost && n < 5_000; n++) {
        under++
        publisher.publish(topic, String(n), { qos: 1 }, error => {
          under--
          if (!error) sent.push(String(n))
        })
        if (n === 1_000) killed = server.kill()
        await until('room', () => under < WINDOW || lost, 20_000, 1)
      }
      publisher.end(true)
      assert.ok(sent.length > 500, String(sent.length))
      await killed
      await server.restart()
      const one = await new Taker(settings, topic).start()
      open.push(one)
      if (server.keepsWhatItAcknowledged) await drained(one, sent)
    })

    it('a subscription that is not allowed is refused, or granted and silent', async () => {
      const { user, password } = accounts.mqttGuest
      const topic = unique('forbidden')
      const one = new Taker(settingsOf(places.url, { username: user, password }), topic)
      open.push(one)
      one.connection.start()
      if (server.refusesSubscriptions) {
        await until('two tries', () => one.problems.length >= 2)
        assert.equal(one.lines.length, 1, one.lines.join('\n'))
        assert.match(
          one.lines[0]!,
          /refused the subscription to "forbidden-.*": Not authorized\. Trying again/
        )
      } else {
        await until('the grant', () => one.readies === 1)
        const watcher = await taker(topic)
        await publish(topic, 3)
        await watcher.took(3)
        assert.deepEqual(one.payloads, [])
      }
    })

    async function refusal(url: string, more: Partial<MqttSettings>): Promise<MillraceError> {
      const error = await describeServer(settingsOf(url, more), AbortSignal.timeout(10_000)).then(
        answer => assert.fail(`it connected: ${answer}`),
        (reason: unknown) => reason
      )
      assert.ok(error instanceof MillraceError, String(error))
      return error
    }

    for (const version of [5, 4] as const) {
      it(`a wrong password is told, with MQTT ${version === 5 ? '5' : '3.1.1'}`, async () => {
        const wrong = { protocolVersion: version, username: accounts.mqtt.user, password: 'wrong' }
        for (const more of [wrong, { ...wrong, username: 'nobody' }]) {
          const { code, message } = await refusal(places.url, more)
          assert.equal(code, 'MQTT_REFUSED')
          assert.match(message, /bad user name or password|does not authorise the user/)
          assert.doesNotMatch(message, /wrong/)
        }
      })
    }

    const read = (file: string) => readFileSync(file)
    const login = { username: accounts.mqtt.user, password: accounts.mqtt.password }

    it('TLS with a password, and with a client certificate', async () => {
      const { tlsUrl, mtlsUrl, ca, clientCert, clientKey } = places
      const trust = { ca: read(ca) }
      for (const [url, more] of [
        [tlsUrl, { ...login, tls: trust }],
        [mtlsUrl, { tls: { ...trust, cert: read(clientCert), key: read(clientKey) } }]
      ] as const) {
        const topic = unique('secure')
        const one = new Taker(settingsOf(url, more), topic)
        open.push(one)
        await one.start()
        await publish(topic, 3)
        await drained(one, numbers(3))
      }
    })

    it('WebSocket, with TLS and without: what waits comes, and what is not acknowledged again', async () => {
      const { wsUrl, wssUrl, ca } = places
      for (const [url, more] of [
        [wsUrl, login],
        [wssUrl, { ...login, tls: { ca: read(ca) } }]
      ] as const) {
        const topic = unique('socket')
        const settings = settingsOf(url, more)
        await (await new Taker(settings, topic).start()).connection.close(500)
        const publisher = await device(places.url)
        // mosquitto 2.0.11 takes seconds to hand larger ones on by WebSocket.
        const large = 'x'.repeat(5_000)
        await publisher.publishAsync(topic, large, { qos: 1 })
        await publishNumbers(publisher, topic, 9)
        await publisher.endAsync()
        const one = await new Taker(settings, topic).start()
        await one.took(10)
        one.acks!.acknowledge(one.taken.slice(0, 4))
        await roundTrip(one)
        await one.connection.close(500)
        const two = await new Taker(settings, topic).start()
        open.push(two)
        await drained(two, numbers(6, 3))
        assert.equal(one.payloads[0], large)
      }
    })

    it('WebSocket: a port with TLS is told where the address has none', async () => {
      const { message } = await refusal(places.wssUrl.replace('wss:', 'ws:'), {
        connectTimeoutMs: 1500
      })
      assert.match(message, /Maybe it is a TLS port, which needs mqtts:\/\/ or wss:\/\//)
    })

    it('TLS: a server of an unknown authority, a missing client certificate and no TLS are told apart', async () => {
      const { tlsUrl, mtlsUrl, ca } = places
      assert.match(
        (await refusal(tlsUrl, { ...login })).message,
        /not signed by an authority that is trusted/
      )
      assert.match((await refusal(mtlsUrl, { tls: { ca: read(ca) } })).message, /certificate/i)
      assert.match(
        (await refusal(tlsUrl.replace('mqtts:', 'mqtt:'), { connectTimeoutMs: 1500 })).message,
        /Maybe it is a TLS port/
      )
    })

    it('retained messages come as the subscription asks', async () => {
      const topic = unique('retained')
      const publisher = await device(places.url)
      await publisher.publishAsync(topic, 'kept', { qos: 1, retain: true })
      const connect = async (retainHandling: 0 | 1 | 2) => {
        const made = new Taker(settingsOf(places.url), unique('none'))
        open.push(made)
        await made.start()
        await made.link!.subscribe({ filter: topic, qos: 1, retainHandling })
        return made
      }
      const [always, anew, never] = [await connect(0), await connect(1), await connect(2)]
      const came = (one: Taker, count: number) =>
        until(`message ${count}`, () => heard(one).length > 0 && one.taken.length >= count)
      await came(anew, 1)
      await anew.link!.subscribe({ filter: topic, qos: 1, retainHandling: 1 })
      await came(always, 1)
      await always.link!.subscribe({ filter: topic, qos: 1, retainHandling: 0 })
      await came(always, 2)
      await publisher.publishAsync(topic, 'live', { qos: 1 })
      for (const one of [always, anew, never])
        await until('the live one', () => heard(one).includes('live'))
      assert.deepEqual(always.payloads, ['kept', 'kept', 'live'])
      assert.deepEqual(anew.payloads, ['kept', 'live'])
      assert.deepEqual(never.payloads, ['live'])
      await publisher.publishAsync(topic, '', { qos: 1, retain: true })
      await publisher.endAsync()
    })

    it('a shared group gets everything, and what one of it had not acknowledged goes to another', async () => {
      const topic = unique('shared')
      const filter = `$share/group/${topic}`
      const [one, two] = [await taker(filter), await taker(filter)]
      await publish(topic, 200)
      await until('all 200', () => new Set([...heard(one), ...heard(two)]).size === 200)
      const counts = [one.taken.length, two.taken.length]
      if (server.sharesEvenly) assert.ok(Math.min(...counts) > 20, counts.join(' and '))
      for (const member of [one, two]) await roundTrip(member)
      await publish(topic, 20, 200)
      await until('some of 20', () => one.taken.length + two.taken.length > 200)
      const leaver = one.taken.length > (acknowledged.get(one) ?? 0) ? one : two
      const heir = leaver === one ? two : one
      const left = leaver.payloads.slice(acknowledged.get(leaver))
      await leaver.connection.close(2000, { endSession: true })
      await publish(topic, 50, 220)
      await drained(
        heir,
        server.passesOnToTheGroup ? [...left, ...numbers(50, 220)] : numbers(50, 220)
      )
    })
  })
}
