import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import type { Database } from '../../core/postgres/pool.ts'
import { topics } from '../../stack/services.ts'
import { ensureTopics } from '../../stack/topics.ts'
import { device } from '../core/mqtt/rig.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const folder = new URL('../../examples/', import.meta.url)
const choose = new URL('../../docs/choose.md', import.meta.url)
const files = readdirSync(folder).filter(file => file.endsWith('.json'))
const read = (file: string) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as FlowEntry[]

/**
 * What the buttons of a lesson must come to: counts of a node once all of its buttons were pressed,
 * or what runs by itself.
 */
const OUTCOMES: Record<
  string,
  Partial<Record<'in' | 'out' | 'stored' | 'rejected' | 'duplicates', number>>
> = {
  'lesson-kafka-producer-write': { in: 2, stored: 1, rejected: 1 },
  'lesson-decode-read': { in: 2, out: 3, rejected: 1 },
  'lesson-decode-csv-read': { in: 1, out: 2 },
  'lesson-http-ingest-take': { in: 3, out: 3 },
  'lesson-http-ingest-influx': { in: 1 },
  'lesson-validate-check': { in: 6, rejected: 3 },
  'lesson-normalize-time': { in: 4, rejected: 1 },
  'lesson-reshape-rows': { in: 3, out: 5, rejected: 1 },
  'lesson-recipe-many-makes-store': { in: 16, stored: 16 },
  'lesson-mqtt-publish-ask': { in: 2, stored: 1, rejected: 1 },
  'lesson-enrich-join': { in: 2, rejected: 1 },
  'lesson-recipe-registry-where': { in: 1, out: 1, rejected: 0 },
  'lesson-route-rules': { in: 10, out: 10 },
  'lesson-deadband-pass': { in: 10, out: 4 },
  'lesson-join-pair': { in: 7, out: 4, rejected: 0 },
  'lesson-join-store': { stored: 3 },
  'lesson-aggregate-minutes': { in: 18 },
  'lesson-aggregate-store': { stored: 3 },
  'lesson-recipe-consumption-store': { stored: 3 },
  'lesson-recipe-cold-chain-store': { stored: 3 },
  'lesson-recipe-cold-chain-limit': { in: 3, out: 1 },
  'lesson-alarm-watch': { in: 6, out: 3 },
  'lesson-recipe-alarm-store': { stored: 3 },
  'lesson-recipe-alarm-publish': { stored: 3 },
  'lesson-recipe-open-door-rules': { in: 4, out: 1 },
  'lesson-recipe-open-door-store': { stored: 1 },
  'lesson-recipe-oee-store': { stored: 5 },
  'lesson-recipe-few-devices-store': { in: 13, stored: 13, rejected: 0 },
  'lesson-store-and-forward-keep': { in: 4, stored: 4, out: 4 },
  'lesson-store-and-forward-store': { stored: 4 },
  'lesson-recipe-notify-rules': { in: 3, out: 1, rejected: 0 },
  'lesson-recipe-notify-store': { stored: 1 },
  'lesson-device-registry-list': { in: 6 },
  'lesson-recipe-last-values-store': { in: 4, rejected: 0 },
  'lesson-timescale-sink-store': { in: 4, stored: 2, duplicates: 1, rejected: 1 }
}
/** Nodes that must have dealt with at least so many records by themselves. */
const BUSY: Record<string, ['in' | 'out' | 'stored', number]> = {
  'lesson-device-simulator-fleet': ['out', 10],
  'lesson-mqtt-ingest-take': ['in', 10],
  'lesson-sparkplug-ingest-store': ['stored', 10],
  'lesson-kafka-consumer-read': ['in', 1],
  'lesson-acknowledge-take': ['in', 3],
  'lesson-whole-pipeline-store': ['stored', 50],
  'lesson-recipe-alerts-rules': ['in', 1],
  'lesson-recipe-alerts-publish': ['stored', 1],
  'lesson-recipe-without-kafka-store': ['stored', 5]
}

