import assert from 'node:assert/strict'
import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { readLag } from '../../../core/kafka/lag.ts'
import { makeTopics } from '../../kafka-topics.ts'
import { services } from '../../services.ts'

describe('lag, on a real Kafka', function () {
  this.timeout(60_000)
  const topic = `lag-${process.pid}`
  const other = `lag-other-${process.pid}`
  let kafka: Kafka
  let admin: Admin

  before(async () => {
    const { brokers } = (await services('kafka')).kafka
    await makeTopics(brokers, { [topic]: 2, [other]: 1 })
    kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: 0 })
    admin = kafka.admin()
    await admin.connect()
    const producer = kafka.producer()
    await producer.connect()
    for (const name of [topic, other]) {
      await producer.send({
        topic: name,
        messages: Array.from({ length: 10 }, (_, index) => ({ partition: name === topic ? index % 2 : 0, value: 'x' }))
      })
    }
    await producer.disconnect()
    await admin.setOffsets({ groupId: `${topic}-a`, topic, partitions: [{ partition: 0, offset: '2' }] })
    await admin.setOffsets({ groupId: `${topic}-a`, topic: other, partitions: [{ partition: 0, offset: '10' }] })
  })
  after(() => admin.disconnect())

  it('counts what was not read, also of partitions that were never committed', async () => {
    const [lag] = await readLag(admin, [`${topic}-a`], name => name === topic)
    assert.deepEqual(
      lag?.partitions.map(({ partition, committed, end, lag }) => [partition, committed, end, lag]),
      [
        [0, 2, 5, 3],
        [1, null, 5, 5]
      ]
    )
    assert.deepEqual([lag?.total, lag?.state, lag?.members], [8, 'Empty', 0])
  })

  it('answers for several groups in their order, unknown ones too', async () => {
    const lags = await readLag(admin, [`${topic}-nobody`, `${topic}-a`])
    assert.deepEqual(
      lags.map(({ group, total }) => [group, total]),
      [
        [`${topic}-nobody`, 0],
        [`${topic}-a`, 8]
      ]
    )
  })

  it('does not count what retention has removed', async () => {
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
    const [lag] = await readLag(admin, [`${topic}-a`], name => name === topic)
    assert.equal(lag?.partitions[0]?.lag, 1)
  })
})
