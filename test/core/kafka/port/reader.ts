import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import { TopicFollower } from '../../../../core/kafka/consume/topic-follower.ts'
import { FaultProxy } from '../../../fault-proxy.ts'
import { until } from '../../../until.ts'
import type { Rig } from '../kafka-rig.ts'
import type { Target } from './target.ts'

export const readerContract = (target: Target) =>
  describe('reads without a group', function () {
    this.timeout(60_000)
    let rig: Rig
    let proxy: FaultProxy
    let admin: SharedAdmin
    const followers: TopicFollower[] = []

    before(async () => {
      rig = await target.rig()
      proxy = await FaultProxy.before(rig.brokers)
      admin = new SharedAdmin(target.client({ brokers: proxy.brokers, clientId: 'test' }))
    })
    afterEach(() => Promise.all(followers.splice(0).map(follower => follower.close())))
    after(async () => {
      await admin.close()
      await proxy.refuse()
      await rig.close()
    })

    function follow(topic: string, sinceMs = 0, brokers = proxy.brokers) {
      const values: string[] = []
      const told: string[] = []
      const follower = new TopicFollower(
        { client: target.client({ brokers, clientId: 'test' }), admin, topic, sinceMs },
        {
          read: messages => values.push(...messages.map(({ value }) => String(value))),
          anew: () => told.push('anew'),
          up: () => told.push('up'),
          away: ({ code }) => told.push(code)
        }
      )
      followers.push(follower)
      follower.start()
      return { follower, values, told }
    }
    const send = (topic: string, ...values: string[]) =>
      rig.feed.send({
        topic,
        messages: values.map((value, index) => ({ value, partition: index % 2 }))
      })

    it('has read all of every partition when it says so, and reads on', async () => {
      const topic = await rig.topic(2)
      await send(topic, 'a', 'b', 'c')
      const { follower, values } = follow(topic)
      await follower.caughtUp()
      assert.deepEqual([...values].sort(), ['a', 'b', 'c'])
      for (let round = 0; round < 20; round++) {
        await send(topic, `${round}`, `${round}`)
        await follower.caughtUp()
        assert.equal(values.length, 3 + 2 * (round + 1))
      }
    })

    it('says so at once of an empty topic, and leaves out what is older', async () => {
      const topic = await rig.topic(2)
      const empty = follow(topic)
      await empty.follower.caughtUp()
      await rig.feed.send({ topic, messages: [{ value: 'old', partition: 0, timestamp: '1000' }] })
      await send(topic, 'new', 'new too')
      const { follower, values } = follow(topic, Date.now() - 60_000)
      await follower.caughtUp()
      assert.deepEqual([...values].sort(), ['new', 'new too'])
    })

    it('reads what is committed, and does not wait for a transaction that is under way', async () => {
      const topic = await rig.topic(2)
      const { follower, values } = follow(topic)
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ value: 'aborted', partition: 0 }] })
        await transaction.abort()
      })
      await follower.caughtUp()
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ value: 'under way', partition: 0 }] })
        await follower.caughtUp()
        assert.deepEqual(values, [])
      })
      await until('the transaction', async () => {
        await follower.caughtUp()
        return values.length > 0
      })
      assert.deepEqual(values, ['under way'])
    })

    it('goes on where it was when the broker is back', async () => {
      const topic = await rig.topic(2)
      const { follower, values, told } = follow(topic)
      await send(topic, 'a', 'b')
      await follower.caughtUp()
      await proxy.refuse()
      await send(topic, 'c', 'd')
      let caughtUp = false
      const later = follower.caughtUp().then(() => {
        caughtUp = true
      })
      await until('the word that the broker is away', () => told.length === 2, 15_000)
      assert.equal(caughtUp, false)
      await proxy.open()
      await later
      assert.deepEqual([...values].sort(), ['a', 'b', 'c', 'd'])
      assert.deepEqual(told, ['up', 'KAFKA_CONNECT_FAILED', 'up'])
    })

    it('is not held up by records that retention has deleted', async () => {
      const topic = await rig.topic(1)
      const { follower, values } = follow(topic)
      await rig.feed.send({ topic, messages: [{ value: 'a' }] })
      await follower.caughtUp()
      await proxy.refuse()
      await rig.feed.send({ topic, messages: [{ value: 'b' }, { value: 'c' }] })
      await rig.deleteBefore(topic, 3)
      await proxy.open()
      await follower.caughtUp()
      await rig.feed.send({ topic, messages: [{ value: 'd' }] })
      await follower.caughtUp()
      assert.deepEqual(values, ['a', 'd'])
    })

    it('is not held up by records that go while it waits for them', async () => {
      const topic = await rig.topic(1)
      const own = await FaultProxy.before(rig.brokers)
      try {
        const { follower, values } = follow(topic, 0, own.brokers)
        await rig.feed.send({ topic, messages: [{ value: 'a' }] })
        await follower.caughtUp()
        await own.refuse()
        await rig.feed.send({ topic, messages: [{ value: 'b' }, { value: 'c' }] })
        const caughtUp = follower.caughtUp()
        await wait(500)
        await rig.deleteBefore(topic, 3)
        await own.open()
        await caughtUp
        assert.deepEqual(values, ['a'])
      } finally {
        await own.refuse()
      }
    })

    it('says so at once where all that there is was written before', async () => {
      const topic = await rig.topic(1)
      await rig.feed.send({ topic, messages: [{ value: 'old', timestamp: '1000' }] })
      const { follower, values } = follow(topic, Date.now())
      const startMs = performance.now()
      await follower.caughtUp()
      assert.ok(performance.now() - startMs < 2_500)
      assert.deepEqual(values, [])
    })

    it('reads a topic that was deleted and made anew from its beginning', async () => {
      const topic = await rig.topic(2)
      const { follower, values, told } = follow(topic)
      await send(topic, 'a', 'b', 'c', 'd', 'e')
      await follower.caughtUp()
      await rig.anew(topic, 2)
      await until('a record', () => send(topic, 'f').catch(() => false as const), 20_000, 200)
      await follower.caughtUp()
      // The record may have been sent twice while the topic was being made.
      assert.deepEqual([...new Set(values)].sort(), ['a', 'b', 'c', 'd', 'e', 'f'])
      assert.ok(told.includes('anew'))
    })

    it('reads one anew too that has as many records as before', async () => {
      const topic = await rig.topic(1)
      const { follower, values, told } = follow(topic)
      const write = (...texts: string[]) =>
        rig.feed.send({ topic, messages: texts.map(value => ({ value, partition: 0 })) })
      await write('a', 'b', 'c')
      await follower.caughtUp()
      await proxy.refuse()
      await rig.anew(topic, 1)
      await until('the records', () => write('d', 'e', 'f', 'g').catch(() => false as const))
      await proxy.open()
      await until('its first record', () => values.includes('d'))
      await follower.caughtUp()
      assert.deepEqual([...new Set(values)].sort(), ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
      assert.ok(told.includes('anew'))
    })

    it('goes on where it was when a broker was away, and gives nothing twice', async () => {
      const topic = await rig.topic(1)
      const { follower, values, told } = follow(topic)
      const write = (value: string) => rig.feed.send({ topic, messages: [{ value, partition: 0 }] })
      await write('a')
      await follower.caughtUp()
      for (const next of ['b', 'c']) {
        await proxy.refuse()
        await proxy.open()
        await write(next)
        await follower.caughtUp()
      }
      assert.deepEqual(values, ['a', 'b', 'c'])
      assert.ok(!told.includes('anew'))
    })

    it('stops, also while it waits; its group is gone', async () => {
      const topic = await rig.topic(1)
      const { follower } = follow(topic)
      await follower.caughtUp()
      const groups = async () =>
        (await rig.admin.listGroups()).groups.filter(({ groupId }) =>
          groupId.startsWith('millrace-reader-')
        ).length
      await until('its group', async () => (await groups()) > 0)
      await proxy.refuse()
      const startMs = performance.now()
      const waiting = assert.rejects(follower.caughtUp(), { code: 'CLOSED' })
      await follower.close()
      await waiting
      assert.ok(performance.now() - startMs < 5_000)
      await proxy.open()
      const { follower: polite, told } = follow(topic)
      await until('it to read', () => told.length > 0)
      const before = await groups()
      await polite.close()
      assert.equal(await groups(), before - 1)
    })
  })
