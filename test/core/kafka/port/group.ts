import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { SharedAdmin } from '../../../../core/kafka/admin/shared-admin.ts'
import {
  ConsumerGroup,
  type FetchedBatch,
  type GroupOptions
} from '../../../../core/kafka/consume/consumer-group.ts'
import type { PendingRange } from '../../../../core/kafka/consume/offset-ledger.ts'
import { partitionOffsets } from '../../../../core/kafka/consume/start-offsets.ts'
import { FaultProxy } from '../../../fault-proxy.ts'
import { until } from '../../../until.ts'
import type { Rig } from '../kafka-rig.ts'
import type { Target } from './target.ts'

/** A member that notes what it gets, and acknowledges by itself unless it is told to hold. */
class Member {
  readonly got: { partition: number; value: string }[] = []
  readonly held: PendingRange[] = []
  readonly told: string[] = []
  assigned: number[] = []
  generations = 0
  holds = false
  throws = 0
  readonly group: ConsumerGroup

  constructor(options: GroupOptions) {
    this.group = new ConsumerGroup(options, {
      batch: batch => this.#take(batch),
      assigned: assignments => {
        this.generations++
        this.assigned = assignments.flatMap(({ partitions }) => [...partitions]).sort()
      },
      up: () => this.told.push('up'),
      away: error => this.told.push(error.code),
      notice: sentence => this.told.push(sentence),
      stopped: error => this.told.push(`stopped: ${error.code}`)
    })
    this.group.start()
  }

  get values(): string[] {
    return this.got.map(({ value }) => value)
  }
  release(): void {
    for (const pending of this.held.splice(0)) pending.done()
  }

  #take({ partition, messages, nextOffset, part }: FetchedBatch): void {
    if (this.throws-- > 0) throw new TypeError('a mistake in the flow')
    for (const { value } of messages) this.got.push({ partition, value: String(value) })
    const pending = part(nextOffset)
    if (this.holds) this.held.push(pending)
    else pending.done()
  }
}

