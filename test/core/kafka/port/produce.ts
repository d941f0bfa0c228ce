import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { MillraceError } from '../../../../core/errors.ts'
import { hasZstd } from '../../../../core/kafka/compression.ts'
import { KafkaProducer, type ProducerSettings } from '../../../../core/kafka/produce/producer.ts'
import { API, FaultProxy } from '../../../fault-proxy.ts'
import { readTopic } from '../../../kafka-topics.ts'
import { until } from '../../../until.ts'
import { type Rig, TestCallback } from '../kafka-rig.ts'
import type { Target } from './target.ts'

export const produceContract = (target: Target) =>
  describe('produces', function () {
    this.timeout(60_000)
    let rig: Rig
    let proxy: FaultProxy
    const opened: KafkaProducer[] = []
    const told: string[] = []

    before(async () => {
      rig = await target.rig()
      proxy = await FaultProxy.before(rig.brokers)
    })
    afterEach(async () => {
      await Promise.all(opened.splice(0).map(producer => producer.close(0)))
      told.length = 0
    })
    after(async () => {
      await proxy.refuse()
      await rig.close()
    })

    function producer(
      topic: string,
      more: Partial<ProducerSettings> = {},
      brokers = proxy.brokers
    ): KafkaProducer {
      const client = target.client({ brokers, clientId: 'test' })
      const settings = {
        client,
        topic,
        compression: 'none',
        lingerMs: 5,
        lanes: 1,
        ...more
      } as const
      const made = new KafkaProducer(settings, {
        up: () => told.push('up'),
        away: (error: MillraceError) => told.push(error.code)
      })
      opened.push(made)
      made.start()
      return made
    }

    async function send(
      to: KafkaProducer,
      values: ConstructorParameters<typeof TestCallback>[0]
    ): Promise<TestCallback> {
      const callback = new TestCallback(values)
      for (const record of callback.records) to.add(record)
      await callback.settled
      return callback
    }

    /** Keeps sending while answers get lost, and says what was acknowledged. */
    async function underLostAnswers(
      topic: string,
      keys: readonly (string | null)[],
      lanes = 1
    ): Promise<string[]> {
      const target = producer(topic, { lanes })
      await send(target, [{ key: keys[0]!, value: 'first' }])
      const acknowledged = ['first']
      const lostBefore = proxy.lost
      let n = 0
      let callbacks = 0
      const senders = Array.from({ length: 8 }, async (_, sender) => {
        while (proxy.lost - lostBefore < 8) {
          const values = Array.from({ length: 10 }, () => ({
            key: keys[sender % keys.length]!,
            value: String(n++)
          }))
          await send(target, values)
          acknowledged.push(...values.map(({ value }) => value))
          if (++callbacks % 12 === 0) proxy.loseNextAnswer(API.produce)
        }
      })
      await Promise.all(senders)
      return acknowledged
    }

    function assertOnceInOrder(
      found: { partition: number; value: Buffer | null }[],
      acknowledged: readonly string[]
    ): void {
      const values = found.map(({ value }) => String(value))
      assert.equal(values.length, new Set(values).size, 'some are there twice')
      assert.deepEqual(new Set(values), new Set(acknowledged), 'some are missing')
      const last = new Map<number, number>()
      for (const { partition, value } of found) {
        const number = Number(String(value)) || 0
        assert.ok(number >= (last.get(partition) ?? -1), `order of partition ${partition}`)
        last.set(partition, number)
      }
    }

    it('trap 1: one send at a time, so a lost answer loses, doubles and reorders nothing', async () => {
      const topic = await rig.topic(1)
      const acknowledged = await underLostAnswers(topic, ['a', 'b', 'c'])
      assertOnceInOrder(await readTopic(rig.brokers, topic), acknowledged)
    })

    it('trap 3: records without a key keep their partition at a retry', async () => {
      const topic = await rig.topic(8)
      const acknowledged = await underLostAnswers(topic, [null])
      const found = await readTopic(rig.brokers, topic)
      assertOnceInOrder(found, acknowledged)
      assert.ok(new Set(found.map(({ partition }) => partition)).size > 1, 'they are spread')
    })

    it('trap 6: several lanes keep the order of each key', async () => {
      const topic = await rig.topic(4)
      const acknowledged = await underLostAnswers(topic, ['a', 'b', 'c', 'd', 'e'], 3)
      const found = await readTopic(rig.brokers, topic)
      assert.deepEqual(new Set(found.map(({ value }) => String(value))), new Set(acknowledged))
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        const numbers = found
          .filter(record => record.key === key)
          .map(({ value }) => Number(String(value)) || 0)
        assert.deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b)
        )
      }
    })

    it('trap 2: what the broker refuses is found, the rest is written, and so is what comes after', async () => {
      const topic = await rig.topic(2)
      const target = producer(topic)
      await send(target, [{ key: 'a', value: 'before' }])
      await limit(topic, 2000)
      const values = Array.from({ length: 40 }, (_, n) => ({
        key: `k${n}`,
        value: n === 17 ? 'X'.repeat(5000) : `v${n}`
      }))
      const callback = await send(target, values)
      assert.deepEqual(
        callback.refusals.map(({ index, reason }) => [index, reason.code]),
        [[17, 'MESSAGE_TOO_LARGE']]
      )
      for (let n = 0; n < 5; n++) await send(target, [{ key: 'a', value: `after${n}` }])
      const found = new Set((await readTopic(rig.brokers, topic)).map(({ value }) => String(value)))
      const expected = [
        'before',
        ...values.filter((_, n) => n !== 17).map(({ value }) => value),
        ...[0, 1, 2, 3, 4].map(n => `after${n}`)
      ]
      assert.deepEqual(found, new Set(expected))
    })

    async function limit(topic: string, bytes: number): Promise<void> {
      const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }]
      await rig.admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: topic, configEntries }]
      })
      await until('the new limit', async () => {
        const { resources } = await rig.admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: 2, name: topic, configNames: ['max.message.bytes'] }]
        })
        return resources[0]?.configEntries[0]?.configValue === String(bytes)
      })
    }

    it('trap 5: knows the limit of the topic, and refuses what is larger without a try', async () => {
      const topic = await rig.topic(1, { 'max.message.bytes': '3000' })
      const target = producer(topic)
      await until('the connection', () => told.includes('up'))
      const sends = proxy.seen.get(API.produce) ?? 0
      const callback = await send(target, [{ value: 'Y'.repeat(4000) }])
      assert.equal(callback.refusals[0]?.reason.code, 'MESSAGE_TOO_LARGE')
      assert.equal(proxy.seen.get(API.produce) ?? 0, sends)
      const many = await send(
        target,
        Array.from({ length: 50 }, (_, n) => ({ key: 'k', value: `${n}`.padEnd(500, '.') }))
      )
      assert.equal(many.refusals.length, 0)
      assert.equal((await readTopic(rig.brokers, topic)).length, 50)
    })

    it('trap 5: a missing topic is told at once, waited for, and then written', async () => {
      const topic = `late-${process.hrtime.bigint()}`
      const target = producer(topic)
      const callback = new TestCallback([{ key: 'k', value: 'waits' }])
      for (const record of callback.records) target.add(record)
      await until('the word about it', () => told.includes('KAFKA_TOPIC_MISSING'), 5_000)
      await rig.admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] })
      await callback.settled
      assert.deepEqual(told, ['KAFKA_TOPIC_MISSING', 'up'])
    })

    it('a record that cannot be encoded is refused, those beside it are written', async () => {
      const topic = await rig.topic(1)
      const bad = { key: 'k', value: 'b', headers: { h: 5 as unknown as string } }
      const callback = await send(producer(topic), [
        { key: 'k', value: 'a' },
        bad,
        { key: 'k', value: 'c' }
      ])
      assert.deepEqual(
        callback.refusals.map(({ index, reason }) => [index, reason.code]),
        [[1, 'KAFKA_RECORD_REFUSED']]
      )
      const found = await readTopic(rig.brokers, topic)
      assert.deepEqual(
        found.map(({ value }) => String(value)),
        ['a', 'c']
      )
    })

    it('a compacted topic refuses records without a key', async () => {
      const topic = await rig.topic(1, { 'cleanup.policy': 'compact' })
      const callback = await send(producer(topic), [
        { key: 'k', value: 'a' },
        { value: 'no key' },
        { key: 'k', value: null }
      ])
      assert.deepEqual(
        callback.refusals.map(({ index, reason }) => [index, reason.code]),
        [[1, 'KAFKA_RECORD_REFUSED']]
      )
    })

    it('a broker that is away is waited for: one word about it, nothing lost', async () => {
      const topic = await rig.topic(2)
      const target = producer(topic)
      await send(target, [{ key: 'a', value: '0' }])
      await proxy.refuse()
      const callbacks = Array.from(
        { length: 20 },
        (_, n) => new TestCallback([{ key: 'a', value: String(n + 1) }])
      )
      for (const callback of callbacks) for (const record of callback.records) target.add(record)
      await until('the word about it', () => told.includes('KAFKA_CONNECT_FAILED'))
      await wait(1_500)
      await proxy.open()
      await Promise.all(callbacks.map(({ settled }) => settled))
      assert.deepEqual(told, ['up', 'KAFKA_CONNECT_FAILED', 'up'])
      assertOnceInOrder(
        await readTopic(rig.brokers, topic),
        Array.from({ length: 21 }, (_, n) => String(n))
      )
    })

    it('trap 22: closes within seconds although the broker is dead', async () => {
      const topic = await rig.topic(1)
      const target = producer(topic)
      await send(target, [{ key: 'a', value: '0' }])
      proxy.swallow()
      for (const record of new TestCallback([{ key: 'a', value: '1' }]).records) target.add(record)
      const startMs = performance.now()
      await target.close(1_000)
      assert.ok(
        performance.now() - startMs < 6_000,
        `took ${Math.round(performance.now() - startMs)} ms`
      )
      await proxy.refuse()
      await proxy.open()
    })

    for (const compression of ['gzip', ...(hasZstd() ? (['zstd'] as const) : [])] as const) {
      it(`writes ${compression}`, async () => {
        const topic = await rig.topic(1)
        await send(
          producer(topic, { compression }),
          Array.from({ length: 100 }, (_, n) => ({ key: 'k', value: `value ${n}` }))
        )
        assert.equal((await readTopic(rig.brokers, topic)).length, 100)
      })
    }
  })
