/**
 * Messages that hold a hundred thousand records, through a Node-RED of its own: others have their
 * turn while they are read, and each record is written once.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { encode as encodeCbor } from 'cborg'
import { unique } from '../core/mqtt/rig.ts'
import { endOf, kafkaOf, makeTopics, readTopic } from '../kafka-topics.ts'
import type { FlowEntry } from '../node-red.ts'
import { NodeRedProcess } from '../node-red-process.ts'
import { publish } from '../publish.ts'
import { services } from '../services.ts'
import { until } from '../until.ts'

const COUNT = 100_000
/**
 * Time of the processor in one turn of the event loop, with all that nodes and the collection of
 * garbage take of it beside the reading (test/core/format has that by itself, below 50 ms).
 */
const MAX_BLOCKED_MS = 100

/** As gateways send it, since servers take packets of a megabyte at most. */
const LIST = Buffer.from(
  `[${Array.from({ length: COUNT }, (_, n) => `{"device_id":"d${n % 50}","metric":"t","value":${n}}`).join(',')}]`
)
const CSV = Buffer.from(
  `device_id,metric,value,note\n${Array.from({ length: COUNT }, (_, n) => `d${n % 50},temperature,${n},${'as the gateway wrote it into its file line by line; '.repeat(2)}`).join('\n')}`
)

const LARGE = { output: 'decoded', batchSize: 500, maxInFlight: 4000 }
const WAYS = {
  list: { settings: { format: 'json', at: 'list' }, payload: gzipSync(LIST) },
  csv: { settings: { format: 'csv' }, payload: gzipSync(CSV) },
  cbor: {
    settings: { format: 'cbor', at: 'list' },
    payload: gzipSync(encodeCbor(JSON.parse(LIST.toString())))
  }
} as const

describe(`messages of ${COUNT} records`, function () {
  this.timeout(180_000)
  const name = unique('long')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-long-'))
  const beatFile = join(folder, 'event-loop')
  let nodeRed: NodeRedProcess
  let brokers: string
  let mqttUrl: string

  const topicOf = (way: string) => `${name}-${way}`
  const node = (id: string, type: string, more: object, ...to: string[]): FlowEntry => ({
    id,
    type: `millrace-${type}`,
    z: 'tab',
    ...more,
    wires: to.map(each => [each])
  })
  const writes = (way: string) =>
    node(`write-${way}`, 'kafka-producer', { cluster: 'cluster', topic: topicOf(way) })

  before(async () => {
    const { mqtt, kafka } = await services('mqtt', 'kafka')
    mqttUrl = mqtt.url
    brokers = kafka.brokers
    const ways = Object.keys(WAYS).flatMap(way => [`mqtt-${way}`, `kafka-${way}`, `raw-${way}`])
    ways.push('decode')
    await makeTopics(brokers, Object.fromEntries(['dead', ...ways].map(way => [topicOf(way), 1])))
    const flow = Object.entries(WAYS).flatMap(([way, { settings }]) => [
      node(
        `mqtt-${way}`,
        'mqtt-ingest',
        {
          broker: 'broker',
          topic: `${name}/${way}`,
          keyField: '',
          ...LARGE,
          ...settings
        },
        `write-mqtt-${way}`,
        'write-dead'
      ),
      writes(`mqtt-${way}`),
      node(
        `kafka-${way}`,
        'kafka-consumer',
        { cluster: 'cluster', topics: topicOf(`raw-${way}`), ...LARGE, ...settings },
        `write-kafka-${way}`,
        'write-dead'
      ),
      writes(`kafka-${way}`)
    ])
    nodeRed = new NodeRedProcess({
      flow: [
        { id: 'broker', type: 'millrace-mqtt-broker', url: mqttUrl },
        { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
        { id: 'tab', type: 'tab' },
        writes('dead'),
        ...flow,
        node(
          'take',
          'mqtt-ingest',
          { broker: 'broker', topic: `${name}/whole`, keyField: '', output: 'messages' },
          'decode',
          'write-dead'
        ),
        node('decode', 'decode', { at: 'list' }, 'write-decode', 'write-dead'),
        writes('decode')
      ],
      environment: {
        MILLRACE_EVENT_LOOP: beatFile,
        NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, '../hostile/event-loop.mjs'))}`
      }
    })
    await nodeRed.start()
    for (const type of ['millrace-mqtt-ingest', 'millrace-kafka-consumer'])
      await nodeRed.healthy(type)
  })
  after(async () => {
    await nodeRed?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  const written = (way: string) => endOf(brokers, topicOf(way))

  async function isOnceIn(way: string, count = COUNT): Promise<void> {
    await until(`all of ${way}`, async () => (await written(way)) >= count, 60_000, 200)
    const idle = async () =>
      (await nodeRed.metrics()).nodes.every(({ counts }) => counts.inFlight === 0)
    await until('nothing in flight', idle, 20_000, 100)
    assert.equal(await written(way), count)
    const values = (await readTopic(brokers, topicOf(way))).map(
      ({ value }) => (JSON.parse(String(value)) as { value: number }).value
    )
    assert.deepEqual(
      values,
      Array.from({ length: count }, (_, n) => n)
    )
  }

  /** Others had their turn again and again since then. */
  function assertNothingStood(startedMs: number): void {
    const beats = readFileSync(beatFile, 'utf8').trim().split('\n')
    const blocked = beats
      .map(line => JSON.parse(line) as { atMs: number; blockedMs?: number })
      .filter(({ atMs }) => atMs > startedMs)
      .map(({ blockedMs = 0 }) => blockedMs)
    const longestMs = Math.max(0, ...blocked)
    assert.ok(longestMs < MAX_BLOCKED_MS, `${longestMs} ms`)
  }

  for (const [way, { payload }] of Object.entries(WAYS)) {
    it(`${way} by MQTT: each is written once, in order, and nothing stands still`, async () => {
      const startedMs = Date.now()
      await publish(mqttUrl, [{ topic: `${name}/${way}`, payload }])
      await isOnceIn(`mqtt-${way}`)
      assertNothingStood(startedMs)
    })

    it(`${way} by Kafka: each is written once, in order, and nothing stands still`, async () => {
      const startedMs = Date.now()
      const feed = kafkaOf(brokers).producer()
      await feed.connect()
      await feed.send({ topic: topicOf(`raw-${way}`), messages: [{ value: payload }] })
      await feed.disconnect()
      await isOnceIn(`kafka-${way}`)
      assertNothingStood(startedMs)
    })
  }

  it('a list that decode makes one message of: each is written once, before what is behind it', async () => {
    const startedMs = Date.now()
    // The short one behind it waits until all of the long one is in the topic's queue.
    const behind = JSON.stringify([{ device_id: 'd', metric: 't', value: COUNT }])
    await publish(
      mqttUrl,
      [WAYS.list.payload, behind].map(payload => ({ topic: `${name}/whole`, payload }))
    )
    await isOnceIn('decode', COUNT + 1)
    assertNothingStood(startedMs)
  })
})
