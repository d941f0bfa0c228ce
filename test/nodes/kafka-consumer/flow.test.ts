// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Node } from 'node-red'
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
    nodeRed = await startNodeRed({ nodes: [kafkaCluster, kafkaConsumer, kafkaProducer] })
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
