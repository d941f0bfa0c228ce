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
import { PRESETS } from '../../nodes/reshape/presets.ts'
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
import { RAW, type Row, SHAPES, type ShapeCase, short } from './shapes.ts'

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
    const topics = [...SHAPES.keys()].map(index => [rawOf(index), 1] as const)
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
      ...SHAPES.flatMap(chainOf),
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
      SHAPES.every((_, index) => /in flight/.test(statusOf(`take-${index}`) ?? ''))
    )
    await publish(
      mqttUrl,
      SHAPES.map(({ topic, payload }) => ({ topic, payload }))
    )
    const total = SHAPES.reduce((sum, { rows }) => sum + rows.length, 0)
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
  function chainOf(one: ShapeCase, index: number): FlowEntry[] {
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

  for (const [index, { name: what, topic, payload, rows }] of SHAPES.entries()) {
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
      [[SHAPES[3]!.payload, 'v1/gw/dev9', 'NOT_A_RECORD', '1']]
    )
  })
})
