import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import { checks } from '../../core/conformance/checks.ts'
import { conformanceNodes } from '../../core/conformance/nodes.ts'
import type { Subject } from '../../core/conformance/run.ts'
import type { Database } from '../../core/postgres/pool.ts'
import { defineSink } from '../../core/sink/define-sink.ts'
import type { WriteRequest } from '../../core/sink/types.ts'
import acknowledge from '../../nodes/acknowledge/runtime.ts'
import influxServer from '../../nodes/influx-server/runtime.ts'
import influxSink from '../../nodes/influx-sink/runtime.ts'
import kafkaCluster from '../../nodes/kafka-cluster/runtime.ts'
import kafkaProducer from '../../nodes/kafka-producer/runtime.ts'
import mqttBroker from '../../nodes/mqtt-broker/runtime.ts'
import mqttPublish from '../../nodes/mqtt-publish/runtime.ts'
import timescaleDatabase from '../../nodes/timescale-database/runtime.ts'
import timescaleSink from '../../nodes/timescale-sink/runtime.ts'
import { kafkaRig, type Rig } from '../core/kafka/kafka-rig.ts'
import { device } from '../core/mqtt/rig.ts'
import { databaseAt } from '../core/postgres/table-under-test.ts'
import fileSink, { append, spec as fileSpec } from '../core/sink/file-sink.ts'
import { readTopic } from '../kafka-topics.ts'
import { type RunningNodeRed, startNodeRed } from '../node-red.ts'
import { DATABASE, influxDbHere, type TimeSeriesServer } from '../servers/time-series.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const outputs = ['stored', 'rejected']
const base = { idField: 'n', outputs }
const START_MS = Date.UTC(2024, 1, 23)
const reading = (n: number) => ({
  n,
  device_id: `d${n % 7}`,
  metric: 't',
  value: n,
  ts_utc: new Date(START_MS + n * 1000).toISOString()
})

/** Says that records are stored and writes them then: what an outage at that moment loses. */
const tooEarly = defineSink(
  { ...fileSpec, type: 'millrace-too-early' },
  ({ options }, port) => {
    port.up()
    return {
      write(request: WriteRequest) {
        const lines = request.records.map(record => `${JSON.stringify(record)}\n`)
        request.finish({ stored: request.records.length })
        setTimeout(() => void append(options.file, lines.join('')), 200)
      },
      close() {}
    }
  },
  { service: 'the file' }
)

const influx = await influxDbHere()

