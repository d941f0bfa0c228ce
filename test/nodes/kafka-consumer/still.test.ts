// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { SharedAdmin } from '../../../core/kafka/admin/shared-admin.ts'
import { ConsumerGroup } from '../../../core/kafka/consume/consumer-group.ts'
import { kafkajsClient } from '../../../core/kafka/kafkajs/kafkajs-client.ts'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

/** What a person may wait for the truth. */
const LIMIT_MS = 10_000

describe('kafka-consumer: a lag that stands still is not green', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow
  let proxy: FaultProxy

  before(async () => {
    rig = await kafkaRig()
    proxy = await FaultProxy.before(rig.brokers)
    flow = await startKafkaFlow()
  })
  after(async () => {
    await flow.stop()
    await proxy.refuse()
    await rig.close()
  })

  const reader = (id: string, topics: string, more: object = {}) => ({
    id,
    type: 'millrace-kafka-consumer',
    topics,
    groupId: `g-${id}-${topics}`,
    wires: [[`of-${id}`], []],
    ...more
  })
  const seen = (id: string) => ({ id: `of-${id}`, type: 'seen' })
  const feed = (topic: string, count: number) =>
    rig.feed.send({
      topic,
      messages: Array.from({ length: count }, (_, n) => ({ partition: 0, value: `{"n":${n}}` }))
    })
  const status = (id: string) => nodeMetrics(id)?.status
  const says = (id: string, healthy: boolean, text: RegExp) => () =>
    status(id)?.healthy === healthy && text.test(status(id)?.text ?? '')

  it('records that a broker does not hand out: within ten seconds, and the log names the partition', async () => {
    const topic = await rig.topic(2)
    await flow.deploy(proxy.brokers[0]!, [reader('read', topic), seen('read')])
    await feed(topic, 1)
    await until('the first', () => flow.seen('of-read').records.length === 1)
    await until('it is well', says('read', true, /lag 0/))
    proxy.emptiesFetches = true
    await feed(topic, 3)
    await until('the node says so', says('read', false, /^3 wait in Kafka, none come$/), LIMIT_MS)
    const told = flow.nodeRed.logs.map(({ msg }) => String(msg))
    assert.ok(told.some(line => line.includes(`3 in partition 0 of "${topic}"`)))
    proxy.emptiesFetches = false
    await until('the rest', () => flow.seen('of-read').records.length === 4)
    await until('it is well again', says('read', true, /lag 0/))
  })

  it('a partition that the client has left paused: told, and read again by another member', async () => {
    const topic = await rig.topic(1)
    const client = kafkajsClient({ brokers: [rig.brokers], clientId: 'test' })
    const admin = new SharedAdmin(client)
    const notices: string[] = []
    let [read, isPaused] = [0, false]
    const group = new ConsumerGroup(
      {
        client,
        admin,
        groupId: `g-${topic}`,
        topics: [topic],
        maxBytesPerPartition: 262_144,
        startFrom: 'earliest',
        outOfRange: 'earliest',
        readUncommitted: false,
        replaceMs: 2_000
      },
      {
        assigned() {
          if (!isPaused) group.pause(topic, 0)
          isPaused = true
        },
        batch({ messages, nextOffset, part }) {
          read += messages.length
          part(nextOffset).done()
        },
        up: () => undefined,
        away: error => notices.push(error.message),
        notice: sentence => notices.push(sentence),
        stopped: error => notices.push(error.message)
      }
    )
    group.start()
    try {
      await until('the group', () => isPaused)
      await feed(topic, 2)
      await until('it is told', () => group.still?.kind === 'stuck', LIMIT_MS)
      assert.equal(read, 0)
      await until('the records', () => read === 2)
      assert.match(notices.join(' '), /^2 records wait .* joins its group anew\.$/)
      await until('it is well', () => group.still === undefined && group.lag === 0)
    } finally {
      await group.close()
      await admin.close()
    }
  })

  it('a member without partitions, an open transaction, a slow flow: each is called what it is', async () => {
    const [shared, one, other, held, slow] = await Promise.all(
      [1, 2, 2, 1, 1].map(partitions => rig.topic(partitions))
    )
    const [spareGroup, mixedGroup] = [`g-${randomUUID()}`, `g-${randomUUID()}`]
    const begun = performance.now()
    flow.seen('of-slow').holds = true
    const spare = { groupId: spareGroup }
    const mixed = { groupId: mixedGroup }
    await flow.deploy(rig.brokers, [
      reader('first', shared!, spare),
      reader('second', shared!, spare),
      reader('one', one!, mixed),
      reader('other', other!, mixed),
      reader('held', held!),
      reader('slow', slow!, { maxInFlight: 1, batchSize: 1 }),
      ...['first', 'second', 'one', 'other', 'held', 'slow'].map(seen)
    ])
    await Promise.all(['first', 'held', 'slow'].map(id => until(id, says(id, true, /lag 0|spare/))))
    await feed(slow!, 5)
    await rig.transaction(async transaction => {
      await transaction.send({ topic: held!, messages: [{ partition: 0, value: '{"n":1}' }] })
      const isSpare = (id: string) => says(id, true, /^waits as a spare member$/)()
      const isLeftOut = (id: string) => says(id, false, /^has none of 2 partitions$/)()
      await until('one is spare', () => isSpare('first') !== isSpare('second'), 20_000)
      await until('one is left out', () => isLeftOut('one') !== isLeftOut('other'), 20_000)
      await until('the transaction', says('held', true, /^1 wait for a transaction$/), LIMIT_MS)
    })
    await until('it comes', () => flow.seen('of-held').records.length === 1)
    await until('so long that the slow one would be told', () => performance.now() - begun > 12_000)
    assert.match(status('slow')?.text ?? '', /0 done in \d+ s$|lag 5$/)
    const all = ['first', 'second', 'held', 'slow'].flatMap(id => flow.statusOf(id))
    assert.deepEqual(
      all.filter(text => /none come|has none/.test(text)),
      []
    )
  })
})
