import assert from 'node:assert/strict'
import { provenanceOf } from '../../../core/record/record.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { device } from '../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { kill, restart, services, stop } from '../../services.ts'
import { until } from '../../until.ts'
import { countsOf, greeted, sceneOf, topicOf } from './scene.ts'

let red: RunningNodeRed
/** Hooks of a file would be hooks of the whole run. */
function withNodeRed(): void {
  before(async function () {
    this.timeout(60_000)
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
  })
  after(() => red.stop())
}

describe('mqtt-ingest over an orderly restart of the server', function () {
  this.timeout(60_000)
  withNodeRed()

  // Artemis gives the packet ids of messages that are under way to others then, and sends them with
  // DUP.
  it('loses none of messages that differ only in a user property', async () => {
    const { mqtt } = await services('mqtt')
    const scene = sceneOf(mqtt.url, {
      acknowledge: 'stored',
      qos: '2',
      maxInFlight: 20,
      batchSize: 1
    })
    await red.deploy(scene.flow)
    const publisher = await device(mqtt.url)
    await greeted(scene, publisher)
    scene.taken.treatment = 'hold'
    const sent = Array.from({ length: 40 }, (_, n) => String(n))
    for (const number of sent) {
      await publisher.publishAsync(topicOf(scene), '{"state":"on"}', {
        qos: 2,
        properties: { userProperties: { number } }
      })
    }
    await until('as many as allowed', () => countsOf(scene).inFlight === 20)
    publisher.end(true)
    await stop('mqtt')
    await restart('mqtt')
    scene.taken.release()
    const numbers = () =>
      new Set(
        scene.taken.records.map(record => provenanceOf(record as object)!.taken.headers.number)
      )
    await until('all', () => numbers().size === sent.length, 30_000)
    await red.deploy([])
  })
})

describe('mqtt-ingest over the end of the server (kill -9)', function () {
  this.timeout(60_000)
  withNodeRed()

  it('loses nothing that the server has acknowledged to a device', async () => {
    const { mqtt } = await services('mqtt')
    const scene = sceneOf(mqtt.url, { acknowledge: 'stored' })
    await red.deploy(scene.flow)
    const publisher = await device(mqtt.url)
    await greeted(scene, publisher)
    const acknowledged = new Set<number>()
    let lost = false
    publisher.once('close', () => {
      lost = true
    })
    let open = 0
    for (let n = 0; !lost && n < 3000; n++) {
      open++
      publisher.publish(topicOf(scene, `d${n % 7}`), `{"n":${n}}`, { qos: 1 }, error => {
        open--
        if (!error) acknowledged.add(n)
      })
      if (n === 2000) void kill('mqtt')
      await until('room', () => open < 200 || lost, 20_000, 1)
    }
    await until('the end of the server', () => lost)
    assert.ok(acknowledged.size > 1500)
    publisher.end(true)
    await restart('mqtt')
    const missing = () => {
      const found = new Set(scene.taken.records.map(record => (record as { n?: number }).n))
      return [...acknowledged].filter(n => !found.has(n))
    }
    await until('all that was acknowledged', () => missing().length === 0)
    await red.deploy([])
  })
})