describe('conformance of the sinks', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let rig: Rig
  let database: Database
  const watchers: MqttClient[] = []
  const folder = mkdtempSync(join(tmpdir(), 'millrace-conformance-'))
  const subjects: Record<string, Subject> = {}

  before(async function () {
    this.timeout(180_000)
    const { url } = (await services('kafka', 'postgres')).postgres
    const mqtt = (await services('mqtt')).mqtt
    database = databaseAt(url)
    rig = await kafkaRig()
    const nodes = [
      kafkaCluster,
      kafkaProducer,
      mqttBroker,
      mqttPublish,
      timescaleDatabase,
      timescaleSink,
      influxServer,
      influxSink,
      acknowledge,
      fileSink,
      tooEarly
    ]
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, ...nodes] })
    subjects.producer = kafkaSubject(await rig.topic(1), { content: 'auto' })
    subjects.deduplication = kafkaSubject(await rig.topic(1), {
      content: 'auto',
      deduplicationMin: 10
    })
    subjects.messages = {
      ...kafkaSubject(await rig.topic(3), { content: 'messages' }),
      order: 'within a message',
      record: n => ({ n, key: `k${n % 7}`, value: JSON.stringify({ n }) })
    }
    subjects.table = tableSubject(url)
    subjects.publish = await publishSubject(mqtt.url)
    subjects.acknowledge = {
      ...base,
      type: 'millrace-acknowledge',
      config: { as: 'stored' },
      outputs: ['passed on'],
      record: reading,
      // it passes on whatever comes
      unfit: []
    }
    if (influx !== undefined) subjects.points = pointsSubject(influx, await influx.start())
    subjects.file = fileSubject('millrace-file-sink', join(folder, 'lines'))
    subjects.tooEarly = fileSubject('millrace-too-early', join(folder, 'early'))
  })
  after(async () => {
    await nodeRed?.stop()
    await influx?.end()
    for (const watcher of watchers) await watcher.endAsync()
    await database?.query('DROP TABLE IF EXISTS conformance')
    await database?.close()
    await rig?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  function kafkaSubject(topic: string, config: object): Subject {
    return {
      ...base,
      type: 'millrace-kafka-producer',
      config: { cluster: 'cluster', topic, ...config },
      around: [{ id: 'cluster', type: 'millrace-kafka-cluster', brokers: rig.brokers }],
      record: reading,
      // whatever can be written as JSON is a record to Kafka
      unfit:
        'content' in config && config.content === 'messages' ? [null, 'text', 7, { n: 1 }] : [null],
      stored: async () =>
        (await readTopic(rig.brokers, topic)).map(({ value }) =>
          String((JSON.parse(String(value)) as { n: number }).n)
        )
    }
  }

  function tableSubject(url: string): Subject {
    return {
      ...base,
      type: 'millrace-timescale-sink',
      config: { database: 'database', table: 'conformance' },
      around: [{ id: 'database', type: 'millrace-timescale-database', url }],
      order: 'within a message',
      record: reading,
      stored: async () =>
        (await database.query<{ value: number }>('SELECT value FROM conformance')).rows.map(
          ({ value }) => String(value)
        )
    }
  }

  const pointsSubject = (server: TimeSeriesServer, url: string): Subject => ({
    ...base,
    type: 'millrace-influx-sink',
    config: {
      server: 'server',
      database: DATABASE,
      measurement: 'conformance',
      create: 'create'
    },
    around: [{ id: 'server', type: 'millrace-influx-server', service: 'influx1', api: 'v1', url }],
    order: 'within a message',
    record: reading,
    stored: async () => (await server.points('conformance')).map(({ value }) => String(value))
  })

  async function publishSubject(at: string): Promise<Subject> {
    const watcher = await device(at)
    await watcher.subscribeAsync('conformance-publish/#', { qos: 1 })
    const heard: string[] = []
    let ends = 0
    watcher.on('message', (_topic, payload) =>
      heard.push(String((JSON.parse(String(payload)) as { n: number }).n))
    )
    watchers.push(watcher)
    return {
      ...base,
      type: 'millrace-mqtt-publish',
      config: { broker: 'server', topic: 'conformance-publish/{device_id}/reading' },
      around: [{ id: 'server', type: 'millrace-mqtt-broker', url: at }],
      order: 'within a message',
      record: reading,
      // The server tells in order: what it had is heard before what is published now.
      stored: async () => {
        const end = `end ${ends++}`
        await watcher.publishAsync('conformance-publish/end/reading', JSON.stringify({ n: end }))
        await until('all that the server had', () => heard.includes(end))
        return heard.filter(n => !n.startsWith('end'))
      }
    }
  }

  const fileSubject = (type: string, file: string): Subject => ({
    ...base,
    type,
    config: { file },
    record: reading,
    stored: async () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
      return lines.map(line => String((JSON.parse(line) as { n: number }).n))
    }
  })

  const titles = {
    producer: 'kafka-producer',
    publish: 'mqtt-publish',
    deduplication: 'kafka-producer that leaves out what the topic has',
    messages: 'kafka-producer of Kafka messages',
    table: 'timescale-sink',
    ...(influx === undefined ? {} : { points: 'influx-sink' }),
    acknowledge: 'acknowledge',
    file: 'a sink of somebody else'
  }
  for (const [name, title] of Object.entries(titles)) {
    describe(title, () => {
      for (const check of checks) it(check.name, () => check.run(nodeRed, subjects[name]!))
    })
  }

  it('finds a sink that confirms before it has stored', async () => {
    const check = checks.find(({ name }) => name === 'a sink has stored what it confirms')
    await assert.rejects(
      async () => check!.run(nodeRed, subjects.tooEarly!),
      /that the service does not have/
    )
  })
})
