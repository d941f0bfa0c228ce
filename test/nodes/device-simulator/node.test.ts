import assert from 'node:assert/strict'
import type { MqttClient } from 'mqtt'
import { provenanceOf } from '../../../core/record/record.ts'
import simulator from '../../../nodes/device-simulator/runtime.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

interface Summary {
  readings: number
  published: number
  acknowledged: number
  inFlight: number
  finished: boolean
  faults: Record<string, number>
}

describe('device-simulator', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let url: string
  let watcher: MqttClient

  before(async () => {
    url = (await services('mqtt')).mqtt.url
    watcher = await device(url)
    red = await startNodeRed({ nodes: [broker, simulator, registerCollect] })
  })
  after(async () => {
    await red.stop()
    await watcher.endAsync()
  })
  afterEach(() => red.deploy([]))

  async function deploy(options: Record<string, unknown>) {
    const ids = {
      tab: unique('tab'),
      server: unique('server'),
      fleet: unique('fleet'),
      readings: unique('readings'),
      progress: unique('progress')
    }
    const z = ids.tab
    const flow: FlowEntry[] = [
      { id: ids.tab, type: 'tab' },
      { id: ids.server, type: 'millrace-mqtt-broker', url },
      {
        id: ids.fleet,
        z,
        type: 'millrace-device-simulator',
        broker: ids.server,
        wires: [[ids.readings], [ids.progress]],
        ...options
      },
      { id: ids.readings, z, type: 'collect', wires: [] },
      { id: ids.progress, z, type: 'collect', wires: [] }
    ]
    await red.deploy(flow)
    const summaries = () => collectorOf(ids.progress).records as Summary[]
    return {
      readings: collectorOf(ids.readings),
      finished: () => until('the end', () => summaries().find(({ finished }) => finished)),
      last: () => summaries().at(-1),
      input: (payload: unknown) =>
        red.node<{ receive(message: object): void }>(ids.fleet).receive({ payload })
    }
  }

  it('publishes what it says, and says what it publishes', async () => {
    const topic = `${unique('fleet')}/{site}/{device_id}`
    const got: { topic: string; payload: string }[] = []
    watcher.on('message', (at, payload) => got.push({ topic: at, payload: payload.toString() }))
    await watcher.subscribeAsync(`${topic.split('/')[0]}/#`, { qos: 1 })
    const fleet = await deploy({
      topic,
      count: 1000,
      ratePerSecond: 5000,
      duplicatePct: 10,
      malformedPct: 10,
      sequence: true,
      devices: 10
    })
    const { readings, published, acknowledged, inFlight, faults } = await fleet.finished()
    assert.deepEqual([readings, inFlight], [1000, 0])
    assert.equal(published, 1000 + faults.duplicate!)
    assert.equal(acknowledged, published)
    await until('all at the other end', () => got.length === published)
    const sequences = new Map<string, Set<number>>()
    let malformed = 0
    for (const { payload } of got) {
      try {
        const { device_id, seq } = JSON.parse(payload) as { device_id: string; seq: number }
        sequences.set(device_id, (sequences.get(device_id) ?? new Set()).add(seq))
      } catch {
        malformed++
      }
    }
    assert.equal(malformed, faults.malformed)
    assert.equal(
      [...sequences.values()].reduce((sum, seen) => sum + seen.size, 0),
      1000 - malformed
    )
  })

  it('sends into the flow without any server', async () => {
    const fleet = await deploy({
      target: 'flow',
      broker: '',
      count: 50,
      ratePerSecond: 1000,
      malformedPct: 20
    })
    const { faults } = await fleet.finished()
    const { records } = fleet.readings
    assert.equal(records.length, 50)
    assert.equal(records.filter(record => typeof record === 'string').length, faults.malformed)
    const record = records.find(found => typeof found === 'object')
    assert.equal(provenanceOf(record)!.taken.origin.kind, 'simulator')
  })

  it('starts and stops by message', async () => {
    const fleet = await deploy({
      target: 'flow',
      broker: '',
      startOnDeploy: false,
      ratePerSecond: 1000
    })
    assert.equal(fleet.readings.got.length, 0)
    fleet.input(true)
    await until('readings', () => fleet.readings.records.length > 20)
    fleet.input(false)
    await until('its last word', () => fleet.last()?.readings === fleet.readings.records.length)
  })

  it('waits for a server that is away', async () => {
    const ids = { tab: unique('tab'), server: unique('server'), fleet: unique('fleet') }
    await red.deploy([
      { id: ids.tab, type: 'tab' },
      { id: ids.server, type: 'millrace-mqtt-broker', url: 'mqtt://127.0.0.1:1' },
      {
        id: ids.fleet,
        z: ids.tab,
        type: 'millrace-device-simulator',
        broker: ids.server,
        wires: [[], []]
      }
    ])
    await until('the warning', () =>
      red.logs.some(
        ({ id, msg }) => id === ids.fleet && /nothing listens on this port/.test(String(msg))
      )
    )
  })
})
