// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Node } from 'node-red'
import aggregate from '../../../nodes/aggregate/runtime.ts'
import kafkaCluster from '../../../nodes/kafka-cluster/runtime.ts'
import kafkaConsumer from '../../../nodes/kafka-consumer/runtime.ts'
import kafkaProducer from '../../../nodes/kafka-producer/runtime.ts'
import { makeTopics, readTopic } from '../../kafka-topics.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'

describe('Kafka to Kafka, through Node-RED', function () {
  this.timeout(150_000)
  let brokers: string
  let nodeRed: RunningNodeRed

  before(async () => {
    brokers = (await services('kafka')).kafka.brokers
    nodeRed = await startNodeRed({ nodes: [kafkaCluster, kafkaConsumer, kafkaProducer, aggregate] })
  })
  after(() => nodeRed.stop())

  it('reads, writes, and rejects what is no record with its bytes', async () => {
    const id = randomUUID()
    const [raw, clean, dead] = [`raw-${id}`, `clean-${id}`, `dead-${id}`]
    await makeTopics(brokers, { [raw]: 4, [clean]: 4, [dead]: 1 })
    const flow: FlowEntry[] = [
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
      { id: 'tab', type: 'tab' },
      {
        id: 'feed',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: raw,
        wires: [[], []]
      },
      {
        id: 'read',
        type: 'millrace-kafka-consumer',
        z: 'tab',
        cluster: 'cluster',
        topics: raw,
        groupId: `g-${id}`,
        wires: [['write'], ['letters']]
      },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: clean,
        wires: [[], []]
      },
      {
        id: 'letters',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: dead,
        wires: [[], []]
      }
    ]
    await nodeRed.deploy(flow)
    const feed = nodeRed.node<Node>('feed')
    for (let n = 0; n < 10; n++) {
      feed.receive({
        payload: Array.from({ length: 500 }, (_, i) => ({
          device_id: `d${i % 50}`,
          value: n * 500 + i
        }))
      })
    }
    feed.receive({ payload: ['rubbish', '{"__proto__":{}}', Buffer.from([0xff])] })
    const found = await until('the records', async () => {
      const records = await readTopic(brokers, clean)
      return records.length >= 5000 ? records : undefined
    })
    assert.equal(found.length, 5000)
    const letters = await until('the dead letters', async () => {
      const records = await readTopic(brokers, dead)
      return records.length >= 3 ? records : undefined
    })
    assert.deepEqual(
      letters.map(({ value, headers }) => [
        value,
        headers['millrace.reason.code'],
        headers['millrace.stage'],
        headers['millrace.origin.topic']
      ]),
      [
        [Buffer.from('rubbish'), 'JSON_INVALID', 'kafka-consumer', raw],
        [Buffer.from('{"__proto__":{}}'), 'KEY_FORBIDDEN', 'kafka-consumer', raw],
        [Buffer.from([0xff]), 'JSON_INVALID', 'kafka-consumer', raw]
      ]
    )
  })

  it('ends a window that is kept in a topic after a restart, though nothing more comes', async () => {
    const id = randomUUID()
    const [raw, means] = [`raw-${id}`, `means-${id}`]
    await makeTopics(brokers, { [raw]: 2, [means]: 1 })
    const node = (name: string, type: string, more: object): FlowEntry => ({
      ...{ id: name, type, z: 'tab', cluster: 'cluster', wires: [[], []] },
      ...more
    })
    const flow = (name: string): FlowEntry[] => [
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
      { id: 'tab', type: 'tab' },
      node('feed', 'millrace-kafka-producer', { topic: raw, key: 'device_id' }),
      node('read', 'millrace-kafka-consumer', {
        ...{ topics: raw, groupId: `g-${id}`, wires: [['over'], []] }
      }),
      node('over', 'link out', { links: ['to'], wires: [] }),
      node('to', 'link in', { links: ['over'], wires: [['means']] }),
      node('means', 'millrace-aggregate', {
        ...{ name, keepIn: 'kafka', stateTopic: `state-${id}`, wires: [['write'], [], []] },
        ...{ length: '6 s', lateness: '0 s', idle: '2 s' }
      }),
      node('write', 'millrace-kafka-producer', { topic: means })
    ]
    await nodeRed.deploy(flow('before'))
    const untilNextMs = 6_000 - (Date.now() % 6_000)
    if (untilNextMs < 4_000) await wait(untilNextMs + 50)
    const at = new Date().toISOString()
    nodeRed.node<Node>('feed').receive({
      payload: [{ device_id: 'd1', metric: 'm', value: 5, ts_utc: at }]
    })
    await until('it is remembered', async () => {
      const records = await readTopic(brokers, `state-${id}`)
      return records.some(({ key }) => key?.includes(':k:'))
    })
    await nodeRed.deploy(flow('after'))
    const found = await until('the mean', async () => {
      const records = await readTopic(brokers, means)
      return records.length > 0 ? records : undefined
    })
    assert.equal(found.length, 1)
    assert.equal(JSON.parse(String(found[0]!.value)).value, 5)
  })

  it('in transactions: members join and leave under load, and every record is in the next topic once', async () => {
    const id = randomUUID()
    const [raw, clean] = [`raw-${id}`, `clean-${id}`]
    await makeTopics(brokers, { [raw]: 4, [clean]: 2 })
    const member = (name: string): FlowEntry[] => [
      {
        id: `read-${name}`,
        type: 'millrace-kafka-consumer',
        z: 'tab',
        cluster: 'cluster',
        topics: raw,
        groupId: `g-${id}`,
        offsets: 'transaction',
        batchSize: 50,
        wires: [[`write-${name}`], []]
      },
      {
        id: `write-${name}`,
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: clean,
        wires: [[], []]
      }
    ]
    const base: FlowEntry[] = [
      { id: 'cluster', type: 'millrace-kafka-cluster', brokers },
      { id: 'tab', type: 'tab' },
      {
        id: 'feed',
        type: 'millrace-kafka-producer',
        z: 'tab',
        cluster: 'cluster',
        topic: raw,
        wires: [[], []]
      }
    ]
    await nodeRed.deploy([...base, ...member('one')])
    let fed = 0
    const feed = (count: number) => {
      const payload = Array.from({ length: count }, (_, index) => ({
        device_id: `d${(fed + index) % 40}`,
        n: fed + index
      }))
      nodeRed.node<Node>('feed').receive({ payload })
      fed += count
    }
    const feeder = setInterval(() => feed(200), 20)
    try {
      for (const flow of [
        [...member('one'), ...member('two')],
        member('one'),
        [...member('one'), ...member('three')],
        member('three')
      ]) {
        await wait(2_500)
        await nodeRed.deploy([...base, ...flow], 'nodes')
      }
      await wait(1_000)
    } finally {
      clearInterval(feeder)
    }
    const seen = await until(
      'every record',
      async () => {
        const numbers = (await readTopic(brokers, clean)).map(
          ({ value }) => JSON.parse(String(value)).n as number
        )
        return new Set(numbers).size === fed ? numbers : undefined
      },
      90_000,
      500
    )
    assert.equal(seen.length, fed)
  })
})
