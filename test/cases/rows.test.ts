/**
 * What fleets send, from the MQTT server through Kafka to rows of one table, by dialogs alone: no
 * function node, no expression.
 */
import assert from 'node:assert/strict'
import { report } from '../../core/node/metrics.ts'
import type { Database } from '../../core/postgres/pool.ts'
import decode from '../../nodes/decode/runtime.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../nodes/kafka-consumer/runtime.ts'
import kafkaProducer from '../../nodes/kafka-producer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../nodes/mqtt-ingest/runtime.ts'
import normalize from '../../nodes/normalize/runtime.ts'
import { PRESETS, type PresetName } from '../../nodes/reshape/presets.ts'
import reshape from '../../nodes/reshape/runtime.ts'
import timescaleDatabase from '../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../nodes/timescale-sink/runtime.ts'
import { unique } from '../core/mqtt/rig.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { makeTopics, readTopic } from '../kafka-topics.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

/** Stands for the time that the record has in the raw topic. */
const RAW = 'raw time'
type Row = readonly [time: string, device: string, metric: string, value: number]

interface Case {
  readonly name: string
  readonly topic: string
  readonly payload: string
  readonly decode?: Readonly<Record<string, unknown>>
  readonly preset?: PresetName
  readonly reshape?: Readonly<Record<string, unknown>>
  readonly normalize?: Readonly<Record<string, unknown>>
  readonly rows: readonly Row[]
}

