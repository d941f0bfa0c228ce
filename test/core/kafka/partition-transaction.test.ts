import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { PartitionTransaction } from '../../../core/kafka/partition-transaction.ts'
import { SharedAdmin } from '../../../core/kafka/shared-admin.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import { readTopic } from '../../kafka-topics.ts'
import { kafkaRig, type Rig, TestParcel } from './kafka-rig.ts'

const END_TXN = 26

describe('core/kafka/partition-transaction', function () {
  this.timeout(60_000)
  let rig: Rig
  let proxy: FaultProxy
  let admin: SharedAdmin
  let from: string
  let to: string
  let groupId: string
  const open: PartitionTransaction[] = []

  before(async () => {
    rig = await kafkaRig()
    proxy = await FaultProxy.before(rig.brokers)
    admin = new SharedAdmin({ brokers: [rig.brokers], clientId: 'test' })
  })
  beforeEach(async () => {
    from = await rig.topic(1)
    to = await rig.topic(2)
    groupId = `g-${randomUUID()}`
  })
  afterEach(() => Promise.all(open.splice(0).map(transaction => transaction.close())))
  after(async () => {
    await admin.close()
    await proxy.refuse()
    await rig.close()
  })

  function member(told: string[] = [], brokers = [rig.brokers]): PartitionTransaction {
    const settings = { brokers, clientId: 'test' }
    const transaction = new PartitionTransaction({ settings, admin, groupId, topic: from, partition: 0, timeoutMs: 30_000 }, error =>
      told.push(error.code)
    )
    open.push(transaction)
    return transaction
  }
  const parcel = (...values: string[]) => new TestParcel(values.map(value => ({ key: value, value })))
  const written = async (topic = to) => (await readTopic(rig.brokers, topic)).map(({ value }) => String(value)).sort()

  it('commits what was written together with the offset, one batch after the other', async () => {
    const transaction = member()
    for (const [index, value] of ['a', 'b', 'c'].entries()) {
      const scope = await transaction.begin(BigInt(index), BigInt(index + 1))
      await scope?.write(to, 'none', parcel(value).records)
      await transaction.commit(BigInt(index + 1))
    }
    assert.deepEqual(await written(), ['a', 'b', 'c'])
    assert.deepEqual(await rig.committed(groupId, from), { 0: 3 })
  })

  it('writes to several topics in one transaction, and nothing of an attempt that is begun anew', async () => {
    const letters = await rig.topic(1)
    const transaction = member()
    const first = await transaction.begin(0n, 10n)
    await first?.write(to, 'none', parcel('a', 'b').records)
    await first?.write(letters, 'none', parcel('x').records)
    const second = await transaction.begin(0n, 10n)
    assert.notEqual(second, first)
    await assert.rejects(async () => first?.write(to, 'none', parcel('late').records), { code: 'TRANSACTION_OVER' })
    await second?.write(to, 'none', parcel('a', 'b').records)
    await second?.write(letters, 'none', parcel('x').records)
    await transaction.commit(10n)
    assert.deepEqual([await written(), await written(letters)], [['a', 'b'], ['x']])
  })

  it('is fenced by whoever takes over the partition, and nothing is there twice however often they change', async () => {
    const [old, heir] = [member(), member()]
    const write = async (transaction: PartitionTransaction) => (await transaction.begin(0n, 5n))?.write(to, 'none', parcel('a').records)
    await write(old)
    await write(heir)
    await assert.rejects(old.commit(5n))
    await write(old)
    await assert.rejects(heir.commit(5n))
    await old.commit(5n)
    assert.equal(await heir.begin(0n, 5n), undefined)
    await assert.rejects(heir.begin(3n, 9n), { code: 'TRANSACTION_OVER' })
    assert.deepEqual(await written(), ['a'])
    assert.deepEqual(await rig.committed(groupId, from), { 0: 5 })
  })

  it('does not write again what was committed when the answer was lost', async () => {
    const told: string[] = []
    const transaction = member(told, proxy.brokers)
    const scope = await transaction.begin(0n, 5n)
    await scope?.write(to, 'none', parcel('a').records)
    proxy.loseNextAnswer(END_TXN)
    await transaction.commit(5n).catch(() => undefined)
    assert.equal(proxy.lost, 1)
    const again = await transaction.begin(0n, 5n)
    if (again !== undefined) {
      await again.write(to, 'none', parcel('a').records)
      await transaction.commit(5n)
    }
    assert.deepEqual(await written(), ['a'])
    assert.deepEqual(await rig.committed(groupId, from), { 0: 5 })
  })

  it('refuses the records that a topic never takes, and commits the others', async () => {
    const compacted = await rig.topic(1, { 'cleanup.policy': 'compact', 'max.message.bytes': '2000' })
    const transaction = member()
    const scope = await transaction.begin(0n, 4n)
    const values = [
      { key: 'a', value: '1' },
      { key: null, value: 'no key' },
      { key: 'b', value: '2'.repeat(5000) },
      { key: 'c', value: '3' }
    ]
    const sent = new TestParcel(values)
    await scope?.write(compacted, 'none', sent.records)
    await transaction.commit(4n)
    assert.deepEqual(sent.refusals.map(({ index, reason }) => [index, reason.code]).sort(), [
      [1, 'KAFKA_RECORD_REFUSED'],
      [2, 'MESSAGE_TOO_LARGE']
    ])
    assert.deepEqual(await written(compacted), ['1', '3'])
  })

  it('says what is wrong, and works once it is put right', async () => {
    const told: string[] = []
    const transaction = member(told)
    const topic = `later-${randomUUID()}`
    const scope = await transaction.begin(0n, 1n)
    await assert.rejects(async () => scope?.write(topic, 'none', parcel('a').records), { code: 'KAFKA_TOPIC_MISSING' })
    assert.equal(transaction.broken, true)
    await assert.rejects(transaction.commit(1n))
    await rig.admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    const again = await transaction.begin(0n, 1n)
    await again?.write(topic, 'none', parcel('a').records)
    await transaction.commit(1n)
    assert.deepEqual(await written(topic), ['a'])
  })
})