export const groupContract = (target: Target) =>
  describe('reads as a member of a group', function () {
    this.timeout(60_000)
    let rig: Rig
    let proxy: FaultProxy
    let admin: SharedAdmin
    const members: Member[] = []

    before(async () => {
      rig = await target.rig()
      proxy = await FaultProxy.before(rig.brokers)
      admin = new SharedAdmin(target.client({ brokers: [rig.brokers], clientId: 'test' }))
    })
    afterEach(() => Promise.all(members.splice(0).map(({ group }) => group.close())))
    after(async () => {
      await admin.close()
      await proxy.refuse()
      await rig.close()
    })

    const groupId = () => `g-${randomUUID()}`
    function join(
      topic: string,
      group: string,
      more: Partial<Omit<GroupOptions, 'client' | 'admin'>> = {},
      brokers = [rig.brokers]
    ): Member {
      const policy = {
        startFrom: 'earliest',
        outOfRange: 'earliest',
        readUncommitted: false
      } as const
      const client = target.client({ brokers, clientId: 'test' })
      const read = { groupId: group, topics: [topic], maxBytesPerPartition: 262_144 }
      const member = new Member({ ...policy, ...read, client, admin, ...more })
      members.push(member)
      return member
    }
    const leave = async (member: Member) => {
      members.splice(members.indexOf(member), 1)
      await member.group.close()
    }
    const feed = (topic: string, values: readonly (string | number)[], partition = 0) =>
      rig.feed.send({ topic, messages: values.map(value => ({ partition, value: String(value) })) })
    const numbers = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => String(from + index))

    it('reads all, commits once a second and goes on there', async () => {
      const [topic, group] = [await rig.topic(2), groupId()]
      await feed(topic, numbers(0, 100))
      await feed(topic, numbers(100, 150), 1)
      const first = join(topic, group)
      await until('the records', () => first.got.length === 150)
      await until('the commit', async () => {
        const committed = await rig.committed(group, topic)
        return committed[0] === 100 && committed[1] === 50
      })
      assert.equal(first.group.lag, 0)
      await leave(first)
      await feed(topic, numbers(150, 160))
      const second = join(topic, group)
      await until('the rest', () => second.got.length >= 10)
      assert.deepEqual(second.values, numbers(150, 160))
    })

    it('commits the contiguous prefix only, and when it leaves', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group)
      await until('the group', () => member.generations > 0)
      member.holds = true
      for (const value of ['a', 'b', 'c']) {
        await feed(topic, [value])
        await until(value, () => member.values.includes(value))
      }
      assert.equal(member.held.length, 3)
      member.held[0]!.done()
      member.held[2]!.done()
      await leave(member)
      assert.deepEqual(await rig.committed(group, topic), { 0: 1 })
    })

    it('trap 8: a batch that is held longer than the session lasts costs nothing: the fetch loop goes on', async () => {
      const [topic, group] = [await rig.topic(2), groupId()]
      const member = join(topic, group, { sessionTimeoutMs: 6_000 })
      await until('the group', () => member.generations > 0)
      member.holds = true
      await feed(topic, ['slow'])
      await until('the batch', () => member.held.length === 1)
      member.group.pause(topic, 0)
      const startMs = performance.now()
      let n = 0
      while (performance.now() - startMs < 7_000) {
        await feed(topic, [`other ${n++}`], 1)
        await wait(500)
      }
      assert.equal(member.generations, 1)
      assert.equal(member.got.filter(({ partition }) => partition === 1).length, n)
      member.release()
      member.group.resume(topic, 0)
      await feed(topic, ['next'])
      await until('the next', () => member.values.includes('next'))
    })

    it('trap 8: an error while a batch is taken over does not end the consumer; it comes again', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group)
      await until('the group', () => member.generations > 0)
      member.throws = 1
      await feed(topic, ['x'])
      await until('the record', () => member.values.includes('x'))
      assert.deepEqual(member.values, ['x'])
    })

    it('traps 9 and 10: after a rebalance nothing stale is committed, nothing stays paused, nothing is lost', async () => {
      const [topic, group] = [await rig.topic(4), groupId()]
      const a = join(topic, group)
      await until('A has all partitions', () => a.assigned.length === 4)
      a.holds = true
      for (const partition of [0, 1, 2, 3]) await feed(topic, numbers(0, 10), partition)
      await until('A holds them', () => a.got.length === 40)
      for (const partition of [0, 1, 2, 3]) a.group.pause(topic, partition)
      const stale = a.held.splice(0)
      const b = join(topic, group)
      await until('both have two', () => a.assigned.length === 2 && b.assigned.length === 2)
      for (const partition of [0, 1, 2, 3]) await feed(topic, numbers(10, 20), partition)
      await until('B has read its partitions', () => b.got.length === 40)
      await until('B has committed', async () => {
        const committed = await rig.committed(group, topic)
        return b.assigned.every(partition => committed[partition] === 20)
      })
      await until(
        'A goes on with its partitions, so they are not paused',
        () => a.got.length === 40 + 20
      )
      for (const pending of stale) pending.done()
      await until('A has committed what is still its own', async () => {
        const committed = await rig.committed(group, topic)
        return a.assigned.every(partition => committed[partition] === 10)
      })
      await wait(1_200)
      const committed = await rig.committed(group, topic)
      for (const partition of b.assigned)
        assert.equal(committed[partition], 20, 'a late acknowledgement has rewound B')
      a.release()
      await leave(b)
      await until('A has all again', () => a.assigned.length === 4)
      a.holds = false
      await feed(topic, ['end'], b.assigned[0])
      await until('A goes on where B was', () => a.values.includes('end'))
      assert.equal(a.got.at(-1)?.value, 'end')
    })

    it('reads nothing twice because the broker was away for longer than the session lasts', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group, { sessionTimeoutMs: 6_000 }, proxy.brokers)
      await until('the group', () => member.generations > 0)
      member.holds = true
      await feed(topic, numbers(0, 10))
      await until('the batch', () => member.got.length === 10)
      await proxy.refuse()
      await wait(7_000)
      await feed(topic, numbers(10, 20))
      await proxy.open()
      await until('the rest', () => member.got.length >= 20)
      assert.deepEqual(member.values, numbers(0, 20))
      member.release()
      await until('the commit', async () => (await rig.committed(group, topic))[0] === 20)
    })

    for (const [policy, expected] of [
      ['earliest', ['7', '8', '9', 'new']],
      ['latest', ['new']]
    ] as const) {
      it(`trap 13: a committed offset that was deleted: ${policy}`, async () => {
        const [topic, group] = [await rig.topic(1), groupId()]
        await feed(topic, numbers(0, 10))
        await rig.commit(group, topic, 3)
        await rig.deleteBefore(topic, 7)
        const member = join(topic, group, { outOfRange: policy })
        await until('the group', () => member.generations > 0)
        await feed(topic, ['new'])
        await until('the new record', () => member.values.includes('new'))
        assert.deepEqual(member.values, expected)
        assert.match(member.told.join(' '), /4 records were deleted before being read/)
        await until('the commit', async () => (await rig.committed(group, topic))[0] === 11)
      })
    }

    it('trap 13: a committed offset that was deleted: stop', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      await feed(topic, numbers(0, 10))
      await rig.commit(group, topic, 3)
      await rig.deleteBefore(topic, 7)
      const member = join(topic, group, { outOfRange: 'stop' })
      await until('the stop', () => member.told.includes('stopped: KAFKA_OFFSET_LOST'))
      assert.deepEqual(member.values, [])
      assert.deepEqual(await rig.committed(group, topic), { 0: 3 })
    })

    it('a committed offset beyond the end (the topic was made anew) is told, not skipped over', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      await feed(topic, numbers(0, 5))
      await rig.commit(group, topic, 5000)
      const member = join(topic, group)
      await until('the records', () => member.got.length === 5)
      assert.match(member.told.join(' '), /the topic ends at 5/)
    })

    it('a group that starts at the end misses nothing that comes while it is away the first time', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      await feed(topic, ['old'])
      const first = join(topic, group, { startFrom: 'latest', outOfRange: 'latest' })
      await until('the group', () => first.generations > 0)
      await leave(first)
      await feed(topic, ['while away'])
      const second = join(topic, group, { startFrom: 'latest', outOfRange: 'latest' })
      await until('the record', () => second.got.length > 0)
      assert.deepEqual(second.values, ['while away'])
    })

    it('trap 14: partitions that are added are found, and read from their first record', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group, {
        startFrom: 'latest',
        outOfRange: 'latest',
        metadataMaxAgeMs: 1_000
      })
      await until('the group', () => member.generations > 0)
      await until(
        'the start to be committed',
        async () => (await rig.committed(group, topic))[0] === 0
      )
      await rig.admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
      await until(
        'the new partition',
        () => feed(topic, ['first of 2'], 2).then(() => true),
        10_000
      )
      await until('the record', () => member.values.includes('first of 2'))
    })

    it('takes a partition for an added one where the group has committed in those before it, by whichever member', async () => {
      const [topic, group] = [await rig.topic(2), groupId()]
      const second = async () =>
        (await admin.ask(asked => partitionOffsets(asked, group, [{ topic, partitions: [1] }])))[0]
      assert.equal((await second())?.isAdded, false)
      await rig.commit(group, topic, 0)
      assert.deepEqual([(await second())?.committed, (await second())?.isAdded], [-1n, true])
    })

    it('trap 16: transaction markers and aborted records leave no lag behind', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group)
      await until('the group', () => member.generations > 0)
      const end = async () => Number((await rig.admin.fetchTopicOffsets(topic))[0]?.high)
      const caughtUp = async () => (await rig.committed(group, topic))[0] === (await end())
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ partition: 0, value: 'committed' }] })
      })
      // Kafka answers the end of a transaction before its markers are written.
      await until('the marker of the commit', async () => (await end()) === 2)
      await until('no lag after a commit', caughtUp)
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ partition: 0, value: 'aborted' }] })
        await transaction.abort()
      })
      await until('the marker of the abort', async () => (await end()) === 4)
      await until('no lag after an abort', caughtUp)
      assert.deepEqual(member.values, ['committed'])
    })

    it('of transactions that overlap nothing is read that was aborted, whatever the keys', async () => {
      const topic = await rig.topic(1)
      const likeAMarker = Buffer.alloc(4)
      await rig.transaction(async first => {
        await first.send({
          topic,
          messages: [{ partition: 0, key: likeAMarker, value: 'aborted last' }]
        })
        await rig.transaction(async second => {
          await second.send({ topic, messages: [{ partition: 0, value: 'aborted first' }] })
          await second.abort()
        })
        await first.send({ topic, messages: [{ partition: 0, value: 'aborted last too' }] })
        await first.abort()
      })
      await rig.transaction(async transaction => {
        await transaction.send({ topic, messages: [{ partition: 0, value: 'committed' }] })
      })
      await feed(topic, ['without'])
      const member = join(topic, groupId())
      await until('what is committed', () => member.values.includes('without'))
      assert.deepEqual(member.values, ['committed', 'without'])
    })

    it('a broker that is away is waited for: one word about it, and reading goes on', async () => {
      const [topic, group] = [await rig.topic(1), groupId()]
      const member = join(topic, group, { sessionTimeoutMs: 6_000 }, proxy.brokers)
      await until('the group', () => member.generations > 0)
      await proxy.refuse()
      await until('the word about it', () => member.told.includes('KAFKA_CONNECT_FAILED'))
      await wait(1_000)
      await feed(topic, ['back'])
      await proxy.open()
      await until('the record', () => member.values.includes('back'))
      assert.deepEqual(member.told.slice(0, 3), ['up', 'KAFKA_CONNECT_FAILED', 'up'])
    })

    it('says so where members of one group read different topics', async () => {
      const [one, other, group] = [await rig.topic(2), await rig.topic(2), groupId()]
      const first = join(one, group)
      await until('the group', () => first.generations > 0)
      const second = join(other, group)
      await until('the word about it', () =>
        [...first.told, ...second.told].some(line => /must read the same topics/.test(line))
      )
    })

    it('a missing topic is told, and read once it is there', async () => {
      const topic = `late-${randomUUID()}`
      const member = join(topic, groupId())
      await until('the word about it', () => member.told.includes('KAFKA_TOPIC_MISSING'), 15_000)
      await rig.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
      await feed(topic, ['x'])
      await until('the record', () => member.values.includes('x'))
    })

    it('trap 22: leaves within seconds although the broker is dead', async () => {
      const topic = await rig.topic(1)
      const member = join(topic, groupId(), {}, proxy.brokers)
      await until('the group', () => member.generations > 0)
      proxy.swallow()
      const startMs = performance.now()
      await leave(member)
      assert.ok(
        performance.now() - startMs < 6_000,
        `took ${Math.round(performance.now() - startMs)} ms`
      )
      await proxy.refuse()
      await proxy.open()
    })
  })
