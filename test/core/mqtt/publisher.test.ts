import assert from 'node:assert/strict'
import mqtt from 'mqtt'
import { MqttConnection } from '../../../core/mqtt/client.ts'
import { Publisher } from '../../../core/mqtt/publisher.ts'
import { makes } from '../../brokers.ts'
import { MqttTap } from '../../mqtt-tap.ts'
import { until } from '../../until.ts'
import { device, settingsOf, unique } from './rig.ts'

for (const make of makes) {
  describe(`publishing with a window to ${make.name}`, function () {
    this.timeout(30_000)
    let url: string
    let tap: MqttTap
    let connection: MqttConnection | undefined

    before(async () => {
      url = await make.start()
    })
    after(() => make.stop())
    beforeEach(async () => {
      tap = await MqttTap.before(url)
    })
    afterEach(async () => {
      await connection?.close(500)
      await tap.close()
    })

    /** Publishes `0` to `count - 1` as fast as there is room. */
    function publishAll(topic: string, count: number, window: number): Publisher {
      let next = 0
      const fill = () => {
        while (
          next < count &&
          publisher.publish({ topic, payload: String(next), qos: 1, retain: false })
        )
          next++
      }
      const publisher = new Publisher({
        window,
        onRoom: fill,
        onRefused: (_message, error) => assert.fail(error)
      })
      connection = new MqttConnection(settingsOf(tap.url, { clean: true }), {
        ready: link => {
          publisher.attach(link)
          fill()
        },
        lost: () => publisher.detach(),
        log: () => {}
      })
      connection.start()
      return publisher
    }

    /** The most messages that were unacknowledged at a time. */
    function mostOpen(): number {
      let open = 0
      let most = 0
      for (const { from, type } of tap.seen) {
        if (from === 'client' && type === 'publish') open++
        if (from === 'server' && type === 'puback') open--
        most = Math.max(most, open)
      }
      return most
    }

    it('keeps to its own window', async () => {
      const publisher = publishAll(unique('window'), 500, 30)
      await until('all acknowledged', () => publisher.acknowledged === 500)
      assert.ok(mostOpen() <= 30, String(mostOpen()))
      assert.deepEqual(
        [publisher.published, publisher.refused, publisher.resent, publisher.inFlight],
        [500, 0, 0, 0]
      )
    })

    it("keeps to the server's Receive Maximum where that is less", async () => {
      const allowed = (await serverReceiveMaximum(url)) ?? 65_535
      const publisher = publishAll(unique('window'), 3000, 100_000)
      await until('all acknowledged', () => publisher.acknowledged === 3000)
      assert.ok(mostOpen() <= allowed, `${mostOpen()} of ${allowed}`)
    })

    it('publishes again what a broken connection left unacknowledged, and then goes on', async () => {
      const topic = unique('window')
      const allowed = Math.min(50, (await serverReceiveMaximum(url)) ?? 65_535)
      const watcher = await device(url)
      const got = new Set<string>()
      watcher.on('message', (_topic, payload) => got.add(payload.toString()))
      await watcher.subscribeAsync(topic, { qos: 1 })
      tap.lose = packet => packet.type === 'puback' && tap.of('server', 'puback').length > 100
      const publisher = publishAll(topic, 1000, 50)
      await until(
        'a full window',
        () => publisher.inFlight === allowed && tap.of('server', 'puback').length >= 100 + allowed
      )
      tap.lose = () => false
      tap.cut()
      await until('all acknowledged', () => publisher.acknowledged === 1000)
      assert.equal(publisher.published, 1000)
      assert.equal(publisher.resent, allowed)
      await until('all at the other end', () => got.size === 1000)
      await watcher.endAsync()
    })
  })
}

async function serverReceiveMaximum(url: string): Promise<number | undefined> {
  const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0 })
  const { properties } = await new Promise<mqtt.IConnackPacket>(resolve =>
    client.once('connect', resolve)
  )
  await client.endAsync()
  return properties?.receiveMaximum
}
