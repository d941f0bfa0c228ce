import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { KafkaCluster } from '../../../core/kafka/cluster.ts'
import { openChangelog } from '../../../core/state/changelog-store.ts'
import type { StateStore } from '../../../core/state/types.ts'
import { services } from '../../services.ts'

describe('what is kept of a partition in a Kafka topic', function () {
  this.timeout(60_000)
  const topic = `state-${randomUUID()}`
  let cluster: KafkaCluster
  const stores: StateStore[] = []

  before(async () => {
    const { brokers } = (await services('kafka')).kafka
    cluster = new KafkaCluster({ brokers: brokers.split(','), clientId: 'test' })
  })
  after(async () => {
    for (const store of stores) await store.close()
    await cluster.close()
  })

  const open = async (lane: string, where = topic) => {
    const store = await openChangelog({ cluster, topic: where, lane })
    stores.push(store)
    return store
  }
  const keptIn = async (store: StateStore) => {
    const kept: Record<string, string> = {}
    for await (const [name, value] of store.load()) kept[name] = value
    return kept
  }

  it('is what the one before has left, of this partition only, and that one keeps nothing more', async () => {
    const before = await open('readings/1')
    const neighbour = await open('readings/17')
    assert.deepEqual(await keptIn(before), {})
    await before.write(new Map([['k:a', '1']]))
    await before.write(
      new Map([
        ['k:a', '2'],
        ['k:b', '3']
      ])
    )
    await before.write(new Map([['k:b', undefined]]))
    await neighbour.write(new Map([['k:a', '"of another"']]))
    const after = await open('readings/1')
    assert.deepEqual(await keptIn(after), { 'k:a': '2' })
    await assert.rejects(before.write(new Map([['k:a', '4']])), { code: 'STATE_UNAVAILABLE' })
    await after.write(new Map([['k:c', '5']]))
    assert.deepEqual(await keptIn(await open('readings/1')), { 'k:a': '2', 'k:c': '5' })
    await neighbour.write(new Map([['k:b', '"still writes"']]))
  })

  it('is kept in no topic that deletes what is old, nor in the one that is read', async () => {
    const deleting = `state-${randomUUID()}`
    await cluster.admin.ask(admin => admin.createTopics([{ topic: deleting, partitions: 1 }]))
    await assert.rejects(open('readings/0', deleting), /cleanup\.policy to compact/)
    await assert.rejects(open(`${topic}/0`), /the topic that is read/)
  })

  it('holds values of any size, until they are smaller, removed or forgotten', async () => {
    // Characters of two surrogates at each border of a part, wherever that is.
    const large = JSON.stringify('ü'.repeat(500_000) + '🔥'.repeat(250_000) + 'x🔥'.repeat(1_000))
    const first = await open('readings/2')
    await first.write(
      new Map([
        ['c:large', large],
        ['k:small', '1'],
        ...Array.from({ length: 3_000 }, (_, n) => [`k:${n}`, 'x'.repeat(300)] as const)
      ])
    )
    const second = await open('readings/2')
    const kept = await keptIn(second)
    assert.equal(kept['c:large'], large)
    assert.equal(Object.keys(kept).length, 3_002)
    await second.write(new Map([['c:large', '"small now"']]))
    const third = await open('readings/2')
    assert.equal((await keptIn(third))['c:large'], '"small now"')
    await third.clear()
    assert.deepEqual(await keptIn(await open('readings/2')), {})
  })
})
