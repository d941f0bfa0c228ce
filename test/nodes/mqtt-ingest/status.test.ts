/**
 * What a node says below itself when it waits: within ten seconds, red where a person must mend
 * something.
 */
// Mostly waits.
import assert from 'node:assert/strict'
import mqtt, { type MqttClient } from 'mqtt'
import type { Shown } from '../../../core/node/status.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { accounts } from '../../../stack/services.ts'
import { makes } from '../../brokers.ts'
import { registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { greeted, type Scene, sceneOf } from './scene.ts'

/** What must be said within ten seconds, on a machine that may be busy. */
const LIMIT_MS = 12_000

let red: RunningNodeRed
const shown = new Map<string, Shown>()
function withNodeRed(): void {
  before(async function () {
    this.timeout(60_000)
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
    red.RED.events.on('node-status', ({ id, status }: { id: string; status?: Shown }) => {
      if (status) shown.set(id, status)
    })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))
}
const says = (scene: Scene, fill: Shown['fill'], text: RegExp) =>
  until(
    `${fill} ${text}, it says ${JSON.stringify(shown.get(scene.ingest))}`,
    () => shown.get(scene.ingest)?.fill === fill && text.test(shown.get(scene.ingest)!.text),
    LIMIT_MS
  )

for (const make of makes) {
  describe(`the status of mqtt-ingest at ${make.name}`, function () {
    this.timeout(60_000)
    withNodeRed()
    let url: string
    let publisher: MqttClient
    before(async () => {
      url = await make.start()
      publisher = await device(url)
    })
    after(async () => {
      await publisher.endAsync()
      await make.stop()
    })

    for (const version of ['4', '5'] as const) {
      it(`names a second client with the same id, with MQTT ${version}`, async () => {
        const clientId = unique('twice')
        const scene = sceneOf(url, { clientId }, { version })
        await red.deploy(scene.flow)
        await greeted(scene, publisher)
        const rival = mqtt.connect(url, {
          clientId,
          protocolVersion: version === '4' ? 4 : 5,
          clean: false,
          reconnectPeriod: 100
        })
        rival.on('error', () => {})
        try {
          await says(scene, 'red', /client id.*used twice/)
          const told = red.logs.some(
            ({ id, msg }) => id === scene.ingest && String(msg).includes(`client id "${clientId}"`)
          )
          assert.ok(told)
        } finally {
          await rival.endAsync(true)
        }
      })
    }

    it('says that a server does not answer, long before the keepalive gives it up, and that it is back', async () => {
      const tap = await MqttTap.before(url)
      const scene = sceneOf(tap.url)
      await red.deploy(scene.flow)
      await greeted(scene, publisher)
      await says(scene, 'green', /in flight/)
      tap.lose = () => true
      await says(scene, 'yellow', /no answer for \d+ s/)
      tap.lose = () => false
      await publisher.publishAsync(`${scene.org}/a/b/c/reading`, '{"n":1}', { qos: 1 })
      await says(scene, 'green', /in flight/)
      await tap.close()
    })

    it('says that it waits where the server does not answer its subscription', async () => {
      const tap = await MqttTap.before(url)
      tap.lose = ({ type }) => type === 'suback'
      const scene = sceneOf(tap.url, {}, { keepaliveS: 2 })
      await red.deploy(scene.flow)
      // The status is made once a second, so by then it has been made on the connection.
      await until('two pings', () => tap.of('client', 'pingreq').length >= 2, 15_000)
      assert.deepEqual(shown.get(scene.ingest), {
        fill: 'yellow',
        shape: 'ring',
        text: 'connecting'
      })
      await red.deploy([])
      await tap.close()
    })

    it('waits for a server that is not there', async () => {
      const tap = await MqttTap.before(url)
      await tap.close()
      const scene = sceneOf(tap.url)
      await red.deploy(scene.flow)
      await says(scene, 'yellow', /connection refused/)
    })
  })
}

describe('the status of mqtt-ingest where a person must mend something', function () {
  this.timeout(60_000)
  withNodeRed()

  it('is red for a wrong password, and for rights that are missing', async () => {
    const { mqtt: server } = await services('mqtt')
    const { user, password } = accounts.mqttGuest
    const wrong = sceneOf(server.url, {}, { username: user, credentials: { password: 'wrong' } })
    const barred = sceneOf(server.url, {}, { username: user, credentials: { password } })
    await red.deploy([...wrong.flow, ...barred.flow])
    await says(wrong, 'red', /bad user name or password|not authorised/)
    await says(barred, 'red', /subscription refused/)
  })
})