/** What the devices of "a fleet of many makes" have sent: device, metric and value. */
const MAKES: readonly (readonly [device: string, metric: string, value: number])[] = [
  ['0101010101010101', 'temperature', 25],
  ['dev1', 'luminosity', 0.64],
  ['dev1', 'temperature', 21],
  ['dev9', 'humidity', 70],
  ['dev9', 'temperature', 42.2],
  ['hall/door', 'humidity', 44.72],
  ['hall/door', 'temperature', 27.34],
  ['line1', 'A.B', 7],
  ['line1', 'A.C', 0],
  ['livingroom', 'temperature', 12.8],
  ['phone', 'lat', 52.5],
  ['phone', 'lon', 13.4],
  ['shelly1pm-B1', 'relay/0/power', 12.3],
  ['shellyplus1pm-a8', 'switch:0.apower', 8.9],
  ['tasmota_1', 'AM2301.Humidity', 58.2],
  ['tasmota_1', 'AM2301.Temperature', 24.6]
]

/** What is made of the readings of windows: device, metric, and values by time. */
const WINDOWS: readonly (readonly [device: string, metric: string, values: readonly number[]])[] = [
  ['meter-1', 'energy_kwh_consumed', [2.5, 3, 3]],
  ['oven-1', 'temperature_c_avg', [20.25, 20.85, 21.45]],
  ['truck-7', 'temperature_c_avg', [5, 10, 6]]
]

