// Mostly waits.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaCluster } from '../../../stack/kafka/cluster.ts'
import { isFree } from '../../../stack/ports.ts'
import { kafkaOf } from '../../kafka-topics.ts'

describe('three Kafka brokers', function () {
  this.timeout(120_000)
  const folder = join(mkdtempSync(join(tmpdir(), 'millrace-cluster-')), 'kafka')
  let cluster: KafkaCluster

  before(async () => {
    cluster = await KafkaCluster.start({ folder })
  })
  after(async () => {
    await cluster.remove()
    rmSync(join(folder, '..'), { recursive: true, force: true })
  })

  it('take records while one is away, none while two are, and go on when they are back', async () => {
    const kafka = kafkaOf(cluster.brokers, { retry: { retries: 30 } })
    const admin = kafka.admin()
    const producer = kafka.producer({ idempotent: true })
    await admin.connect()
    await producer.connect()
    try {
      await admin.createTopics({ topics: [{ topic: 'readings', numPartitions: 3 }] })
      const send = (value: string) =>
        producer.send({ topic: 'readings', acks: -1, messages: [{ partition: 0, value }] })
      await send('with three')
      const [partition] = (await cluster.metadata())!.topics.find(
        ({ name }) => name === 'readings'
      )!.partitions
      assert.equal(partition!.replicas.length, 3)

      const leader = await cluster.leaderOf('readings')
      await cluster.kill(leader)
      await send('with two')
      const [next] = cluster.up
      await cluster.stop(next!)
      assert.equal(cluster.up.length, 1)
      const late = send('while one is left')
      await Promise.all([cluster.restart(leader), cluster.restart(next!)])
      await late
      await cluster.inSync()
      const ends = await admin.fetchTopicOffsets('readings')
      assert.equal(ends.find(({ partition }) => partition === 0)?.high, '3')
    } finally {
      await producer.disconnect()
      await admin.disconnect()
    }
  })

  it('end within a bound though the last one has no quorum, and leave nothing', async () => {
    const startMs = performance.now()
    for (const id of cluster.ids) await cluster.stop(id)
    assert.ok(performance.now() - startMs < 40_000)
    assert.deepEqual(cluster.up, [])
    await cluster.remove()
    assert.equal(existsSync(folder), false)
    for (const address of cluster.brokers.split(','))
      assert.ok(await isFree(Number(address.split(':')[1])))
  })
})
