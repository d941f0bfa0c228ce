// Mostly waits.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import { TopicFollower } from '../../../../core/kafka/consume/topic-follower.ts'
import { kafkajsClient } from '../../../../core/kafka/kafkajs/kafkajs-client.ts'
import { KafkaCluster } from '../../../../stack/kafka/cluster.ts'
import { kafkaOf, makeTopics, readTopic } from '../../../kafka-topics.ts'
import { testHome } from '../../../services.ts'
import { until } from '../../../until.ts'
import { TestCallback } from '../kafka-rig.ts'

describe('core/kafka: what a leader has taken and replicas have not', function () {
  this.timeout(120_000)
  let cluster: KafkaCluster

  before(async () => {
    cluster = await KafkaCluster.start({ folder: join(testHome, 'replication') })
  })
  afterEach(async () => {
    for (const id of cluster.ids) cluster.thaw(id)
    await cluster.inSync()
  })
  after(() => cluster?.remove())

  it('is waited for before a follower says that it has read all there is', async () => {
    const topic = 'letters'
    await makeTopics(cluster.brokers, { [topic]: 1 })
    await cluster.inSync()
    const client = kafkajsClient({ brokers: cluster.brokers.split(','), clientId: 'test' })
    const admin = new SharedAdmin(client)
    const values: string[] = []
    const quiet = { anew: () => undefined, up: () => undefined, away: () => undefined }
    const follower = new TopicFollower(
      { client, admin, topic, sinceMs: 0 },
      { ...quiet, read: messages => values.push(...messages.map(({ value }) => String(value))) }
    )
    const producer = kafkaOf(cluster.brokers, { retry: { retries: 0 } }).producer()
    try {
      follower.start()
      await producer.connect()
      const send = (value: string, timeout: number) =>
        producer.send({ topic, acks: -1, timeout, messages: [{ partition: 0, value }] })
      await send('acknowledged', 10_000)
      await follower.caughtUp()
      const leader = await cluster.leaderOf(topic)
      const replicas = cluster.ids.filter(id => id !== leader)
      for (const id of replicas) cluster.freeze(id)
      await assert.rejects(send('in doubt', 300), /timed out/)
      let hasCaughtUp = false
      const caughtUp = follower.caughtUp().then(() => {
        hasCaughtUp = true
      })
      // A follower that asks for nothing but the high watermark is there in some milliseconds.
      await Promise.race([caughtUp, wait(1_500)])
      assert.deepEqual([hasCaughtUp, values], [false, ['acknowledged']])
      for (const id of replicas) cluster.thaw(id)
      await caughtUp
      assert.deepEqual(values, ['acknowledged', 'in doubt'])
    } finally {
      await producer.disconnect()
      await follower.close()
      await admin.close()
    }
  })

  it('is written once where a partition has moved before another broker has answered', async () => {
    const topic = 'readings'
    const kafka = kafkaOf(cluster.brokers).admin()
    await kafka.connect()
    const [slow, moves] = [0, 1]
    const replicaAssignment = [
      { partition: slow, replicas: [3, 1, 2] },
      { partition: moves, replicas: [1, 2, 3] }
    ]
    await kafka.createTopics({ waitForLeaders: false, topics: [{ topic, replicaAssignment }] })
    await kafka.disconnect()
    await until('its leader', async () => (await cluster.leaderOf(topic, moves)) === 1)
    await cluster.inSync()
    const client = kafkajsClient({ brokers: cluster.brokers.split(','), clientId: 'test' })
    // kafkajs asks any broker where the partition is now; the one that is slow tells too late.
    const producers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(() => client.producer({ topic, compression: 'none' }))
    )
    const send = (value: string) =>
      producers.map((producer, index) => {
        const { records } = new TestCallback([slow, moves].map(() => ({ value: value + index })))
        for (const [at, partition] of [slow, moves].entries()) records[at]!.partition = partition
        return producer.send(records, 0)
      })
    try {
      await Promise.all(send('first '))
      await cluster.stop(1)
      await until('another leader', async () => (await cluster.leaderOf(topic, moves)) === 2)
      await cluster.restart(1)
      await cluster.inSync()
      cluster.freeze(3)
      const sent = Promise.all(send('second '))
      await wait(1_500)
      cluster.thaw(3)
      await sent
    } finally {
      await Promise.all(producers.map(producer => producer.close()))
    }
    const values = (await readTopic(cluster.brokers, topic)).map(({ value }) => String(value))
    const twoOfEach = ['first ', 'second '].flatMap(name =>
      producers.flatMap((_producer, index) => [name + index, name + index])
    )
    assert.deepEqual(values.sort(), twoOfEach.sort())
  })
})
