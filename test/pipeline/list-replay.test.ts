/**
 * A list of five with one bad element, by MQTT and by Kafka: the element is a dead letter with all
 * that came, and once its reason is gone a replay brings it into the table, beside the four that
 * are there already.
 */
import assert from 'node:assert/strict'
import { report } from '../../core/node/metrics.ts'
import type { Database } from '../../core/postgres/pool.ts'
import deadLetterReplay from '../../nodes/dead-letter-replay/runtime.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../nodes/kafka-consumer/runtime.ts'
import kafkaProducer from '../../nodes/kafka-producer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttIngest from '../../nodes/mqtt-ingest/runtime.ts'
import normalize from '../../nodes/normalize/runtime.ts'
import timescaleDatabase from '../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../nodes/timescale-sink/runtime.ts'
import { unique } from '../core/mqtt/rig.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import { kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const LIST = { output: 'decoded', at: 'list', path: 'values' }
const listOf = (device: string) =>
  `{"device_id":"${device}","ts":1708700000,"values":[${[1, 2, 3, 4, 5]
    .map(n => `{"metric":"m${n}","value":${n},"serial":${n === 3 ? '12345678901234567890' : n}}`)
    .join(',')}]}`

describe('a list of five, one element bad, by MQTT and by Kafka', function () {
  this.timeout(90_000)
  const name = unique('listed').replaceAll('-', '_')
  const raw = `${name}-raw`
  const dead = `${name}-dead`
  let nodeRed: RunningNodeRed
  let database: Database
  let brokers: string
  let mqttUrl: string

  const node = (id: string, type: string, more: object, ...to: string[]): FlowEntry => ({
    id,
    type: `millrace-${type}`,
    z: 'tab',
    ...more,
    wires: to.map(each => [each])
  })
  /** Exact numbers make good what was bad in the element. */
  const flow = (databaseUrl: string, exact: boolean): FlowEntry[] => [
    { id: 'broker', type: 'millrace-mqtt-broker', url: mqttUrl, clientId: name },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
    { id: 'database', type: 'millrace-timescale-database', url: databaseUrl },
    { id: 'tab', type: 'tab' },
    node(
      'take',
      'mqtt-ingest',
      { broker: 'broker', topic: `${name}/{place}`, keyField: 'place', ...LIST, exact },
      'normalize',
      'bury'
    ),
    node(
      'read',
      'kafka-consumer',
      { cluster: 'cluster', topics: raw, groupId: raw, ...LIST, exact },
      'normalize',
      'bury'
    ),
    node('normalize', 'normalize', { pastDays: 0 }, 'store', 'bury'),
    {
      ...node('store', 'timescale-sink', { database: 'database', table: name, retainDays: 0 }),
      wires: [[], ['bury']]
    },
    node('bury', 'kafka-producer', { cluster: 'cluster', topic: dead }),
    node('replay', 'dead-letter-replay', {
      cluster: 'cluster',
      topic: dead,
      ingestTopic: raw
    })
  ]

  const statusOf = (id: string) => report().nodes.find(each => each.id === id)?.status?.text ?? ''
  const metrics = async () =>
    (
      await database.query(`SELECT device_id || ' ' || metric AS row FROM ${name} ORDER BY 1`)
    ).rows.map(({ row }) => row as string)
  const rowsOf = (device: string, ...numbers: number[]) => numbers.map(n => `${device} m${n}`)

  it('a dead letter of the element, a replay, and five rows, each once', async () => {
    const { mqtt, kafka, timescale } = await services('mqtt', 'kafka', 'timescale')
    brokers = kafka.brokers
    mqttUrl = mqtt.url
    database = databaseAt(timescale.url)
    await makeTopics(brokers, { [raw]: 1, [dead]: 1 })
    const nodes = [
      deadLetterReplay,
      kafkaCluster,
      kafkaConsumer,
      kafkaProducer,
      mqttBroker,
      mqttIngest,
      normalize,
      timescaleDatabase,
      timescaleSink
    ]
    nodeRed = await startNodeRed({ nodes })
    await nodeRed.deploy(flow(timescale.url, false))
    await until('the subscription', () => /in flight/.test(statusOf('take')))
    await publish(mqttUrl, [{ topic: `${name}/hall`, payload: listOf('by-mqtt') }])
    const feed = kafkaOf(brokers).producer()
    await feed.connect()
    await feed.send({ topic: raw, messages: [{ key: 'the-key', value: listOf('by-kafka') }] })
    await feed.disconnect()
    const before = [...rowsOf('by-kafka', 1, 2, 4, 5), ...rowsOf('by-mqtt', 1, 2, 4, 5)]
    await until('four rows of each', async () => (await metrics()).length === 8, 30_000, 100)
    assert.deepEqual(await metrics(), before)
    await until('the dead letters', async () => (await readTopic(brokers, dead)).length === 2)
    const letters = await readTopic(brokers, dead)
    assert.deepEqual(
      letters
        .map(({ key, value, headers }) => [
          String(key),
          String(value),
          headers['mqtt.topic'],
          headers['millrace.origin.topic'],
          headers['millrace.reason.code'],
          headers['millrace.reason.path'],
          headers['millrace.message.place']
        ])
        .sort(),
      [
        ['hall', listOf('by-mqtt'), `${name}/hall`, `${name}/hall`],
        ['the-key', listOf('by-kafka'), undefined, raw]
      ].map(letter => [...letter, 'NUMBER_INEXACT', 'values.2.serial', 'values.2'])
    )

    await nodeRed.deploy(flow(timescale.url, true))
    const isWell = (id: string) => report().nodes.find(each => each.id === id)?.status?.healthy
    await until('the nodes', () => isWell('take') && isWell('read'), 30_000)
    for (const expected of [2, 0]) {
      nodeRed.node<{ receive(message: object): void }>('replay').receive({ payload: {} })
      const isOver = () => {
        const status = report().nodes.find(({ id }) => id === 'replay')?.status
        return status?.healthy && status.text.startsWith(`${expected} replayed ·`)
      }
      await until(`${expected} replayed`, isOver, 30_000)
    }
    const all = [1, 2, 3, 4, 5]
    await until('all rows', async () => (await metrics()).length >= 10, 30_000, 100)
    assert.deepEqual(await metrics(), [...rowsOf('by-kafka', ...all), ...rowsOf('by-mqtt', ...all)])
    // The list that came by Kafka, and once more each of the two.
    assert.equal((await readTopic(brokers, raw)).length, 3)
    assert.equal((await readTopic(brokers, dead)).length, 2)
  })

  after(async () => {
    await nodeRed?.stop()
    await database?.query(`DROP TABLE IF EXISTS ${name}`)
    await database?.close()
  })
})