const cases: readonly Case[] = [
  {
    name: 'shape-tasmota: one message, many metrics, local time',
    topic: 'tele/dev1/SENSOR',
    payload:
      '{"Time":"2023-08-20T11:09:47","DS18B20":{"Id":"3CE100000000","Temperature":27.9},"BME280":{"Temperature":27.8,"Humidity":54.5},"TempUnit":"C"}',
    preset: 'tasmota',
    normalize: { zoneFrom: 'fixed', zone: 'Europe/Berlin' },
    rows: [
      ['2023-08-20T09:09:47Z', 'dev1', 'BME280.Humidity', 54.5],
      ['2023-08-20T09:09:47Z', 'dev1', 'BME280.Temperature', 27.8],
      ['2023-08-20T09:09:47Z', 'dev1', 'DS18B20.Temperature', 27.9]
    ]
  },
  {
    name: 'shape-opcua-per-metric-time: each metric has its own time',
    topic: 'azure-iot-operations/data/thermostat',
    payload:
      '{"temperature":{"SourceTimestamp":"2024-07-29T15:02:17.1858435Z","Value":4558},"Tag 10":{"SourceTimestamp":"2024-07-29T15:02:17.1858869Z","Value":4558}}',
    preset: 'azure',
    rows: [
      ['2024-07-29T15:02:17.185886Z', 'thermostat', 'Tag 10', 4558],
      ['2024-07-29T15:02:17.185843Z', 'thermostat', 'temperature', 4558]
    ]
  },
  {
    name: 'shape-values-array: a list of readings inside an object',
    topic: 'kep/line1',
    payload:
      '{"timestamp":1541021024224,"values":[{"id":"A.B","t":1541021024193,"v":7},{"id":"A.C","t":1541021024193,"v":0}]}',
    preset: 'kepserver',
    reshape: { topic: 'kep/{device_id}' },
    rows: [
      ['2018-10-31T21:23:44.193Z', 'line1', 'A.B', 7],
      ['2018-10-31T21:23:44.193Z', 'line1', 'A.C', 0]
    ]
  },
  {
    name: 'shape-array-of-ts-values: a list at the top, a bad element rejected alone',
    topic: 'v1/gw/dev9',
    payload:
      '[{"ts":1451649600512,"values":{"temperature":42.2,"humidity":70}},7,{"ts":1451649601000,"values":{"temperature":42.3,"humidity":72}}]',
    decode: { at: 'list' },
    preset: 'thingsboard-time',
    reshape: { sources: [], topic: 'v1/gw/{device_id}' },
    rows: [
      ['2016-01-01T12:00:00.512Z', 'dev9', 'humidity', 70],
      ['2016-01-01T12:00:01Z', 'dev9', 'humidity', 72],
      ['2016-01-01T12:00:00.512Z', 'dev9', 'temperature', 42.2],
      ['2016-01-01T12:00:01Z', 'dev9', 'temperature', 42.3]
    ]
  },
  {
    name: 'shape-battery-list: readings of many devices without a time',
    topic: 'N/portal/system/0/Batteries',
    payload:
      '{"value":[{"id":"com.example.can1","soc":74.0,"voltage":49.81},{"id":"com.example.can2","soc":70.0,"voltage":49.7}]}',
    reshape: {
      recordsAt: 'list',
      listPath: 'value',
      keep: [{ from: 'id', to: 'device_id' }]
    },
    normalize: { missing: 'kafka' },
    rows: [
      [RAW, 'com.example.can1', 'soc', 74],
      [RAW, 'com.example.can1', 'voltage', 49.81],
      [RAW, 'com.example.can2', 'soc', 70],
      [RAW, 'com.example.can2', 'voltage', 49.7]
    ]
  },
  {
    name: 'shape-scalar: a bare value',
    topic: 'home/kitchen/sensor/temperature/state',
    payload: '23.5',
    decode: { format: 'bare' },
    reshape: { mode: 'keep', topic: 'home/{device_id}/sensor/{metric}/state', keep: [] },
    normalize: { missing: 'kafka' },
    rows: [[RAW, 'kitchen', 'temperature', 23.5]]
  },
  {
    name: 'shape-topic-through-kafka: device and metric stand in the topic only',
    topic: 'sensors/hall/d7/temperature',
    payload: '{"value":21.5,"ts":1708700000}',
    reshape: { mode: 'keep', topic: 'sensors/{site}/{device_id}/{metric}', keep: [] },
    rows: [['2024-02-23T14:53:20Z', 'd7', 'temperature', 21.5]]
  },
  {
    name: 'shape-zigbee-no-time: a name with a slash, and no time in the message',
    topic: 'zigbee2mqtt/kitchen/lamp',
    payload: '{"temperature":8.77,"linkquality":94,"humidity":85.15,"battery":74}',
    preset: 'zigbee2mqtt',
    rows: [
      [RAW, 'kitchen/lamp', 'battery', 74],
      [RAW, 'kitchen/lamp', 'humidity', 85.15],
      [RAW, 'kitchen/lamp', 'linkquality', 94],
      [RAW, 'kitchen/lamp', 'temperature', 8.77]
    ]
  }
]

