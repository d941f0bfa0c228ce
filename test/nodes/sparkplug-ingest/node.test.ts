// Mostly waits.
import assert from 'node:assert/strict'
import type { MqttClient } from 'mqtt'
import { makes } from '../../brokers.ts'
import { collectorOf } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { until } from '../../until.ts'
import { Edge } from './edge.ts'
import { open, red, sceneOf, withNodeRed } from './in-node-red.ts'
import { LiveEdge } from './live-edge.ts'

const plant = (group: string) => {
  const edge = new Edge(group, 'E')
  edge.metrics.set('d1', [{ name: 'temperature', datatype: 10, double_value: 20 }])
  return edge
}

for (const make of makes) {
  describe(`sparkplug-ingest with ${make.name}`, function () {
    this.timeout(60_000)
    let url: string
    let watcher: MqttClient
    withNodeRed()
    before(async function () {
      this.timeout(120_000)
      url = await make.start()
      watcher = await device(url)
    })
    after(async () => {
      await watcher.endAsync()
      await make.stop()
    })

    const live = async (group: string) => {
      const edge = await new LiveEdge(plant(group), url).connect()
      open.push(edge)
      return edge
    }

    it('asks an edge node that runs already for its births, and reads what came before them', async () => {
      const scene = sceneOf(url)
      const edge = await live(scene.group)
      edge.publish(...edge.edge.births())
      await red.deploy(scene.flow)
      await scene.working()
      edge.publish(edge.edge.data('d1', { temperature: 21 }), edge.edge.data('', { load: 2 }))
      await until('what waited', () => scene.lines().includes('E/d1 temperature 21'))
      assert.ok(scene.lines().includes('E load 2'))
      edge.publish(edge.edge.data('d1', { temperature: 22 }))
      await until('live data', () => scene.lines().includes('E/d1 temperature 22'))
      assert.equal(edge.rebirths, 1)
      assert.deepEqual(edge.commands, [{ qos: 0, retain: false }])
      assert.equal(collectorOf(scene.ids.rejected).records.length, 0)
    })

    it('tells deaths by the will, and the new session after it', async () => {
      const scene = sceneOf(url)
      await red.deploy(scene.flow)
      await scene.working()
      const edge = await live(scene.group)
      edge.publish(...edge.edge.births())
      await until('the births', () => scene.lines().includes('E/d1 online true'))
      edge.die()
      await until('the death', () => scene.lines().includes('E/d1 online false'))
      assert.ok(scene.lines().includes('E online false'))
      edge.edge.restart()
      await edge.connect()
      edge.publish(...edge.edge.births(), edge.edge.data('d1', { temperature: 5 }))
      await until('the new session', () => scene.lines().includes('E/d1 temperature 5'))
      assert.equal(edge.rebirths, 0)
    })

    it('says by STATE whether it is there, and says so again where that is denied', async () => {
      const hostId = unique('host')
      const topic = `spBv1.0/STATE/${hostId}`
      const states: { online: boolean; timestamp: number }[] = []
      watcher.on('message', (at, payload) => {
        if (at === topic) states.push(JSON.parse(payload.toString()) as (typeof states)[number])
      })
      await watcher.subscribeAsync(topic, { qos: 1 })
      const scene = sceneOf(url, { hostId })
      await red.deploy(scene.flow)
      await until('its birth', () => states.at(-1)?.online === true)
      const born = states.at(-1)!
      assert.ok(Math.abs(Date.now() - born.timestamp) < 20_000)
      await watcher.publishAsync(topic, '{"online":false,"timestamp":1}', { qos: 1, retain: true })
      await until('its word again', () => states.length >= 3 && states.at(-1)!.online)
      assert.deepEqual(states.at(-1), born)
      await red.deploy([])
      await until('its death', () => states.at(-1)?.online === false)
      assert.ok(states.at(-1)!.timestamp >= born.timestamp)
    })

    it('says that it is gone while the flow has no room', async () => {
      const hostId = unique('host')
      const states: boolean[] = []
      watcher.on('message', (at, payload) => {
        if (at === `spBv1.0/STATE/${hostId}`)
          states.push((JSON.parse(payload.toString()) as { online: boolean }).online)
      })
      await watcher.subscribeAsync(`spBv1.0/STATE/${hostId}`, { qos: 1 })
      const scene = sceneOf(url, { hostId, maxInFlight: 4, batchSize: 1 })
      const sink = collectorOf(scene.ids.taken)
      sink.treatment = 'hold'
      await red.deploy(scene.flow)
      await scene.working()
      const edge = await live(scene.group)
      edge.publish(...edge.edge.births())
      for (let value = 0; value < 20; value++)
        edge.publish(edge.edge.data('d1', { temperature: value }))
      await until('its word', () => states.at(-1) === false, 20_000)
      sink.release()
      await until('that it is back', () => states.at(-1) === true, 20_000)
      await until('all', () => scene.lines().includes('E/d1 temperature 19'))
    })

    it('takes what the device simulator sends, all of it', async () => {
      const options = { statusMetric: '', birthValues: false, deviceId: 'name' }
      const fleet = { devices: 4, sites: 2, ratePerSecond: 1000, count: 400, clientId: '' }
      const scene = sceneOf(url, options, fleet)
      await red.deploy(scene.flow)
      await until('all of it', () => scene.rows().length >= 400, 30_000)
      const keys = new Set(scene.rows().map(row => `${row.device_id} ${row.metric} ${row.ts}`))
      assert.equal(keys.size, 400)
      assert.equal(scene.mine()!.counts.rejected, 0)
    })
  })
}
