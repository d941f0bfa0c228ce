// Mostly waits.
/**
 * Servers that are away when Node-RED starts, and again in the middle: those of MQTT, AMQP and line
 * protocol, whose nodes are the source, the sink, or both. The long form leaves them away for ten
 * minutes each time.
 */
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import mqtt from 'mqtt'
import { companion } from '../../build/palettes.ts'
import { build } from '../../build.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { amqpUrl, Client, unique } from '../palettes/amqp/rig.ts'
import { publish } from '../publish.ts'
import { DATABASE, influxDb } from '../servers/time-series.ts'
import { services } from '../services.ts'
import { TcpGate } from '../tcp-gate.ts'
import { until } from '../until.ts'

const AWAY_S = process.env.MILLRACE_CRASH === 'long' ? 600 : 5
/** Of each way, each time; more than a node may have open. */
const RECORDS = 1_500
const MOST_OPEN = 500
const BEGIN_MS = Date.UTC(2026, 0, 31)

interface Names {
  readonly from: string
  readonly to: string
}

const bodyOf = (n: number) =>
  JSON.stringify({ n, device_id: 'd1', ts_utc: new Date(BEGIN_MS + n).toISOString() })
const batchOf = (first: number) => Array.from({ length: RECORDS }, (_, n) => bodyOf(first + n))

interface Addresses {
  readonly direct: string
  readonly mqtt: string
  readonly amqp: string
  readonly influx: string
}

const servers = ({ direct, ...gates }: Addresses): FlowEntry[] => [
  { id: 'tab', type: 'tab' },
  { id: 'direct', type: 'millrace-mqtt-broker', url: direct, clientId: unique('direct') },
  { id: 'mqtt', type: 'millrace-mqtt-broker', url: gates.mqtt, clientId: unique('gate') },
  { id: 'amqp', type: 'millrace-amqp-server', url: gates.amqp },
  { id: 'influx', type: 'millrace-influx-server', service: 'influx1', api: 'v1', url: gates.influx }
]

/** From a server that goes away to the same one, twice, and to one from a server that stays. */
const ways = (overMqtt: Names, overAmqp: Names, points: string): FlowEntry[] => [
  {
    id: 'mqtt-in',
    type: 'millrace-mqtt-ingest',
    z: 'tab',
    broker: 'mqtt',
    topic: overMqtt.from,
    acknowledge: 'stored',
    maxInFlight: MOST_OPEN,
    wires: [['mqtt-out'], []]
  },
  {
    id: 'mqtt-out',
    type: 'millrace-mqtt-publish',
    z: 'tab',
    broker: 'mqtt',
    topic: overMqtt.to,
    wires: [[], []]
  },
  {
    id: 'amqp-in',
    type: 'millrace-amqp-ingest',
    z: 'tab',
    server: 'amqp',
    address: overAmqp.from,
    acknowledge: 'stored',
    maxInFlight: MOST_OPEN,
    wires: [['amqp-out'], []]
  },
  {
    id: 'amqp-out',
    type: 'millrace-amqp-publish',
    z: 'tab',
    server: 'amqp',
    address: overAmqp.to,
    wires: [[], []]
  },
  {
    id: 'points-in',
    type: 'millrace-mqtt-ingest',
    z: 'tab',
    broker: 'direct',
    topic: points,
    acknowledge: 'stored',
    maxInFlight: MOST_OPEN,
    wires: [['points-out'], []]
  },
  {
    id: 'points-out',
    type: 'millrace-influx-sink',
    z: 'tab',
    server: 'influx',
    database: DATABASE,
    measurement: 'away',
    create: 'create',
    rows: [
      { name: 'device_id', from: 'device_id', type: 'tag', role: 'required' },
      { name: 'n', from: 'n', type: 'number', role: 'required' }
    ],
    wires: [[], []]
  }
]

/** The words of a node whose server does not answer, or cuts the connection off. */
const AWAY = /away|refused|waiting|connecting/