describe('cases: what fleets send becomes rows by dialogs alone', function () {
  this.timeout(120_000)
  let nodeRed: RunningNodeRed
  let database: Database
  let brokers: string
  let mqttUrl: string
  const name = unique('cases').replaceAll('-', '_')
  const deadLetter = `${name}-dead-letter`
  const rawOf = (index: number) => `${name}-raw-${index}`

  before(async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    brokers = kafka.brokers
    mqttUrl = mqtt.url
    database = databaseAt(timescale.url)
    const topics = [...cases.keys()].map(index => [rawOf(index), 1] as const)
    await makeTopics(brokers, Object.fromEntries([...topics, [deadLetter, 1]]))
    nodeRed = await startNodeRed({
      nodes: [
        decode,
        kafkaCluster,
        kafkaConsumer,
        kafkaProducer,
        mqttBroker,
        mqttIngest,
        normalize,
        reshape,
        timescaleDatabase,
        timescaleSink
      ]
    })
    await nodeRed.deploy([
      { id: 'broker', type: 'millrace-mqtt-broker', url: mqttUrl, clientId: name },
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
      { id: 'database', type: 'millrace-timescale-database', url: timescale.url },
      { id: 'tab', type: 'tab' },
      ...cases.flatMap(chainOf),
      {
        id: 'store',
        type: 'millrace-timescale-sink',
        z: 'tab',
        database: 'database',
        table: name,
        retainDays: 0,
        wires: [[], ['dead-letter']]
      },
      producer('dead-letter', deadLetter)
    ])
    await until('all subscriptions', () =>
      cases.every((_, index) => /in flight/.test(statusOf(`take-${index}`) ?? ''))
    )
    await publish(
      mqttUrl,
      cases.map(({ topic, payload }) => ({ topic, payload }))
    )
    const total = cases.reduce((sum, { rows }) => sum + rows.length, 0)
    await until(`${total} rows`, async () => (await rowsLike('%')).length >= total, 60_000)
  })
  after(async () => {
    await nodeRed?.stop()
    await database?.query(`DROP TABLE IF EXISTS ${name}`)
    await database?.close()
  })

  const statusOf = (id: string) => report().nodes.find(node => node.id === id)?.status?.text

  const producer = (id: string, topic: string): FlowEntry => ({
    id,
    type: 'millrace-kafka-producer',
    z: 'tab',
    cluster: 'cluster',
    topic,
    wires: [[], []]
  })

  /** From the MQTT server to a raw topic, and from there to the sink. */
  function chainOf(one: Case, index: number): FlowEntry[] {
    const node = (what: string, type: string, more: object, to: string): FlowEntry => ({
      id: `${what}-${index}`,
      type: `millrace-${type}`,
      z: 'tab',
      ...more,
      wires: [[to], ['dead-letter']]
    })
    const ingest = { broker: 'broker', topic: one.topic, keyField: '', output: 'messages' }
    const groupId = `${name}-${index}`
    const consumer = { cluster: 'cluster', topics: rawOf(index), groupId, output: 'messages' }
    const preset = one.preset === undefined ? {} : PRESETS[one.preset].settings
    const time = { pastDays: 0, ...one.normalize }
    return [
      node('take', 'mqtt-ingest', ingest, `raw-${index}`),
      producer(`raw-${index}`, rawOf(index)),
      node('read', 'kafka-consumer', { ...consumer, from: 'earliest' }, `decode-${index}`),
      node('decode', 'decode', one.decode ?? {}, `reshape-${index}`),
      node('reshape', 'reshape', { ...preset, ...one.reshape }, `normalize-${index}`),
      node('normalize', 'normalize', time, 'store')
    ]
  }

  async function rowsLike(device: string): Promise<Row[]> {
    const { rows } = await database.query(
      `SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, device_id, metric, value
       FROM ${name} WHERE device_id LIKE $1 ORDER BY device_id, metric COLLATE "C", time`,
      [device]
    )
    return rows.map(row => [short(row.time), row.device_id, row.metric, row.value] as Row)
  }

  for (const [index, { name: what, topic, payload, rows }] of cases.entries()) {
    it(what, async () => {
      const devices = [...new Set(rows.map(([, device]) => device))]
      const found = (await Promise.all(devices.map(rowsLike))).flat()
      const [raw] = await readTopic(brokers, rawOf(index))
      assert.equal(String(raw!.value), payload)
      assert.equal(raw!.headers['mqtt.topic'], topic)
      const rawTime = short(new Date(raw!.timestampMs).toISOString())
      assert.deepEqual(
        found,
        rows.map(([time, ...rest]) => [time === RAW ? rawTime : time, ...rest])
      )
    })
  }

  it('the bad element is a dead letter with the original bytes and topic, and its place', async () => {
    const letters = await readTopic(brokers, deadLetter)
    assert.deepEqual(
      letters.map(({ value, headers }) => [
        String(value),
        headers['mqtt.topic'],
        headers['millrace.reason.code'],
        headers['millrace.message.place']
      ]),
      [[cases[3]!.payload, 'v1/gw/dev9', 'NOT_A_RECORD', '1']]
    )
  })
})

/** Without zeros at the end of the fraction. */
const short = (time: string) => time.replace(/\.?0*Z$/, 'Z').replace(/:0?Z$/, ':00Z')
