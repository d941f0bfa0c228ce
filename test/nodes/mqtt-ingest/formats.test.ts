import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { encode as msgpack } from '@msgpack/msgpack'
import type { MqttClient } from 'mqtt'
import { encodeRejection } from '../../../core/dead-letter/encode.ts'
import { report } from '../../../core/node/metrics.ts'
import { provenanceOf, type Rejection } from '../../../core/record/record.ts'
import broker from '../../../nodes/mqtt-broker/runtime.ts'
import ingest from '../../../nodes/mqtt-ingest/runtime.ts'
import { registerCollect } from '../../collector.ts'
import { device, unique } from '../../core/mqtt/rig.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { countsOf, type Scene, sceneOf, topicOf } from './scene.ts'

interface Case {
  readonly name: string
  readonly options: Record<string, unknown>
  readonly payload: string | Buffer
  readonly records: readonly object[]
  readonly rejected?: readonly string[]
}

const LIST = { output: 'decoded', at: 'list' }

const cases: Case[] = [
  {
    name: 'a list at the top, a bad element alone',
    options: LIST,
    payload: '[{"ts":1,"values":{"temperature":42.2}},7,{"ts":2,"values":{"humidity":72}}]',
    records: [
      { ts: 1, values: { temperature: 42.2 } },
      { ts: 2, values: { humidity: 72 } }
    ],
    rejected: ['NOT_A_RECORD at 1']
  },
  {
    name: 'a list at a path, with the fields around it',
    options: { ...LIST, path: 'values' },
    payload: '{"timestamp":9,"values":[{"id":"A.B","v":7},{"id":"A.C","v":0}]}',
    records: [
      { timestamp: 9, id: 'A.B', v: 7 },
      { timestamp: 9, id: 'A.C', v: 0 }
    ]
  },
  {
    name: 'the values of an object',
    options: { output: 'decoded', at: 'object', nameField: 'tag' },
    payload: '{"temperature":{"Value":4558},"Tag 10":{"Value":1}}',
    records: [
      { tag: 'temperature', Value: 4558 },
      { tag: 'Tag 10', Value: 1 }
    ]
  },
  {
    name: 'JSON lines, a line that is none alone',
    options: { output: 'decoded', format: 'json-lines' },
    payload: '{"v":1}\nnonsense\n{"v":2}\n',
    records: [{ v: 1 }, { v: 2 }],
    rejected: ['JSON_INVALID at 1']
  },
  {
    name: 'a bare word',
    options: { output: 'decoded', format: 'bare', onWords: 'open' },
    payload: 'OPEN',
    records: [{ value: true }]
  },
  {
    name: 'CSV with named columns',
    options: { output: 'decoded', format: 'csv', columns: 'ts,v' },
    payload: '1,2.5\n2,3\n',
    records: [
      { ts: 1, v: 2.5 },
      { ts: 2, v: 3 }
    ]
  },
  {
    name: 'MessagePack',
    options: { output: 'decoded', format: 'msgpack' },
    payload: Buffer.from(msgpack({ v: 21.5 })),
    records: [{ v: 21.5 }]
  },
  {
    name: 'SenML',
    options: { output: 'decoded', format: 'senml-json' },
    payload: '[{"bn":"urn:d1:","bt":1276020076,"n":"t","v":20.1},{"n":"h","v":40}]',
    records: [
      { name: 'urn:d1:t', ts: 1276020076, value: 20.1 },
      { name: 'urn:d1:h', ts: 1276020076, value: 40 }
    ]
  },
  {
    name: 'gzip around plain JSON',
    options: {},
    payload: gzipSync('{"v":1}'),
    records: [{ v: 1 }]
  },
  {
    name: 'a gzip bomb',
    options: {},
    payload: gzipSync(Buffer.alloc(40 << 20)),
    records: [],
    rejected: ['COMPRESSION_LIMIT at ']
  },
  {
    name: 'truncated bytes',
    options: {},
    payload: gzipSync('{"v":1}').subarray(0, 20),
    records: [],
    rejected: ['COMPRESSION_INVALID at ']
  },
  {
    name: 'NUL bytes behind it',
    options: LIST,
    payload: '[{"v":1}]\0\0\0',
    records: [{ v: 1 }]
  }
]