describe(`servers that are away for ${AWAY_S} s, at the start and in the middle`, function () {
  this.timeout((2 * AWAY_S + 180) * 1000)
  const [overMqtt, overAmqp] = [
    { from: unique('mqtt/from'), to: unique('mqtt/to') },
    { from: unique('from'), to: unique('to') }
  ]
  const points = unique('points')
  const influx = influxDb()
  const gates: TcpGate[] = []
  const found = { mqtt: new Set<number>(), amqp: new Set<number>() }
  let url: string
  let nodeRed: NodeRedProcess
  let hears: mqtt.MqttClient
  let client: Client
  let expected = 0

  before(async () => {
    await build()
    await build({ root: (await companion('amqp')).folder })
    url = (await services('mqtt')).mqtt.url
    const influxUrl = await influx.start()
    for (const { port } of [new URL(url), new URL(url), new URL(influxUrl)])
      gates.push(await TcpGate.before(Number(port)))
    const [mqttPort, amqpPort, influxPort] = gates.map(({ port }) => port)
    const addresses = {
      direct: url,
      mqtt: `mqtt://127.0.0.1:${mqttPort}`,
      amqp: `amqp://127.0.0.1:${amqpPort}`,
      influx: `http://127.0.0.1:${influxPort}`
    }
    nodeRed = new NodeRedProcess({
      flow: [...servers(addresses), ...ways(overMqtt, overAmqp, points)]
    })
    hears = await mqtt.connectAsync(url, { protocolVersion: 5 })
    hears.on('message', (_, payload) => {
      found.mqtt.add((JSON.parse(String(payload)) as { n: number }).n)
    })
    await hears.subscribeAsync(overMqtt.to, { qos: 1 })
    client = await Client.open(amqpUrl(url))
    client.listen(overAmqp.to, ({ body }) => {
      const { content = body } = body as { content?: unknown }
      found.amqp.add((JSON.parse(String(content)) as { n: number }).n)
    })
  })
  after(async () => {
    await nodeRed?.remove()
    await hears?.endAsync(true)
    await client?.close()
    for (const gate of gates) await gate.shut()
    await influx.end()
  })

  const openAll = () => Promise.all(gates.map(gate => gate.open()))
  const shutAll = () => Promise.all(gates.map(gate => gate.shut()))

  async function send(): Promise<void> {
    const batch = batchOf(expected)
    expected += RECORDS
    const over = (topic: string) => batch.map(payload => ({ topic, payload }))
    await Promise.all([
      publish(url, over(overMqtt.from)),
      publish(url, over(points)),
      client.send(
        overAmqp.from,
        batch.map(body => ({ body }))
      )
    ])
  }

  async function allArrive(): Promise<void> {
    await until(
      'all of each way',
      async () =>
        found.mqtt.size === expected &&
        found.amqp.size === expected &&
        (await influx.points('away')).length === expected,
      90_000,
      100
    ).catch(async (error: Error) => {
      const counts = [found.mqtt.size, found.amqp.size, (await influx.points('away')).length]
      throw new Error(`${error.message}: ${counts.join(', ')} of ${expected}`)
    })
    await until('nothing to be open', async () =>
      (await nodeRed.metrics()).nodes.every(({ counts }) => counts.inFlight === 0)
    )
  }

  /** Waits out the outage, and looks at what the nodes say and hold in its end. */
  async function away(words: Readonly<Record<string, RegExp>>): Promise<void> {
    await wait(AWAY_S * 1000)
    const { nodes } = await nodeRed.metrics()
    for (const { id, status, counts } of nodes) {
      assert.ok(counts.inFlight <= MOST_OPEN, `${id} holds ${counts.inFlight}`)
      const word = words[id]
      if (word === undefined) continue
      assert.equal(status?.healthy, false, `${id} says ${status?.text}`)
      assert.match(`${id}: ${status?.text}`, word)
    }
  }

  it('at the start: says what it waits for, and takes all when they are there', async () => {
    await nodeRed.start()
    // There is no session of MQTT yet that could keep anything.
    await away({ 'mqtt-in': AWAY, 'amqp-in': AWAY, 'mqtt-out': AWAY, 'amqp-out': AWAY })
    await openAll()
    for (const type of ['millrace-mqtt-ingest', 'millrace-amqp-ingest']) await nodeRed.healthy(type)
    await send()
    await allArrive()
  })

  it('in the middle: holds no more than it may, and loses nothing', async () => {
    const sent = send()
    await until('some', () => found.mqtt.size > RECORDS * 1.1, 30_000, 2)
    await shutAll()
    await sent
    await away({
      'mqtt-in': AWAY,
      'amqp-in': AWAY,
      'mqtt-out': AWAY,
      'amqp-out': AWAY,
      'points-out': AWAY
    })
    await openAll()
    await allArrive()
  })
})
