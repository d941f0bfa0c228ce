// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import { isRejection, provenanceOf } from '../../../core/record/record.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

describe('kafka-consumer in Node-RED', function () {
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
    for (const id of ['good', 'bad', 'other'])
      Object.assign(flow.seen(id), { holds: false, fails: 0 }).arrived.length = 0
  })

  const reader = (topic: string, group: string, more: object = {}, id = 'read', to = 'good') => [
    {
      id,
      type: 'millrace-kafka-consumer',
      topics: topic,
      groupId: group,
      ...more,
      wires: [[to], ['bad']]
    },
    { id: to, type: 'seen' },
    { id: 'bad', type: 'seen' }
  ]
  const feed = (topic: string, values: readonly unknown[], partition = 0) =>
    rig.feed.send({
      topic,
      messages: values.map(value => ({
        partition,
        key: 'k',
        value: typeof value === 'string' ? value : JSON.stringify(value)
      }))
    })
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => ({ n: from + index }))
  const newGroup = () => `g-${randomUUID()}`
  const good = () => flow.seen('good')

  it('sends arrays of records of one partition, and what is none to the second output', async () => {
    const topic = await rig.topic(1)
    await feed(topic, [{ n: 1 }, 'rubbish', { n: 2 }])
    await flow.deploy(rig.brokers, reader(topic, newGroup()))
    await until('both', () => good().arrived.length === 1 && flow.seen('bad').arrived.length === 1)
    assert.deepEqual(good().arrived[0]?.message.topic, topic)
    assert.deepEqual(JSON.stringify(good().arrived[0]?.message.payload), '[{"n":1},{"n":2}]')
    const [letter] = flow.seen('bad').records
    assert.ok(isRejection(letter))
    assert.deepEqual([letter.reason.code, letter.raw?.toString()], ['JSON_INVALID', 'rubbish'])
    const origin = provenanceOf(good().records[1])?.taken.origin
    assert.ok(origin?.kind === 'kafka' && origin.offset === '2' && origin.topic === topic)
  })

  it('sends every record by itself where the batch size is 1', async () => {
    const topic = await rig.topic(1)
    await feed(topic, numbered(0, 3))
    await flow.deploy(rig.brokers, reader(topic, newGroup(), { batchSize: 1 }))
    await until('them', () => good().arrived.length === 3)
    assert.deepEqual(
      good().arrived.map(({ message: { payload } }) => JSON.stringify(payload)),
      ['{"n":0}', '{"n":1}', '{"n":2}']
    )
  })

  it('commits nothing that the flow has not finished with, and reads that again', async () => {
    const [topic, group] = [await rig.topic(1), newGroup()]
    good().holds = true
    await flow.deploy(rig.brokers, reader(topic, group, { batchSize: 10 }))
    await feed(topic, numbered(0, 30))
    await until('three batches', () => good().arrived.length === 3)
    good().arrived[0]!.done()
    good().arrived[2]!.done()
    await until(
      'the commit of the first',
      async () => (await rig.committed(group, topic))[0] === 10
    )
    await flow.deploy(rig.brokers, [])
    assert.deepEqual(await rig.committed(group, topic), { 0: 10 })
    good().arrived.length = 0
    good().holds = false
    await flow.deploy(rig.brokers, reader(topic, group, { batchSize: 10 }))
    await until('the rest again', () => good().records.length === 20)
    assert.equal((good().records[0] as { n: number }).n, 10)
    await until('the commit', async () => (await rig.committed(group, topic))[0] === 30)
  })

  it('"stored" does not take a flow that ends for one that stores', async () => {
    const [topic, group] = [await rig.topic(1), newGroup()]
    await feed(topic, [{ n: 1 }])
    await flow.deploy(rig.brokers, reader(topic, group, { acknowledge: 'stored', timeoutS: 1 }))
    await until('it comes again', () => good().arrived.length >= 2)
    assert.ok(!((await rig.committed(group, topic))[0]! > 0))
  })

  it('"received" commits at once', async () => {
    const [topic, group] = [await rig.topic(1), newGroup()]
    await feed(topic, numbered(0, 5))
    good().holds = true
    await flow.deploy(rig.brokers, reader(topic, group, { acknowledge: 'received' }))
    await until('the commit', async () => (await rig.committed(group, topic))[0] === 5)
  })

  it('sends again what failed, then writes it off as a dead letter, and goes on', async () => {
    const [topic, group] = [await rig.topic(1), newGroup()]
    await feed(topic, [{ n: 1 }])
    good().fails = 3
    await flow.deploy(rig.brokers, reader(topic, group, { retries: 2 }))
    await until('the dead letter', () => flow.seen('bad').arrived.length === 1)
    assert.equal(good().arrived.length, 3)
    const [letter] = flow.seen('bad').records
    assert.ok(isRejection(letter))
    assert.deepEqual(
      [letter.reason.code, letter.attempts, letter.raw?.toString()],
      ['DELIVERY_EXHAUSTED', 3, '{"n":1}']
    )
    await until('the commit', async () => (await rig.committed(group, topic))[0] === 1)
    await feed(topic, [{ n: 2 }])
    await until('the next', () => good().arrived.length === 4)
  })

  it('keeps to its bounds: a flow that stands still takes so many batches and no more', async () => {
    const [topic, group] = [await rig.topic(2), newGroup()]
    await feed(topic, numbered(0, 1000))
    await feed(topic, numbered(1000, 2000), 1)
    good().holds = true
    await flow.deploy(
      rig.brokers,
      reader(topic, group, { batchSize: 100, perPartition: 3, maxInFlight: 5 })
    )
    await until('the bound', () => good().arrived.length === 5)
    await wait(1_500)
    assert.equal(good().arrived.length, 5)
    await until('the lag', () => nodeMetrics('read')?.gauges.get('lag') === 2000)
    good().holds = false
    for (const { done } of good().arrived) done()
    await until('everything', () => good().records.length === 2000)
    await until('no lag', () => nodeMetrics('read')?.gauges.get('lag') === 0)
  })

  it('lets every partition have its turn where the flow is slower than Kafka', async () => {
    const topic = await rig.topic(6)
    for (let partition = 0; partition < 6; partition++)
      await feed(topic, numbered(0, 100), partition)
    good().holds = true
    await flow.deploy(
      rig.brokers,
      reader(topic, newGroup(), { batchSize: 10, maxInFlight: 2, perPartition: 2 })
    )
    const turns = Array.from({ length: 6 }, () => 0)
    for (let batch = 0; batch < 30; batch++) {
      await until('a batch', () => good().arrived.length > batch)
      const { message, done } = good().arrived[batch]!
      const origin = provenanceOf((message.payload as unknown[])[0])?.taken.origin
      assert.ok(origin?.kind === 'kafka')
      turns[origin.partition]!++
      done()
    }
    assert.ok(Math.min(...turns) >= 2, `batches by partition: ${turns}`)
  })

  it('strict order: one batch of a partition at a time, a retry before the next', async () => {
    const [topic, group] = [await rig.topic(1), newGroup()]
    await feed(topic, numbered(0, 40))
    good().fails = 2
    await flow.deploy(rig.brokers, reader(topic, group, { batchSize: 10, order: 'strict' }))
    await until('all', () => good().records.length === 60)
    const order = good().arrived.map(
      ({ message: { payload } }) => (payload as { n: number }[])[0]?.n
    )
    assert.deepEqual(order, [0, 0, 0, 10, 20, 30])
  })

  it('a second member joins and leaves during load: nothing is lost', async () => {
    const [topic, group] = [await rig.topic(4), newGroup()]
    let n = 0
    let feeding = true
    const feeder = (async () => {
      while (feeding) {
        await feed(topic, numbered(n, n + 20), (n / 20) % 4)
        n += 20
        await wait(10)
      }
    })()
    const one = reader(topic, group)
    await flow.deploy(rig.brokers, one)
    await until('records', () => good().records.length > 100)
    await flow.deploy(
      rig.brokers,
      [...one, ...reader(topic, group, {}, 'second', 'other').slice(0, 2)],
      'nodes'
    )
    await until('records at both', () => flow.seen('other').records.length > 100)
    await flow.deploy(rig.brokers, one, 'nodes')
    const before = good().records.length
    await until('records at the first', () => good().records.length > before + 200)
    feeding = false
    await feeder
    const seen = () =>
      new Set(
        [...good().records, ...flow.seen('other').records].map(
          record => (record as { n: number }).n
        )
      )
    await until('all', () => seen().size === n)
    await until(
      'the commits',
      async () =>
        Object.values(await rig.committed(group, topic)).reduce(
          (sum, offset) => sum + offset,
          0
        ) === n
    )
  })

  it('says so when it starts and nothing takes what it rejects, and how much was lost', async () => {
    const topic = await rig.topic(1)
    await feed(topic, ['rubbish', { n: 1 }])
    const [read, ...rest] = reader(topic, newGroup())
    await flow.deploy(rig.brokers, [{ ...read!, wires: [['good'], []] }, ...rest])
    const told = (what: RegExp) => flow.nodeRed.logs.some(({ msg }) => what.test(String(msg)))
    assert.ok(told(/leads nowhere: messages that are no records are lost/))
    await until('the word', () => told(/Records that were rejected are lost.*: 1\./))
    await until('the record', () => good().records.length === 1)
  })

  it('tells what is wrong with its settings', async () => {
    await flow.deploy(rig.brokers, reader('a, b c/d', 'g'))
    assert.ok(
      flow.nodeRed.logs.some(({ msg }) =>
        /kafka consumer: Topics: "c\/d" is no name of a topic/.test(String(msg))
      )
    )
  })
})
