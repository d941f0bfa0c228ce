// Mostly waits.
import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { NodeMessage } from 'node-red'
import { isRejection, reject } from '../../../core/record/record.ts'
import type { Rig } from '../../core/kafka/kafka-rig.ts'
import type { FaultProxy } from '../../fault-proxy.ts'
import { readTopic } from '../../kafka-topics.ts'
import { until } from '../../until.ts'
import type { KafkaFlow } from '../kafka-flow.ts'
import { sceneOfProducer } from './scene.ts'

/** It refers to itself, which JSON cannot write. */
function unwritable(): object {
  const record: Record<string, unknown> = { device_id: 'c' }
  record.self = record
  return record
}

describe('kafka-producer in Node-RED', function () {
  this.timeout(60_000)
  const scene = sceneOfProducer()
  const { producer, valuesOf } = scene
  let rig: Rig
  let proxy: FaultProxy
  let flow: KafkaFlow
  before(() => {
    ;({ rig, proxy, flow } = scene)
  })

  it('passes on what Kafka has, in the form it came; rejects what it cannot write, and writes what is beside it', async () => {
    const topic = await rig.topic(2)
    const node = await producer(topic)
    node.receive({ topic: 'kept', payload: { device_id: 'a', value: 1 } })
    node.receive({
      payload: [{ device_id: 'b' }, unwritable(), null, { device_id: 'd' }]
    })
    node.receive({ payload: [] })
    await until('the three', () => flow.seen('sent').arrived.length === 3)
    assert.deepEqual(
      flow.seen('sent').arrived.map(({ message: { payload } }) => payload),
      // Nothing to write is done at once.
      [[], { device_id: 'a', value: 1 }, [{ device_id: 'b' }, { device_id: 'd' }]]
    )
    const rejected = flow.seen('bad').records
    assert.deepEqual(
      rejected.map(record => isRejection(record) && [record.reason.code, record.stage]),
      [
        ['NOT_SERIALISABLE', 'kafka-producer'],
        ['NOT_A_RECORD', 'kafka-producer']
      ]
    )
    assert.deepEqual((await valuesOf(topic)).sort(), [
      '{"device_id":"a","value":1}',
      '{"device_id":"b"}',
      '{"device_id":"d"}'
    ])
  })

  it('says in the log what it cannot write where output 2 leads nowhere', async () => {
    const node = await producer(await rig.topic(1), {}, [['sent'], []])
    node.receive({ payload: [{ device_id: 'a' }, unwritable()] })
    await until('the message', () => flow.seen('sent').arrived.length === 1)
    assert.ok(
      flow.nodeRed.logs.some(({ msg }) =>
        /1 records were rejected, and no wire leaves the output "rejected"/.test(String(msg))
      )
    )
  })

  it('writes a dead letter, cut where its topic takes no more', async () => {
    const topic = await rig.topic(1, { 'max.message.bytes': '20000' })
    const node = await producer(topic)
    const letter = {
      ...reject({ a: 1 }, 'validate', { code: 'X', message: 'too bad' }),
      raw: Buffer.alloc(30_000, 'z')
    }
    node.receive({ payload: [letter, { ...letter, raw: Buffer.from('short') }] })
    await until('the letters', () => flow.seen('sent').arrived.length === 1)
    const found = (await readTopic(rig.brokers, topic)).sort(
      (a, b) => a.value!.length - b.value!.length
    )
    assert.deepEqual(
      found.map(({ value, headers }) => [
        value?.length,
        headers['millrace.reason.code'],
        headers['millrace.truncated']
      ]),
      [
        [5, 'X', undefined],
        [9_000, 'X', '30000']
      ]
    )
  })

  it('deletes a key by a tombstone', async () => {
    const topic = await rig.topic(1)
    const node = await producer(topic, { tombstones: true })
    const tombstone: object = { key: 'gone', payload: null }
    node.receive(tombstone as NodeMessage)
    await until('it', () => flow.seen('sent').arrived.length === 1)
    assert.deepEqual(
      (await readTopic(rig.brokers, topic)).map(({ key, value }) => [key, value]),
      [['gone', null]]
    )
  })

  it('holds everything while the brokers are away: one line in the log, the number in the status, nothing lost', async () => {
    const topic = await rig.topic(2)
    const node = await producer(topic)
    node.receive({ payload: { device_id: 'a', n: 0 } })
    await until('the first', () => flow.seen('sent').arrived.length === 1)
    await proxy.refuse()
    const linesBefore = flow.nodeRed.logs.length
    for (let n = 1; n <= 30; n++) node.receive({ payload: { device_id: 'a', n } })
    await until('the status', () =>
      flow.statusOf('write').some(text => text === '30 waiting · broker away')
    )
    await wait(2_500)
    assert.equal(flow.nodeRed.logs.length - linesBefore, 1)
    assert.match(
      String(flow.nodeRed.logs.at(-1)?.msg),
      /^Nothing listens at 127\.0\.0\.1:\d+ .* Records wait until it works again\.$/
    )
    assert.equal(flow.seen('sent').arrived.length, 1)
    await proxy.open()
    await until('the rest', () => flow.seen('sent').arrived.length === 31)
    assert.deepEqual(
      await valuesOf(topic),
      Array.from({ length: 31 }, (_, n) => JSON.stringify({ device_id: 'a', n }))
    )
  })

  it('says within ten seconds that the brokers are gone, or silent, though nothing is to be sent', async () => {
    const topic = await rig.topic(1)
    const node = await producer(topic)
    node.receive({ payload: { device_id: 'a' } })
    await until('the first', () => flow.seen('sent').arrived.length === 1)
    const awayWithin = async (limitMs: number) => {
      const before = flow.statusOf('write').length
      await until(
        'the status',
        () => flow.statusOf('write').slice(before).includes('broker away'),
        limitMs
      )
    }
    const back = () =>
      until('it to be well', () => /^\d+\/s/.test(flow.statusOf('write').at(-1) ?? ''))
    await back()
    proxy.swallow()
    await awayWithin(12_000)
    await proxy.refuse()
    await proxy.open()
    await back()
    await proxy.refuse()
    await awayWithin(12_000)
    await proxy.open()
    await back()
  })

  it('refuses what it cannot slow down when too much waits', async () => {
    const topic = await rig.topic(1)
    await proxy.refuse()
    const node = await producer(topic)
    const many = Array.from({ length: 50_000 }, (_, n) => ({ device_id: 'a', n }))
    for (let round = 0; round < 2; round++) node.receive({ payload: many })
    node.receive({ payload: [{ device_id: 'a' }, { device_id: 'b' }] })
    const warned = () =>
      flow.nodeRed.logs.some(({ msg }) =>
        /More than 100000 records wait for the Kafka cluster.*: 2\./.test(String(msg))
      )
    await until('the word', warned)
    await proxy.open()
    await until('what was taken', () => flow.seen('sent').arrived.length === 2, 30_000)
    assert.equal((await valuesOf(topic)).length, 100_000)
  })

  it('starts while the brokers are away, and stops while they are', async () => {
    const topic = await rig.topic(1)
    await proxy.refuse()
    const node = await producer(topic)
    node.receive({ payload: { device_id: 'a' } })
    await until('the status', () =>
      flow.statusOf('write').some(text => text === '1 waiting · broker away')
    )
    const startMs = performance.now()
    await flow.deploy(proxy.brokers[0]!, [])
    assert.ok(performance.now() - startMs < 8_000)
    await proxy.open()
  })

  it('tells what is wrong with its settings, and does not start', async () => {
    await producer('no topic!')
    assert.ok(flow.statusOf('write').includes('Topic: must be of letters…'))
    assert.ok(
      flow.nodeRed.logs.some(({ msg }) =>
        /kafka producer: Topic: must be of letters, digits/.test(String(msg))
      )
    )
  })
})
