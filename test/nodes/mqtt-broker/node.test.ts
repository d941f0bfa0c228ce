import assert from 'node:assert/strict'
import { report } from '../../../core/node/metrics.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import type { MqttService } from '../../../stack/services.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

describe('mqtt-broker in Node-RED', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let mqtt: MqttService
  before(async () => {
    mqtt = (await services('mqtt')).mqtt
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  /** Presses "Test connection" with these values in the dialog. */
  async function test(values: object, id?: string): Promise<{ ok: boolean; message: string }> {
    const response = await fetch(`${red.url}/millrace/probe/millrace-mqtt-broker`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'test', id, values })
    })
    return (await response.json()) as { ok: boolean; message: string }
  }
  const tlsNode = (id: string, files: object) => ({
    id,
    type: 'tls-config',
    cert: '',
    key: '',
    ca: '',
    verifyservercert: true,
    ...files
  })

  it('tests a connection with what stands in the dialog', async () => {
    assert.match(
      (await test({ url: mqtt.url })).message,
      /^Connected to .* with MQTT 5: receive maximum \d+/
    )
    const { ok, message } = await test({ url: mqtt.url, username: mqtt.user, password: 'wrong' })
    assert.equal(ok, false)
    assert.match(message, /bad user name or password/)
    assert.match(
      (await test({ url: 'nonsense' })).message,
      /Address: "nonsense" is no URL: it must begin with mqtt/
    )
  })

  it('tests a connection with TLS and the saved password', async () => {
    const [tls, server] = [unique('tls'), unique('server')]
    const { tlsUrl, ca } = mqtt.secure!
    const saved = {
      id: server,
      type: 'millrace-mqtt-broker',
      url: tlsUrl,
      username: mqtt.user,
      tls,
      credentials: { password: mqtt.password }
    }
    await red.deploy([tlsNode(tls, { ca }), saved])
    const dialog = { url: tlsUrl, username: mqtt.user, tls, password: '__PWRD__' }
    assert.deepEqual((await test(dialog, server)).ok, true)
    const other = await test({ ...dialog, tls: '', password: mqtt.password }, server)
    assert.match(other.message, /not signed by an authority that is trusted/)
  })

  it('lets a source in by its certificate', async () => {
    const ids = {
      tab: unique('tab'),
      tls: unique('tls'),
      server: unique('server'),
      ingest: unique('ingest'),
      sink: unique('sink')
    }
    const { mtlsUrl, ca, clientCert, clientKey } = mqtt.secure!
    const org = unique('org')
    const z = ids.tab
    await red.deploy([
      { id: ids.tab, type: 'tab' },
      tlsNode(ids.tls, { ca, cert: clientCert, key: clientKey }),
      { id: ids.server, type: 'millrace-mqtt-broker', url: mtlsUrl, tls: ids.tls },
      {
        id: ids.ingest,
        z,
        type: 'millrace-mqtt-ingest',
        broker: ids.server,
        topic: `${org}/{device_id}`,
        wires: [[ids.sink], []]
      },
      { id: ids.sink, z, type: 'collect', wires: [] }
    ])
    const publisher = await device(mqtt.url)
    const arrived = async () => {
      await publisher.publishAsync(`${org}/d1`, '{"value":1}', { qos: 1 })
      return collectorOf(ids.sink).records.length > 0
    }
    await until('a record', arrived, 10_000, 100)
    await until(
      'settlement',
      () => report().nodes.find(({ id }) => id === ids.ingest)!.counts.inFlight === 0
    )
    await publisher.endAsync()
  })
})
