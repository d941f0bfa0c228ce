// Mostly waits.
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { KafkaCluster } from '../../../core/kafka/cluster.ts'
import { NO_KEY, ProduceRecord } from '../../../core/kafka/produce/produce-record.ts'
import { acknowledge } from '../../../core/kafka/produce/refusals.ts'
import type { TransactionScope } from '../../../core/kafka/produce/transaction-scope.ts'
import { report } from '../../../core/node/metrics.ts'
import { KAFKA_MESSAGE, reject } from '../../../core/record/record.ts'
import { Deduplication } from '../../../nodes/kafka-producer/deduplication.ts'
import { OutgoingMessage } from '../../../nodes/kafka-producer/outgoing-message.ts'
import type { Rig } from '../../core/kafka/kafka-rig.ts'
import type { FaultProxy } from '../../fault-proxy.ts'
import { readTopic } from '../../kafka-topics.ts'
import { until } from '../../until.ts'
import type { KafkaFlow } from '../kafka-flow.ts'
import { sceneOfProducer } from './scene.ts'

describe('kafka-producer with deduplication', function () {
  this.timeout(60_000)
  const scene = sceneOfProducer()
  let rig: Rig
  let proxy: FaultProxy
  let flow: KafkaFlow
  before(() => {
    ;({ rig, proxy, flow } = scene)
  })

  const producer = (topic: string, more: object = {}) =>
    scene.producer(topic, { deduplicationMin: 10, ...more })
  const valuesOf = async (topic: string) => (await scene.valuesOf(topic)).sort()
  const settled = () => report().nodes.find(({ id }) => id === 'read')!.counts.inFlight === 0
  const madeAnew = (topic: string) => rig.anew(topic, 1)
  /** A consumer with transactions whose outputs lead to these, before a producer. */
  async function transactions(raw: string, topic: string, wires: string[][]): Promise<void> {
    const groupId = `g-${raw}`
    await flow.deploy(proxy.brokers[0]!, [
      {
        id: 'read',
        type: 'millrace-kafka-consumer',
        topics: raw,
        groupId,
        offsets: 'transaction',
        startFrom: 'earliest',
        wires
      },
      { id: 'fails', type: 'seen' },
      {
        id: 'write',
        type: 'millrace-kafka-producer',
        topic,
        deduplicationMin: 10,
        wires: [['sent'], ['bad']]
      },
      { id: 'sent', type: 'seen' },
      { id: 'bad', type: 'seen' }
    ])
  }
  const arrived = (count: number) =>
    until(`${count} messages`, () => flow.seen('sent').arrived.length === count)
  const letter = (text: string, code = 'X') => ({
    ...reject({ text }, 'validate', { code, message: 'bad' }),
    raw: Buffer.from(text)
  })
  const counts = () => {
    const { stored, rejected, duplicates } = report().nodes.find(({ id }) => id === 'write')!.counts
    return { stored, rejected, duplicates }
  }
  const countedFrom = (before: ReturnType<typeof counts>) => {
    const now = counts()
    return [
      now.stored - before.stored,
      now.rejected - before.rejected,
      now.duplicates - before.duplicates
    ]
  }

  it('writes the same once, whether it comes in one message, side by side or later, and counts the others', async () => {
    const topic = await rig.topic(2)
    const node = await producer(topic)
    const before = counts()
    node.receive({ payload: [letter('a'), letter('b'), letter('a', 'OTHER')] })
    node.receive({ payload: letter('a') })
    await arrived(2)
    node.receive({ payload: [letter('b'), letter('c'), { device_id: 'd', n: 1 }] })
    node.receive({ payload: { device_id: 'd', n: 1 } })
    await arrived(4)
    assert.deepEqual(await valuesOf(topic), ['a', 'b', 'c', '{"device_id":"d","n":1}'])
    assert.deepEqual(countedFrom(before), [1, 3, 4])
  })

  it('knows after a restart what it has written, and what others write meanwhile', async () => {
    const topic = await rig.topic(2)
    const first = await producer(topic)
    first.receive({ payload: [letter('a'), letter('b')] })
    await arrived(1)
    await flow.deploy(proxy.brokers[0]!, [])
    const second = await producer(topic)
    second.receive({ payload: [letter('a'), letter('c')] })
    await arrived(1)
    for (let round = 0; round < 10; round++) {
      await rig.feed.send({ topic, messages: [{ value: `by another ${round}` }] })
      second.receive({ payload: letter(`by another ${round}`) })
      await arrived(round + 2)
    }
    const others = Array.from({ length: 10 }, (_, round) => `by another ${round}`)
    assert.deepEqual(await valuesOf(topic), ['a', 'b', ...others, 'c'])
  })

  it('writes what is older than the window again, and everything without one', async () => {
    const topic = await rig.topic(1)
    await rig.feed.send({
      topic,
      messages: [{ value: 'a', timestamp: String(Date.now() - 90_000) }]
    })
    const node = await producer(topic, { deduplicationMin: 1 })
    node.receive({ payload: letter('a') })
    await arrived(1)
    assert.deepEqual(await valuesOf(topic), ['a', 'a'])
    const without = await producer(topic, { deduplicationMin: 0 })
    without.receive({ payload: [letter('a'), letter('a')] })
    await arrived(1)
    assert.deepEqual(await valuesOf(topic), ['a', 'a', 'a', 'a'])
  })

  it('cuts a dead letter that is too large once', async () => {
    const topic = await rig.topic(1, { 'max.message.bytes': '20000' })
    const node = await producer(topic)
    const large = 'z'.repeat(30_000)
    node.receive({ payload: [letter(large), letter(large)] })
    await arrived(1)
    node.receive({ payload: letter(large) })
    await arrived(2)
    assert.deepEqual(
      (await valuesOf(topic)).map(value => value.length),
      [9_000]
    )
  })

  it('writes both of two that are cut to the same beginning', async () => {
    const topic = await rig.topic(1, { 'max.message.bytes': '20000' })
    const node = await producer(topic)
    const [one, other] = [letter(`${'z'.repeat(30_000)}one`), letter(`${'z'.repeat(30_000)}two`)]
    node.receive({ payload: [one, other, one] })
    await arrived(1)
    assert.equal((await valuesOf(topic)).length, 2)
  })

  it('writes at once where the topic is quiet', async () => {
    const topic = await rig.topic(1)
    await rig.feed.send({
      topic,
      messages: [{ value: 'old', timestamp: String(Date.now() - 3_600_000) }]
    })
    const node = await producer(topic)
    node.receive({ payload: letter('new') })
    await arrived(1)
    assert.deepEqual(await valuesOf(topic), ['new', 'old'])
  })

  it('writes to a topic that was made anew what the old one had', async () => {
    const topic = await rig.topic(1)
    const node = await producer(topic)
    node.receive({ payload: [letter('a'), letter('b'), letter('c')] })
    await arrived(1)
    await madeAnew(topic)
    node.receive({ payload: [letter('a'), letter('d')] })
    await until('both', () => flow.seen('sent').arrived.length === 2, 40_000)
    assert.deepEqual(await valuesOf(topic), ['a', 'd'])
  })

  it('closes as fast, and writes as much, while records wait for a second try', async () => {
    const topic = await rig.topic(1, { 'message.timestamp.before.max.ms': '60000' })
    const node = await producer(topic)
    node.receive({ payload: letter('first') })
    await arrived(1)
    const payload = Array.from({ length: 30 }, (_, n) => {
      return {
        [KAFKA_MESSAGE]: true,
        key: 'k',
        value: `${n}`,
        headers: {},
        ...(n === 7 ? { timestamp: '1000' } : {})
      }
    })
    node.receive({ payload })
    const written = async () => Number((await rig.admin.fetchTopicOffsets(topic))[0]?.high)
    await until('the first of them', async () => (await written()) > 1, 10_000, 2)
    const startMs = performance.now()
    await flow.deploy(proxy.brokers[0]!, [])
    assert.ok(performance.now() - startMs < 3_000)
    assert.equal((await valuesOf(topic)).length, 30)
  })

  it('rejects what is no Kafka message after all', async () => {
    const node = await producer(await rig.topic(1))
    const message = { [KAFKA_MESSAGE]: true, key: null, value: 'v', headers: { n: 5 } }
    node.receive({ payload: [message, letter('a')] })
    await arrived(1)
    assert.equal(flow.seen('bad').records.length, 1)
  })

  it('rejects each of the same records that Kafka refuses', async () => {
    const topic = await rig.topic(1, { 'max.message.bytes': '1000' })
    const node = await producer(topic)
    const large = { device_id: 'a', text: 'z'.repeat(2_000) }
    node.receive({ payload: [large, large, { device_id: 'a', n: 1 }] })
    node.receive({ payload: large })
    await until('the rejected', () => flow.seen('bad').records.length === 3)
    assert.deepEqual(await valuesOf(topic), ['{"device_id":"a","n":1}'])
  })

  it('keeps the order, and loses nothing while the broker is away', async () => {
    const topic = await rig.topic(1)
    const node = await producer(topic)
    node.receive({ payload: letter('0') })
    await arrived(1)
    await proxy.refuse()
    for (let n = 1; n <= 30; n++) node.receive({ payload: [letter(String(n)), letter(String(n))] })
    await until(
      'the status',
      () =>
        flow.statusOf('write').some(text => /^60 waiting|^topic cannot be read · 60/.test(text)),
      15_000
    )
    await proxy.open()
    await arrived(31)
    const values = (await readTopic(rig.brokers, topic)).map(({ value }) => Number(value))
    assert.deepEqual(
      values,
      Array.from({ length: 31 }, (_, n) => n)
    )
  })

  it('in a transaction: rejects each of the same records that Kafka refuses', async () => {
    const [raw, out] = [await rig.topic(1), await rig.topic(1, { 'max.message.bytes': '1000' })]
    const large = { value: JSON.stringify({ text: 'z'.repeat(2_000) }) }
    await rig.feed.send({ topic: raw, messages: [large, large] })
    for (const id of ['sent', 'bad']) flow.seen(id).arrived.length = 0
    await transactions(raw, out, [['write'], []])
    await until('both', () => flow.seen('bad').records.length > 0 && settled(), 20_000)
    assert.deepEqual([flow.seen('bad').records.length, flow.seen('sent').records.length], [2, 0])
  })

  it('in a transaction: what was undone is written again, what was committed is not', async () => {
    const [raw, letters] = [await rig.topic(1), await rig.topic(2)]
    const rubbish = { value: 'rubbish', partition: 0 }
    await rig.feed.send({
      topic: raw,
      messages: [rubbish, { value: '{"n":1}', partition: 0 }, rubbish]
    })
    flow.seen('fails').fails = 2
    await transactions(raw, letters, [['fails'], ['write']])
    await until('three attempts', () => flow.seen('fails').arrived.length === 3, 20_000)
    await until('the batch', settled, 20_000)
    assert.deepEqual(await valuesOf(letters), ['rubbish'])
    await rig.feed.send({
      topic: raw,
      messages: [rubbish, { value: 'other rubbish', partition: 0 }]
    })
    await until('the other', async () => (await valuesOf(letters)).length > 1, 20_000)
    await until('the batch', settled, 20_000)
    assert.deepEqual(await valuesOf(letters), ['other rubbish', 'rubbish'])
  })

  it('in a transaction: writes to a topic that was made anew what was committed to the old one', async () => {
    const [raw, letters] = [await rig.topic(1), await rig.topic(1)]
    flow.seen('sent').arrived.length = 0
    await rig.feed.send({ topic: raw, messages: [{ value: 'rubbish' }] })
    await transactions(raw, letters, [[], ['write']])
    await arrived(1)
    await until('the batch', settled, 20_000)
    await madeAnew(letters)
    await rig.feed.send({ topic: raw, messages: [{ value: 'rubbish' }, { value: 'other' }] })
    await until('both', () => flow.seen('sent').records.length >= 3, 40_000)
    await until('the batch', settled, 20_000)
    assert.deepEqual(await valuesOf(letters), ['other', 'rubbish'])
  })

  describe('its window', () => {
    const cluster = () => new KafkaCluster({ brokers: rig.brokers.split(','), clientId: 'test' })
    /** What it writes is noted here, and neither written nor settled. */
    function deduplicationTo(topic: string, windowMs: number) {
      const written: ProduceRecord[] = []
      const health = { up: () => undefined, away: () => undefined }
      const write = async (_message: OutgoingMessage, records: readonly ProduceRecord[]) =>
        void written.push(...records)
      const kafka = cluster()
      const deduplication = new Deduplication({ cluster: kafka, topic, windowMs, write, health })
      deduplication.start()
      const add = (value: string, transaction?: object) => {
        const request = {
          message: {},
          records: [value],
          finish: () => undefined,
          fail: () => undefined
        }
        const message = new OutgoingMessage(
          request,
          () => undefined,
          transaction as TransactionScope
        )
        const candidate = deduplication.candidate(message)
        deduplication.add(message, [
          new ProduceRecord(null, value, undefined, undefined, NO_KEY, candidate, 0)
        ])
      }
      const close = async () => {
        await deduplication.close()
        await kafka.close()
      }
      return { deduplication, written, add, close }
    }

    it('does not matter for what a failed send has written after all', async () => {
      const topic = await rig.topic(1)
      const { deduplication, written, add, close } = deduplicationTo(topic, 60_000)
      for (const value of ['a', 'b']) add(value)
      await until('both', () => written.length === 2)
      await rig.feed.send({
        topic,
        messages: [{ value: 'a', timestamp: String(Date.now() - 120_000) }]
      })
      const left = await deduplication.unsent(written)
      assert.deepEqual(
        left.map(({ value }) => value),
        ['b']
      )
      await close()
    })

    for (const scope of [undefined, { over: 'committed' }]) {
      const how = scope === undefined ? '' : 'in a transaction '
      it(`does not matter for what was written ${how}to a topic that was made anew before it was read`, async () => {
        const { written, add, close } = deduplicationTo(await rig.topic(1), 60_000)
        add('a', scope)
        await until('the first', () => written.length === 1)
        // the topic that has taken it is gone, and this one has nothing
        acknowledge(written)
        add('a')
        await until('the second', () => written.length === 2, 10_000)
        await close()
      })
    }

    it('counts from when a transaction wrote, and nothing does that came too late for it', async () => {
      const topic = await rig.topic(1)
      const { written, add, close } = deduplicationTo(topic, 1_000)
      const scope: { over: 'committed' | undefined } = { over: undefined }
      add('a', scope)
      await until('the first', () => written.length === 1)
      await rig.feed.send({ topic, messages: [{ value: 'a' }] })
      acknowledge(written)
      scope.over = 'committed'
      add('a')
      await wait(300)
      assert.equal(written.length, 1)
      await wait(1_000)
      add('a')
      await until('the second', () => written.length === 2)
      await close()
    })
  })
})