describe('mqtt-ingest of every format', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  let url: string
  let publisher: MqttClient

  before(async () => {
    red = await startNodeRed({ nodes: [broker, ingest, registerCollect] })
    url = (await services('mqtt')).mqtt.url
    publisher = await device(url)
  })
  after(async () => {
    await publisher.endAsync()
    await red.stop()
  })
  afterEach(() => red.deploy([]))

  async function deploy(options: Record<string, unknown>): Promise<Scene> {
    const scene = sceneOf(url, options)
    await red.deploy(scene.flow)
    return scene
  }
  const publish = (scene: Scene, payload: string | Buffer) =>
    publisher.publishAsync(topicOf(scene), payload, {
      qos: 1,
      properties: { userProperties: { firmware: '1.2' } }
    })
  const isSettled = (scene: Scene, records: number) => () => {
    const { in: taken, inFlight } = countsOf(scene)
    return taken >= records && inFlight === 0
  }
  const rejections = (scene: Scene) => scene.rejected.records as Rejection[]
  const own = (record: unknown) => {
    const { device_id, device_type, site, ...others } = record as Record<string, unknown>
    assert.deepEqual([device_id, device_type, site], ['d1', 'temperature', 'site-01'])
    return JSON.parse(JSON.stringify(others)) as object
  }

  for (const { name, options, payload, records, rejected = [] } of cases) {
    it(name, async () => {
      const scene = await deploy({ clientId: unique('client'), ...options })
      await until(
        'the subscription',
        async () => {
          await publish(scene, payload)
          return scene.taken.records.length + rejections(scene).length > 0
        },
        15_000,
        100
      )
      const all = records.length + rejected.length
      await until('all', () => scene.taken.records.length + rejections(scene).length >= all)
      assert.deepEqual(scene.taken.records.slice(0, records.length).map(own), records)
      const letters = rejections(scene).slice(0, rejected.length)
      assert.deepEqual(
        letters.map(letter => `${letter.reason.code} at ${provenanceOf(letter)?.place ?? ''}`),
        rejected
      )
      for (const { raw, origin } of letters) {
        assert.equal(raw?.equals(Buffer.from(payload)), true)
        assert.equal(origin?.topic, topicOf(scene))
      }
    })
  }

  it('a bad element has the place, key, headers and bytes of the message; they are one to a replay', async () => {
    const scene = await deploy({ ...LIST, path: 'values', topicWins: 'agree' })
    const values = '{"values":[{"v":1},3,{"v":2,"device_id":"another"},"x"]}'
    await until(
      'the subscription',
      async () => {
        await publish(scene, values)
        return rejections(scene).length >= 3
      },
      15_000,
      100
    )
    const letters = rejections(scene).slice(0, 3).map(encodeRejection)
    assert.deepEqual(
      letters.map(({ headers }) => [
        headers['millrace.reason.code'],
        headers['millrace.reason.path'],
        headers['millrace.message.place'],
        headers.firmware
      ]),
      [
        ['NOT_A_RECORD', 'values.1', 'values.1', '1.2'],
        ['FIELD_CONFLICT', 'values.2.device_id', 'values.2', '1.2'],
        ['NOT_A_RECORD', 'values.3', 'values.3', '1.2']
      ]
    )
    for (const { key, value } of letters) assert.deepEqual([key, String(value)], ['d1', values])
    assert.equal(new Set(letters.map(({ headers }) => headers['millrace.message.id'])).size, 1)
  })

  it('a list of 100,000 elements leaves in portions as there is room, the rest of Node-RED goes on', async () => {
    const scene = await deploy({ ...LIST, batchSize: 500, maxInFlight: 2000 })
    await greetedIn(scene)
    let longestMs = 0
    let beforeMs = performance.now()
    const watch = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - beforeMs)
      beforeMs = performance.now()
    }, 5)
    scene.taken.treatment = 'hold'
    const elements = Array.from({ length: 100_000 }, (_, v) => `{"v":${v}}`)
    await publish(scene, gzipSync(`[${elements.join(',')}]`))
    await until('the first portions', () => countsOf(scene).inFlight > 1400)
    assert.ok(countsOf(scene).inFlight <= 2000)
    scene.taken.release()
    const isNumbered = (record: unknown) => 'v' in (record as object)
    const numbered = () => scene.taken.records.filter(isNumbered)
    await until('all of them', () => numbered().length === 100_000, 20_000, 100)
    await until('settlement', isSettled(scene, 100_000))
    clearInterval(watch)
    assert.ok(scene.taken.got.every(({ message }) => (message.payload as unknown[]).length <= 500))
    assert.deepEqual(
      numbered().map(record => (record as { v: number }).v),
      elements.map((_, v) => v)
    )
    assert.ok(longestMs < 1000, `${longestMs} ms`)
  })

  async function greetedIn(scene: Scene): Promise<void> {
    await until(
      'the subscription',
      async () => {
        await publish(scene, '[{"hello":1}]')
        return scene.taken.records.length > 0
      },
      15_000,
      100
    )
    await until('settlement', isSettled(scene, 1))
    scene.taken.got.length = 0
  }

  it('an empty list is filtered, and acknowledged', async () => {
    const scene = await deploy(LIST)
    await greetedIn(scene)
    const { filtered } = countsOf(scene)
    await publish(scene, '[]')
    await until(
      'it',
      () => countsOf(scene).filtered === filtered + 1 && countsOf(scene).inFlight === 0
    )
  })

  it('a schema that is wrong is told at deploy, with its line, in red', async () => {
    const scene = await deploy({
      output: 'decoded',
      format: 'protobuf',
      schema: 'syntax = "proto3";\nmessage Reading {\n  double value = oops;\n}\n'
    })
    const told = () =>
      red.logs.find(({ id, msg }) => id === scene.ingest && /line 3/.test(String(msg)))
    await until('the error', told)
    const { status } = report().nodes.find(({ id }) => id === scene.ingest)!
    assert.deepEqual(status?.healthy, false)
    assert.match(status?.text ?? '', /line 3/)
  })
})
