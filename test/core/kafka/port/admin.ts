import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readLag } from '../../../../core/kafka/admin/lag.ts'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import { FaultProxy } from '../../../fault-proxy.ts'
import { until } from '../../../until.ts'
import type { Rig } from '../kafka-rig.ts'
import type { Target } from './target.ts'

export const adminContract = (target: Target) =>
  describe('answers questions, first of all for the lag of groups', function () {
    this.timeout(30_000)
    let rig: Rig
    let proxy: FaultProxy
    let admin: SharedAdmin

    before(async () => {
      rig = await target.rig()
      proxy = await FaultProxy.before(rig.brokers)
      admin = new SharedAdmin(target.client({ brokers: proxy.brokers, clientId: 'test' }))
    })
    after(async () => {
      await admin.close()
      await proxy.refuse()
      await rig.close()
    })

    const group = () => `g-${randomUUID()}`
    const lagOf = async (groups: string[], wanted?: (topic: string) => boolean) =>
      admin.ask(asked => readLag(asked, groups, wanted))
    const feed = (topic: string, count: number, partition = 0) =>
      rig.feed.send({
        topic,
        messages: Array.from({ length: count }, () => ({ partition, value: 'x' }))
      })

    it('knows which Kafka it is', async () => {
      assert.equal(await admin.ask(asked => asked.version()), target.version)
    })

    it('counts what a group has not read, per partition and in all', async () => {
      const [topic, reader] = [await rig.topic(2), group()]
      await feed(topic, 10)
      await feed(topic, 5, 1)
      await rig.commit(reader, topic, 4)
      const [lag] = await lagOf([reader])
      assert.deepEqual(lag, {
        group: reader,
        kind: 'classic',
        state: 'Empty',
        members: 0,
        total: 11,
        partitions: [
          { topic, partition: 0, committed: 4, end: 10, lag: 6 },
          { topic, partition: 1, committed: null, end: 5, lag: 5 }
        ]
      })
    })

    it('trap 17: a transaction that is open is no lag for those who read what is committed', async () => {
      const [topic, reader] = [await rig.topic(1), group()]
      await feed(topic, 3)
      await rig.commit(reader, topic, 3)
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ partition: 0, value: 'open' }] })
        assert.equal((await lagOf([reader]))[0]?.total, 0)
      })
      // The broker answers the commit before it has written the markers.
      await until('the record and its marker', async () => (await lagOf([reader]))[0]?.total === 2)
    })

    it('trap 18: many groups in one look, in their order, those without a commit too', async () => {
      const topic = await rig.topic(1)
      await feed(topic, 7)
      const [known, unknown] = [group(), group()]
      await rig.commit(known, topic, 2)
      const lags = await lagOf([unknown, known, unknown])
      assert.deepEqual(
        lags.map(({ group: name, total }) => [name === known, total]),
        [
          [false, 0],
          [true, 5],
          [false, 0]
        ]
      )
    })

    it('counts only the topics that are wanted, and not what retention has removed', async () => {
      const [one, other, reader] = [await rig.topic(1), await rig.topic(1), group()]
      await feed(one, 10)
      await feed(other, 10)
      await rig.commit(reader, one, 1)
      await rig.commit(reader, other, 1)
      await rig.deleteBefore(one, 6)
      assert.equal((await lagOf([reader], topic => topic === one))[0]?.total, 4)
    })

    it('trap 20: a group whose topic was deleted does not hold up the others', async () => {
      const [gone, topic, reader, other] = [
        await rig.topic(1),
        await rig.topic(1),
        group(),
        group()
      ]
      await feed(topic, 2)
      await rig.commit(reader, gone, 0)
      await rig.commit(other, topic, 1)
      await rig.admin.deleteTopics({ topics: [gone] })
      const lags = await lagOf([reader, other])
      assert.deepEqual(
        lags.map(({ total }) => total),
        [0, 1]
      )
    })

    it('a topic that is deleted takes nothing from the lag of the others, though kafkajs goes on asking for it', async () => {
      const [gone, topic, reader, other] = [
        await rig.topic(1),
        await rig.topic(1),
        group(),
        group()
      ]
      await feed(topic, 3)
      await rig.commit(reader, gone, 0)
      await rig.commit(other, topic, 1)
      await lagOf([reader, other])
      await rig.admin.deleteTopics({ topics: [gone] })
      const { now } = Date
      // what kafkajs knows of topics is valid for five minutes
      Date.now = () => now() + 600_000
      try {
        assert.equal((await lagOf([other]))[0]?.total, 2)
      } finally {
        Date.now = now
      }
    })

    it('gives up at the deadline, and works again afterwards', async () => {
      const [topic, reader] = [await rig.topic(1), group()]
      await rig.commit(reader, topic, 0)
      await lagOf([reader])
      proxy.swallow()
      const startMs = performance.now()
      await assert.rejects(
        admin.ask(asked => readLag(asked, [reader]), { deadlineMs: 1_000 }),
        /no answer within 1 s/
      )
      assert.ok(performance.now() - startMs < 3_000)
      await proxy.refuse()
      await proxy.open()
      assert.equal((await lagOf([reader]))[0]?.total, 0)
    })
  })
