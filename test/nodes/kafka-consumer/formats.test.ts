// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { report } from '../../../core/node/metrics.ts'
import { provenanceOf, type Rejection } from '../../../core/record/record.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { readTopic } from '../../kafka-topics.ts'
import { NodeRedProcess } from '../../node-red-process.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

const LIST = { output: 'decoded', at: 'list', path: 'values' }

describe('kafka-consumer of every format', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow

  before(async () => {
    rig = await kafkaRig()
    flow = await startKafkaFlow()
  })
  after(async () => {
    await flow.stop()
    await rig.close()
  })
  beforeEach(() => {
    for (const id of ['good', 'bad'])
      Object.assign(flow.seen(id), { holds: false, fails: 0 }).arrived.length = 0
  })
  const feed = (topic: string, ...values: (string | Buffer)[]) =>
    rig.feed.send({ topic, messages: values.map(value => ({ partition: 0, key: 'k', value })) })
  const reader = (topics: string, more: object) => ({
    id: 'read',
    type: 'millrace-kafka-consumer',
    topics,
    groupId: `g-${topics}`,
    ...more
  })
  const deploy = (topic: string, more: object) =>
    flow.deploy(rig.brokers, [
      { ...reader(topic, more), wires: [['good'], ['bad']] },
      { id: 'good', type: 'seen' },
      { id: 'bad', type: 'seen' }
    ])
  const plain = (records: readonly unknown[]) => JSON.parse(JSON.stringify(records)) as unknown[]
  const committed = async (topic: string) => (await rig.committed(`g-${topic}`, topic))[0]

  it('reads lists, rejects a bad element alone, and commits the message after all of it', async () => {
    const topic = await rig.topic(1)
    const values = '{"d":"d1","values":[{"v":1},7,{"v":2}]}'
    await feed(
      topic,
      values,
      'nonsense',
      gzipSync('{"d":"d2","values":[{"v":3}]}'),
      '{"values":[]}'
    )
    flow.seen('good').holds = true
    await deploy(topic, LIST)
    await until('the records', () => flow.seen('good').records.length === 3)
    await until('the letters', () => flow.seen('bad').records.length === 2)
    assert.deepEqual(plain(flow.seen('good').records), [
      { d: 'd1', v: 1 },
      { d: 'd1', v: 2 },
      { d: 'd2', v: 3 }
    ])
    const letters = flow.seen('bad').records as Rejection[]
    assert.deepEqual(
      letters.map(letter => [
        letter.reason.code,
        provenanceOf(letter)?.place,
        letter.raw?.toString(),
        letter.origin?.kind === 'kafka' && letter.origin.offset
      ]),
      [
        ['NOT_A_RECORD', 'values.1', values, '0'],
        ['JSON_INVALID', undefined, 'nonsense', '1']
      ]
    )
    assert.notEqual(await committed(topic), 4)
    for (const { done } of flow.seen('good').arrived) done()
    await until('the commit', async () => (await committed(topic)) === 4)
  })

  it('in transactions: good and bad elements of a message are written together', async () => {
    const [topic, clean, dead] = [await rig.topic(1), await rig.topic(1), await rig.topic(1)]
    await feed(topic, '{"values":[{"v":1},7,{"v":2}]}', '{"values":[8]}', '{"values":[]}')
    await flow.deploy(rig.brokers, [
      { ...reader(topic, { ...LIST, offsets: 'transaction' }), wires: [['write'], ['letters']] },
      { id: 'write', type: 'millrace-kafka-producer', topic: clean },
      { id: 'letters', type: 'millrace-kafka-producer', topic: dead }
    ])
    await until('the commit', async () => (await committed(topic)) === 3, 20_000)
    const records = await readTopic(rig.brokers, clean)
    assert.deepEqual(
      records.map(({ value }) => JSON.parse(String(value)) as object),
      [{ v: 1 }, { v: 2 }]
    )
    const letters = await readTopic(rig.brokers, dead)
    assert.deepEqual(
      letters.map(({ headers }) => String(headers?.['millrace.message.place'])),
      ['values.1', 'values.0']
    )
  })

  it('a schema that is wrong is told at deploy, with its line, and nothing is read', async () => {
    const topic = await rig.topic(1)
    await feed(topic, 'x')
    const schema = '{"type":"record","name":"R",\n"fields":[{"name":"v","type":"oops"}]}'
    await deploy(topic, { output: 'decoded', format: 'avro', schema })
    const status = () => report().nodes.find(({ id }) => id === 'read')?.status
    await until('the status', () => /line 2/.test(status()?.text ?? ''))
    assert.equal(status()?.healthy, false)
    assert.deepEqual([flow.seen('good').arrived, flow.seen('bad').arrived], [[], []])
  })

  it('killed in the middle of a list, nothing of it is lost', async () => {
    const id = randomUUID()
    const [topic, clean] = [await rig.topic(1), await rig.topic(1)]
    const elements = Array.from({ length: 10_000 }, (_, v) => `{"v":${v}}`)
    await feed(topic, gzipSync(`{"values":[${elements.join(',')}]}`))
    const cluster = 'cluster'
    const nodeRed = new NodeRedProcess({
      flow: [
        { id: cluster, type: 'millrace-kafka-cluster', brokers: rig.brokers },
        { id, type: 'tab' },
        {
          ...reader(topic, { ...LIST, batchSize: 100, order: 'strict' }),
          z: id,
          cluster,
          wires: [['slow'], []]
        },
        {
          id: 'slow',
          type: 'delay',
          z: id,
          pauseType: 'delay',
          timeout: '20',
          timeoutUnits: 'milliseconds',
          wires: [['write']]
        },
        {
          id: 'write',
          type: 'millrace-kafka-producer',
          z: id,
          cluster,
          topic: clean,
          wires: [[], []]
        }
      ]
    })
    try {
      await nodeRed.start()
      const written = async () => (await readTopic(rig.brokers, clean)).length
      await until('some of it', async () => (await written()) > 500, 30_000)
      await nodeRed.end('SIGKILL')
      assert.ok((await written()) < 10_000)
      await nodeRed.start()
      await until(
        'all of it',
        async () => {
          const records = await readTopic(rig.brokers, clean)
          return new Set(records.map(({ value }) => String(value))).size === 10_000
        },
        40_000,
        500
      )
      await until('the commit', async () => (await committed(topic)) === 1)
    } finally {
      await nodeRed.remove()
    }
  })
})
