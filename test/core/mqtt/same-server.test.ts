import assert from 'node:assert/strict'
import { connect } from 'mqtt'
import { leadToSame } from '../../../core/mqtt/same-server.ts'
import type { MqttSettings } from '../../../core/mqtt/settings.ts'
import { makes } from '../../brokers.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { isInstalled, mosquittoWith } from '../../servers/mosquitto.ts'
import { until } from '../../until.ts'
import { device, hasSession, settingsOf, unique } from './rig.ts'

const GRACE_MS = 5000
const VERSIONS = [4, 5] as const

describe('whether two addresses lead to the same MQTT server', function () {
  this.timeout(60_000)
  const urls: string[] = []
  before(async () => {
    for (const make of makes) urls.push(await make.start())
  })
  after(async () => {
    for (const make of makes) await make.stop()
  })
  const clientId = unique('client')
  const settings = (url: string, more: Partial<MqttSettings> = {}) =>
    settingsOf(url, { clientId, ...more })
  const bothWays = async (one: MqttSettings, other: MqttSettings) => [
    await leadToSame(one, other, GRACE_MS),
    await leadToSame(other, one, GRACE_MS)
  ]

  for (const [index, { name }] of makes.entries()) {
    for (const protocolVersion of VERSIONS) {
      it(`${name} is the same by another address, MQTT ${protocolVersion}`, async () => {
        const tap = await MqttTap.before(urls[index]!)
        const [one, other] = [urls[index]!, tap.url].map(url => settings(url, { protocolVersion }))
        const found = await bothWays(one!, other!).finally(() => tap.close())
        assert.deepEqual(found, [true, true])
      })
    }
  }

  it('throws no client out, and leaves no session of it', async () => {
    const client = await device(urls[0]!, { clientId })
    assert.equal(await leadToSame(settings(urls[0]!), settings(urls[0]!), GRACE_MS), true)
    assert.equal(client.connected, true)
    await client.endAsync()
    assert.equal(await hasSession(urls[0]!, clientId), false)
  })

  it('says nothing where one is away', () =>
    assert.rejects(leadToSame(settings(urls[0]!), settings('mqtt://127.0.0.1:1'), GRACE_MS), {
      code: 'MQTT_CONNECT_FAILED'
    }))

  if (!isInstalled) return

  for (const protocolVersion of VERSIONS) {
    it(`two servers are two, MQTT ${protocolVersion}`, async () => {
      const [one, other] = urls.map(url => settings(url, { protocolVersion }))
      assert.deepEqual(await bothWays(one!, other!), [false, false])
    })
  }

  describe('where a server is particular about client ids', () => {
    const forgetful = mosquittoWith('prefix', [`clientid_prefixes ${clientId}`, 'sys_interval 1'])
    const naming = mosquittoWith('naming', ['use_username_as_clientid true'])
    after(async () => {
      await forgetful.end()
      await naming.end()
    })

    it('asks under an id that begins as its own, and leaves no session behind', async () => {
      const { url } = await forgetful.start()
      const foreign = settings(url, { protocolVersion: 4, clientId: 'other' })
      assert.equal(await leadToSame(foreign, settings(urls[0]!), GRACE_MS), undefined)
      const own = settings(url, { protocolVersion: 4 })
      assert.deepEqual(await bothWays(own, settings(urls[0]!)), [false, false])
      const watcher = await device(url, { clientId: `${clientId}-watches` })
      let total = ''
      watcher.on('message', (_topic, payload) => {
        total = String(payload)
      })
      await watcher.subscribeAsync('$SYS/broker/clients/total')
      await until('the watcher alone', () => total === '1', 10_000)
      await watcher.endAsync()
    })

    it('touches no session where the server names clients itself', async () => {
      const { url } = await naming.start()
      const username = 'the-user'
      const named = { clientId: username, username, clean: false }
      const client = await device(url, { ...named, properties: { sessionExpiryInterval: 600 } })
      await client.subscribeAsync('kept/#', { qos: 1 })
      await client.endAsync()
      const other = await device(url, { username: 'another' })
      await other.publishAsync('kept/1', 'waits', { qos: 1 })
      const found = await bothWays(settings(url, { username }), settings(urls[0]!))
      assert.deepEqual(found, [undefined, undefined])
      const waiting: string[] = []
      const again = connect(url, { protocolVersion: 5, reconnectPeriod: 0, ...named })
      again.on('message', (_topic, payload) => waiting.push(String(payload)))
      await until('what waits', () => waiting.length === 1, 10_000)
      await Promise.all([again.endAsync(), other.endAsync()])
    })
  })
})
