/**
 * A site and a centre, each a Node-RED: readings and alarms from devices wait on the disk of the
 * site while the link is cut, and both sides are killed meanwhile.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { endOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { MqttTap } from '../mqtt-tap.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { type Publication, publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const IS_LONG = process.env.MILLRACE_CRASH === 'long'
const READINGS = IS_LONG ? 60_000 : 3_000
/** Every so many readings there is an alarm. */
const ALARM_EVERY = 20
const SEEDS = IS_LONG ? [1, 2, 3, 4, 5] : [1]
/** Readings of a window. */
const WINDOW = 10
const BEGIN_MS = Date.UTC(2026, 0, 31)
/** What an edge computer has. */
const MOST_BYTES = 512 << 20

interface Arrived {
  readonly n?: number
  readonly alarm?: string
  readonly count?: number
  readonly window_start?: string
}

const timeOf = (n: number) => new Date(BEGIN_MS + n * 1000).toISOString()
const reading = (n: number) => ({
  n,
  metric: 'temperature_c',
  value: n % 100,
  ts_utc: timeOf(n),
  ...(n % ALARM_EVERY === 7 ? { alarm: 'raised' } : {})
})

function siteOf(name: string, local: string, link: string): FlowEntry[] {
  const z = 'site'
  return [
    { id: z, type: 'tab', label: 'site' },
    { id: 'local', type: 'millrace-mqtt-broker', url: local, clientId: `${name}-site` },
    { id: 'link', type: 'millrace-mqtt-broker', url: link, clientId: `${name}-link` },
    {
      id: 'take',
      type: 'millrace-mqtt-ingest',
      z,
      broker: 'local',
      topic: `${name}/devices/{device_id}`,
      acknowledge: 'stored',
      wires: [['route'], []]
    },
    {
      id: 'route',
      type: 'millrace-route',
      z,
      rules: [{ match: 'all', conditions: [{ field: 'alarm', operator: 'present' }] }],
      otherwise: true,
      outputs: 2,
      wires: [['keep'], ['pass']]
    },
    { id: 'pass', type: 'millrace-deadband', z, width: 0.5, wires: [['keep', 'minutes'], []] },
    {
      id: 'minutes',
      type: 'millrace-aggregate',
      z,
      length: `${WINDOW} s`,
      lateness: '0 s',
      idle: '2 s',
      functions: [{ function: 'count', field: '', parameter: '', as: '' }],
      shape: 'wide',
      wires: [['keep'], [], []]
    },
    {
      id: 'keep',
      type: 'millrace-store-and-forward',
      z,
      priorities: [{ field: 'alarm', operator: 'present', value: '', priority: 'first' }],
      batchSize: 200,
      wires: [['publish'], [], []]
    },
    {
      id: 'publish',
      type: 'millrace-mqtt-publish',
      z,
      broker: 'link',
      topic: `${name}/centre/{device_id}`,
      wires: [[], []]
    }
  ]
}

function centreOf(name: string, server: string, brokers: string): FlowEntry[] {
  const z = 'centre'
  return [
    { id: z, type: 'tab', label: 'centre' },
    { id: 'server', type: 'millrace-mqtt-broker', url: server, clientId: `${name}-centre` },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
    {
      id: 'take',
      type: 'millrace-mqtt-ingest',
      z,
      broker: 'server',
      topic: `${name}/centre/{device_id}`,
      acknowledge: 'stored',
      wires: [['write'], []]
    },
    {
      id: 'write',
      type: 'millrace-kafka-producer',
      z,
      cluster: 'cluster',
      topic: name,
      wires: [[], []]
    }
  ]
}

const waitingIn = async (site: NodeRedProcess) =>
  (await site.metrics()).nodes.find(({ id }) => id === 'keep')?.gauges.waiting ?? 0

/** What reached the centre, in the order it was written there. */
const arrivedAt = async (brokers: string, topic: string): Promise<Arrived[]> =>
  (await readTopic(brokers, topic)).map(({ value }) => JSON.parse(String(value)) as Arrived)

class Scene {
  private constructor(
    readonly name: string,
    readonly server: string,
    readonly brokers: string,
    private tap: MqttTap,
    readonly site: NodeRedProcess,
    readonly centre: NodeRedProcess
  ) {}

  static async start(name: string): Promise<Scene> {
    const { mqtt, kafka } = await services('mqtt', 'kafka')
    await makeTopics(kafka.brokers, { [name]: 1 })
    const tap = await MqttTap.before(mqtt.url)
    const site = new NodeRedProcess({ flow: siteOf(name, mqtt.url, tap.url) })
    const centre = new NodeRedProcess({ flow: centreOf(name, mqtt.url, kafka.brokers) })
    const scene = new Scene(name, mqtt.url, kafka.brokers, tap, site, centre)
    await scene.both(side => side.start())
    await scene.both(side => side.healthy('millrace-mqtt-ingest'))
    return scene
  }

