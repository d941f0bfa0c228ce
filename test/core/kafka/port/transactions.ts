import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import { PartitionTransaction } from '../../../../core/kafka/consume/partition-transaction.ts'
import { FaultProxy } from '../../../fault-proxy.ts'
import { readTopic } from '../../../kafka-topics.ts'
import { until } from '../../../until.ts'
import { type Rig, TestCallback } from '../kafka-rig.ts'
import type { Target } from './target.ts'

const END_TXN = 26

export const transactionContract = (target: Target) =>
  describe('writes in transactions', function () {
    this.timeout(60_000)
    let rig: Rig
    let proxy: FaultProxy
    let admin: SharedAdmin
    let from: string
    let to: string
    let groupId: string
    const open: PartitionTransaction[] = []

    before(async () => {
      rig = await target.rig()
      proxy = await FaultProxy.before(rig.brokers)
      admin = new SharedAdmin(target.client({ brokers: [rig.brokers], clientId: 'test' }))
      // A broker that has just started loads its coordinators at the first question; a source asks
      // again by itself.
      const topic = await rig.topic(1)
      const isLoaded = () =>
        rig.committed('anybody', topic).then(
          () => true,
          () => false
        )
      await until('the coordinator', isLoaded)
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
      const client = target.client({ brokers, clientId: 'test' })
      const transaction = new PartitionTransaction(
        { client, admin, groupId, topic: from, partition: 0, timeoutMs: 30_000 },
        error => told.push(error.code)
      )
      open.push(transaction)
      return transaction
    }
    const begin = async (transaction: PartitionTransaction, next: bigint) =>
      (await transaction.begin(next))?.scope
    const callback = (...values: string[]) =>
      new TestCallback(values.map(value => ({ key: value, value })))
    const written = async (topic = to) =>
      (await readTopic(rig.brokers, topic)).map(({ value }) => String(value)).sort()
    /** Kafka answers the end of a transaction before its markers are written: waits for those. */
    const holds = async (expected: readonly string[], topic = to) => {
      const isThere = async () => (await written(topic)).length >= expected.length
      await until('what was committed', isThere, 10_000).catch(() => undefined)
      assert.deepEqual(await written(topic), expected)
    }

    it('commits what was written together with the offset, one batch after the other', async () => {
      const transaction = member()
      for (const [index, value] of ['a', 'b', 'c'].entries()) {
        const scope = await begin(transaction, BigInt(index + 1))
        await scope?.write(to, 'none', callback(value).records)
        await transaction.commit(BigInt(index + 1))
      }
      await holds(['a', 'b', 'c'])
      assert.deepEqual(await rig.committed(groupId, from), { 0: 3 })
    })

    it('writes to several topics in one transaction, and nothing of an attempt that is begun anew', async () => {
      const letters = await rig.topic(1)
      const transaction = member()
      const first = await begin(transaction, 10n)
      await first?.write(to, 'none', callback('a', 'b').records)
      await first?.write(letters, 'none', callback('x').records)
      const second = await begin(transaction, 10n)
      assert.notEqual(second, first)
      await assert.rejects(async () => first?.write(to, 'none', callback('late').records), {
        code: 'TRANSACTION_OVER'
      })
      await second?.write(to, 'none', callback('a', 'b').records)
      await second?.write(letters, 'none', callback('x').records)
      await transaction.commit(10n)
      await holds(['a', 'b'])
      await holds(['x'], letters)
    })

    it('is fenced by whoever takes over the partition, and nothing is there twice however often they change', async () => {
      const [old, heir] = [member(), member()]
      const write = async (transaction: PartitionTransaction) =>
        (await begin(transaction, 5n))?.write(to, 'none', callback('a').records)
      await write(old)
      await write(heir)
      await assert.rejects(old.commit(5n))
      await write(old)
      await assert.rejects(heir.commit(5n))
      await old.commit(5n)
      assert.equal(await begin(heir, 5n), undefined)
      assert.equal((await heir.begin(9n))?.committed, 5n)
      await holds(['a'])
      assert.deepEqual(await rig.committed(groupId, from), { 0: 5 })
    })

    it('does not write again what was committed when the answer was lost', async () => {
      const told: string[] = []
      const transaction = member(told, proxy.brokers)
      const scope = await begin(transaction, 5n)
      await scope?.write(to, 'none', callback('a').records)
      proxy.loseNextAnswer(END_TXN)
      await transaction.commit(5n).catch(() => undefined)
      assert.equal(proxy.lost, 1)
      const again = await begin(transaction, 5n)
      if (again !== undefined) {
        await again.write(to, 'none', callback('a').records)
        await transaction.commit(5n)
      }
      await holds(['a'])
      assert.deepEqual(await rig.committed(groupId, from), { 0: 5 })
    })

    it('refuses the records that a topic never takes, and commits the others', async () => {
      const compacted = await rig.topic(4, {
        'cleanup.policy': 'compact',
        'max.message.bytes': '2000'
      })
      const transaction = member()
      const values = [
        ...Array.from({ length: 20 }, (_, index) => ({
          key: `k${index}`,
          value: String(index + 10)
        })),
        { key: null, value: 'no key' },
        { key: 'b', value: '2'.repeat(5000) }
      ]
      // The first attempt only shows that there are some: of several partitions, the broker may
      // have taken the others.
      const first = await begin(transaction, 4n)
      await assert.rejects(async () =>
        first?.write(compacted, 'none', new TestCallback(values).records)
      )
      assert.equal(transaction.broken, true)
      const second = await begin(transaction, 4n)
      const sent = new TestCallback(values)
      await second?.write(compacted, 'none', sent.records)
      await transaction.commit(4n)
      assert.deepEqual(sent.refusals.map(({ index, reason }) => [index, reason.code]).sort(), [
        [20, 'KAFKA_RECORD_REFUSED'],
        [21, 'MESSAGE_TOO_LARGE']
      ])
      const kept = values.slice(0, 20).map(({ value }) => value)
      await holds(kept, compacted)
    })

    it('commits an offset where nothing was written, right after another transaction', async () => {
      const transaction = member()
      for (let next = 1n; next <= 6n; next++) {
        const scope = await begin(transaction, next)
        if (next % 2n === 0n) await scope?.write(to, 'none', callback(`v${next}`).records)
        await transaction.commit(next)
      }
      await holds(['v2', 'v4', 'v6'])
      assert.deepEqual(await rig.committed(groupId, from), { 0: 6 })
    })

    it('closes in time when the broker is dead in the middle of a transaction', async () => {
      const lonely = await FaultProxy.before(rig.brokers)
      const transaction = member([], lonely.brokers)
      const scope = await begin(transaction, 5n)
      await scope?.write(to, 'none', callback('a').records)
      lonely.swallow()
      await lonely.refuse()
      const startMs = performance.now()
      await transaction.close()
      assert.ok(performance.now() - startMs < 4_000)
      const heir = member()
      await (await begin(heir, 5n))?.write(to, 'none', callback('a').records)
      await heir.commit(5n)
      await holds(['a'])
    })

    it('says what is wrong, and works once it is put right', async () => {
      const told: string[] = []
      const transaction = member(told)
      const topic = `later-${randomUUID()}`
      const scope = await begin(transaction, 1n)
      await assert.rejects(async () => scope?.write(topic, 'none', callback('a').records), {
        code: 'KAFKA_TOPIC_MISSING'
      })
      assert.equal(transaction.broken, true)
      await assert.rejects(transaction.commit(1n))
      await rig.admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
      const again = await begin(transaction, 1n)
      await again?.write(topic, 'none', callback('a').records)
      await transaction.commit(1n)
      await holds(['a'], topic)
    })
  })