describe('examples', function () {
  this.timeout(120_000)
  let nodeRed: NodeRedProcess
  let brokers: string
  let database: Database
  let mqttUrl = ''

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    brokers = kafka.brokers
    mqttUrl = mqtt.url
    database = databaseAt(timescale.url)
    await makeTopics(
      brokers,
      Object.fromEntries(Object.values(topics).map(topic => [topic, 4]))
    ).catch(() => {})
    await ensureTopics(brokers)
    nodeRed = new NodeRedProcess({ flow: [] })
    const here: Record<string, object> = {
      'millrace-mqtt-broker': { url: mqtt.url },
      'millrace-kafka-cluster': { brokers },
      'millrace-timescale-database': { url: timescale.url },
      'mqtt-broker': { port: new URL(mqtt.url).port },
      'http request': { url: `${await nodeRed.address()}/{{{path}}}` }
    }
    nodeRed.deploy(files.flatMap(read).map(node => ({ ...node, ...here[node.type] })))
    await nodeRed.start()
  })
  after(async () => {
    await nodeRed?.remove()
    await database?.close()
  })

  for (const file of files) {
    it(`${file} says what to do, and needs nothing edited`, () => {
      const nodes = read(file)
      assert.ok(nodes.some(({ type }) => type === 'comment'))
      assert.equal(nodes.filter(({ type }) => type === 'tab').length, 1)
      const ids = new Set(nodes.map(({ id }) => id))
      for (const { id, wires = [] } of nodes)
        for (const target of wires.flat()) assert.ok(ids.has(target), `${id} → ${target}`)
      assert.doesNotMatch(JSON.stringify(nodes), /\$\{[A-Z]/)
    })
  }

  it('the page that helps to choose names only examples that are there', () => {
    const beside = ['amqp', 'archive'].flatMap(name =>
      readdirSync(new URL(`../../palettes/${name}/examples/`, import.meta.url))
    )
    const named = [...readFileSync(choose, 'utf8').matchAll(/`(\d\d-[a-z-]+)`/g)].map(
      ([, name]) => name
    )
    assert.ok(named.length >= 6)
    for (const name of named) assert.ok([...files, ...beside].includes(`${name}.json`), name)
  })

  it('all start, and none has a wrong setting', () =>
    assert.doesNotMatch(nodeRed.output, /\[error\]|OPTIONS_INVALID|unknown/i))

  it('their buttons do what the comments say', async () => {
    const counts = async (id: string) =>
      (await nodeRed.metrics()).nodes.find(node => node.id === id)?.counts
    await until(
      'the consumers to have joined',
      async () => (await counts('lesson-whole-pipeline-store'))!.stored > 0,
      60_000
    )
    const buttons = files
      .flatMap(read)
      .filter(({ type, id }) => type === 'inject' && !id.startsWith('lesson-dead-letter-replay'))
    for (const { id } of buttons)
      assert.equal((await fetch(`${nodeRed.url}/inject/${id}`, { method: 'POST' })).status, 200, id)
    for (const [id, expected] of Object.entries(OUTCOMES)) {
      const matching = async () => {
        const now = await counts(id)
        return Object.entries(expected).every(
          ([name, count]) => now?.[name as keyof typeof now] === count
        )
      }
      await until(`${id} to count ${JSON.stringify(expected)}`, matching, 45_000).catch(
        async error => {
          throw new Error(`${error.message}, but it counts ${JSON.stringify(await counts(id))}`)
        }
      )
    }
  })

  it('ten makes of devices are rows of one table, with names, times and values', async () => {
    const { rows } = await database.query(
      `SELECT device_id, metric, value, abs(extract(epoch FROM now() - time)) < 600 AS recent
       FROM telemetry WHERE device_id = ANY($1) ORDER BY device_id COLLATE "C", metric COLLATE "C"`,
      [[...new Set(MAKES.map(([device]) => device))]]
    )
    assert.deepEqual(
      rows.map(row => [row.device_id, row.metric, row.value, row.recent]),
      MAKES.map(row => [...row, true])
    )
  })

  it('temperature and humidity of one device are one row of a table', async () => {
    const { rows } = await database.query(
      'SELECT device_id, temperature_c, humidity_pct FROM climate ORDER BY time',
      []
    )
    assert.deepEqual(
      rows.map(row => [row.device_id, row.temperature_c, row.humidity_pct]),
      [
        ['climate-1', 21, 45],
        ['climate-1', 21.5, 46],
        ['climate-1', 22, 44]
      ]
    )
  })

  it('two devices are in the list, one approved and one blocked, and what happened was told', async () => {
    const list = 'SELECT device_id, name, firmware, status, presence FROM lesson_devices ORDER BY 1'
    const untold = 'SELECT count(*)::int AS n FROM lesson_devices_events WHERE sent_at IS NULL'
    await until(
      'every event to be told',
      async () => (await database.query<{ n: number }>(untold)).rows[0]?.n === 0,
      30_000
    )
    assert.deepEqual((await database.query(list)).rows.map(Object.values), [
      ['sensor-101', 'Boiler room', '1.1', 'approved', 'online'],
      ['sensor-102', null, null, 'blocked', 'offline']
    ])
  })

  it('of each device and metric the newest value is kept, in a table and on MQTT', async () => {
    const { rows } = await database.query(
      "SELECT metric, value FROM last_values WHERE device_id = 'boiler' ORDER BY metric"
    )
    assert.deepEqual(rows.map(Object.values), [
      ['door', 'open'],
      ['temperature_c', 81.5]
    ])
    const kept = await retained('lesson-last/#', 2)
    assert.equal(kept.get('lesson-last/boiler/temperature_c'), '81.5')
  })

  /** So many messages that the MQTT server keeps, by topic. */
  async function retained(filter: string, count: number): Promise<Map<string, string>> {
    const client = await device(mqttUrl)
    try {
      const got = new Map<string, string>()
      client.on('message', (topic, payload) => got.set(topic, String(payload)))
      client.subscribe(filter, { qos: 1 })
      await until('the retained values', () => got.size === count, 20_000)
      return got
    } finally {
      client.end(true)
    }
  }

  it('three rules over time: a silent device, a door that is open too long, OEE of machines', async () => {
    const silent = async () =>
      (
        await database.query(
          `SELECT DISTINCT device_id, last_seen IS NULL AS never, location, missing_s
           FROM silences WHERE device_id = 'pump-3' OR last_seen IS NOT NULL ORDER BY device_id`
        )
      ).rows.map(({ device_id, never, location, missing_s }) => [
        ...[device_id, never, location, Number(missing_s)]
      ])
    await until('the silence of three pumps', async () => (await silent()).length === 3, 30_000)
    assert.deepEqual(await silent(), [
      ['pump-1', false, 'hall A', 10],
      ['pump-2', false, 'hall A', 10],
      ['pump-3', true, null, 10]
    ])
    const doors = await database.query(
      `SELECT door, extract(epoch FROM now() - opened)::float8 AS seconds FROM open_doors`
    )
    const [opened, ...others] = doors.rows as { door: string; seconds: number }[]
    assert.deepEqual([opened?.door, others], ['cold-room-1', []])
    assert.ok(opened!.seconds > 590 && opened!.seconds < 900, `${opened!.seconds} s ago`)
    const { rows } = await database.query(
      'SELECT machine, availability, performance, quality, oee FROM oee ORDER BY machine'
    )
    const percents = rows.map(({ machine, ...shares }) => [
      machine,
      ...Object.values(shares).map(share => Math.round(Number(share) * 10_000) / 100)
    ])
    assert.deepEqual(percents, [
      ['machine-1', 83.33, 91.5, 95.08, 72.5],
      ['machine-2', 83.33, 93, 95.16, 73.75],
      ['machine-3', 83.33, 94.5, 95.24, 75],
      ['machine-4', 83.33, 96, 95.31, 76.25],
      ['machine-5', 83.33, 97.5, 95.38, 77.5]
    ])
  })

  it('the history of an alarm that was acknowledged is in a table, and its last state on MQTT', async () => {
    const { rows } = await database.query(
      `SELECT alarm_id, event, state, peak, said_by FROM alarms WHERE device_id = 'oven-1' ORDER BY time`
    )
    assert.equal(new Set(rows.map(({ alarm_id }) => alarm_id)).size, 1)
    const [raised, ...others] = rows.map(({ event, peak, said_by }) => [event, peak, said_by])
    assert.deepEqual(raised, ['raised', 210, null])
    // The command takes the way through the MQTT server: the oven may have cooled down before.
    assert.deepEqual(others.sort(), [
      ['acknowledged', 210, 'shift 2'],
      ['returned', 210, null]
    ])
    assert.equal(rows.at(-1)?.state, 'normal')
    const last = await retained('acme/site-01/oven/oven-1/alarm', 1)
    const { event, state } = JSON.parse([...last.values()][0]!)
    assert.deepEqual([event, state], [rows.at(-1)?.event, 'normal'])
  })

  it('one notice of three hot readings is in a table', async () => {
    const { rows } = await database.query('SELECT device_id, value FROM notices')
    assert.deepEqual(rows.map(Object.values), [['oven-2', 212]])
  })

  for (const [device, metric, values] of WINDOWS)
    it(`${device}: ${metric} of each window is a row of the table`, async () => {
      const { rows } = await database.query(
        'SELECT value FROM telemetry WHERE device_id = $1 AND metric = $2 ORDER BY time',
        [device, metric]
      )
      assert.deepEqual(
        rows.map(({ value }) => Math.round(Number(value) * 1000) / 1000),
        values
      )
    })

  it('run by themselves where they should', async () => {
    for (const [id, [name, least]] of Object.entries(BUSY)) {
      await until(`${least} ${name} at ${id}`, async () => {
        const { nodes } = await nodeRed.metrics()
        return (nodes.find(node => node.id === id)?.counts[name] ?? 0) >= least
      })
    }
  })

  it('the replay lesson sends dead letters back', async () => {
    const found = async () => {
      const { nodes } = await nodeRed.metrics()
      return nodes.find(({ id }) => id === 'lesson-dead-letter-replay-replay')?.gauges.replayed
    }
    await until(
      'a dead letter',
      async () => (await readTopic(brokers, topics.deadLetter)).length > 0
    )
    await fetch(`${nodeRed.url}/inject/lesson-dead-letter-replay-all`, { method: 'POST' })
    await until('a record to be replayed', async () => ((await found()) ?? 0) > 0)
  })
})