  both(act: (side: NodeRedProcess) => Promise<void>): Promise<unknown> {
    return Promise.all([act(this.site), act(this.centre)])
  }

  publish(from: number, to: number): Promise<void> {
    const publications = Array.from({ length: to - from }, (_, index): Publication => {
      const payload = JSON.stringify(reading(from + index))
      return { topic: `${this.name}/devices/d1`, payload }
    })
    return publish(this.server, publications, { window: 500 })
  }

  cut = () => this.tap.close()
  async mend(): Promise<void> {
    this.tap = await MqttTap.before(this.server, Number(new URL(this.tap.url).port))
  }

  arrived = () => arrivedAt(this.brokers, this.name)

  async remove(): Promise<void> {
    await this.both(side => side.remove())
    await this.tap.close()
  }
}

const readingsIn = (found: readonly Arrived[]) =>
  new Set(found.flatMap(({ n, alarm }) => (alarm === undefined && n !== undefined ? [n] : [])))
const alarmsIn = (found: readonly Arrived[]) =>
  new Set(found.flatMap(({ n, alarm }) => (alarm === undefined || n === undefined ? [] : [n])))

describe('site and centre: the link is cut, and both sides are killed (kill -9)', function () {
  this.timeout(IS_LONG ? 900_000 : 180_000)

  for (const seed of SEEDS)
    it(`nothing is lost, and alarms arrive first, seed ${seed}`, async () => {
      const scene = await Scene.start(`site-${process.pid}-${seed}`)
      const { site } = scene
      let mostBytes = 0
      const look = setInterval(() => {
        mostBytes = Math.max(mostBytes, site.residentBytes)
      }, 100)
      try {
        const before = Math.floor(READINGS / 10)
        await scene.publish(0, before)
        await until('the first to arrive', async () => (await endOf(scene.brokers, scene.name)) > 0)
        await scene.cut()
        await scene.publish(before, READINGS)
        const kept = (READINGS - before) * 0.9
        await until('the rest to wait', async () => (await waitingIn(site)) > kept, 60_000)
        await wait((seed * 137) % 500)
        await scene.both(side => side.end('SIGKILL'))
        await scene.both(side => side.start())
        await until('it to wait again', async () => (await waitingIn(site)) > kept, 60_000)
        const earlier = (await scene.arrived()).length
        await scene.mend()
        await until(
          'nothing to wait at the site',
          async () => (await waitingIn(site)) === 0,
          IS_LONG ? 300_000 : 60_000
        )
        const all = Array.from({ length: READINGS }, (_, n) => n)
        const isAlarm = (n: number) => reading(n).alarm !== undefined
        const everything = async () => {
          const found = await scene.arrived()
          const count = readingsIn(found).size + alarmsIn(found).size
          const isWhole = count >= READINGS && windowsIn(found).size >= READINGS / WINDOW - 1
          return isWhole ? found : undefined
        }
        const found = await until('everything at the centre', everything, 60_000, 250)
        assert.deepEqual(
          [...readingsIn(found)].sort((a, b) => a - b),
          all.filter(n => !isAlarm(n))
        )
        assert.deepEqual(
          [...alarmsIn(found)].sort((a, b) => a - b),
          all.filter(isAlarm)
        )
        assertAlarmsFirst(found.slice(earlier), before)
        assertWindows(found)
        assert.ok(mostBytes < MOST_BYTES, `${mostBytes >> 20} MB at the site`)
      } finally {
        clearInterval(look)
        await scene.remove()
      }
    })
})

/** Nearly all alarms of the outage arrive before nearly all of its readings. */
function assertAlarmsFirst(found: readonly Arrived[], from: number): void {
  const seen = new Set<number>()
  const order = found.flatMap(({ n, alarm }) => {
    if (n === undefined || n < from || seen.has(n)) return []
    seen.add(n)
    return [alarm !== undefined]
  })
  const lastAlarm = order.lastIndexOf(true)
  const readingsBefore = order.slice(0, lastAlarm).filter(isAlarm => !isAlarm).length
  const share = readingsBefore / order.filter(isAlarm => !isAlarm).length
  assert.ok(share < 0.25, `${Math.round(share * 100)} % of the readings came before the last alarm`)
}

/** The counts told of each window. */
function windowsIn(found: readonly Arrived[]): Map<string, Set<number>> {
  const counts = new Map<string, Set<number>>()
  for (const { window_start, count } of found) {
    if (window_start === undefined || count === undefined) continue
    counts.set(window_start, (counts.get(window_start) ?? new Set()).add(count))
  }
  return counts
}

/** A window that comes again says the same. */
function assertWindows(found: readonly Arrived[]): void {
  for (const [start, each] of windowsIn(found)) assert.equal(each.size, 1, start)
}
