import assert from 'node:assert/strict'
import type { Node } from 'node-red'
import { metricsFor } from '../../../core/node/metrics.ts'
import { isRejection } from '../../../core/record/record.ts'
import enrich from '../../../nodes/enrich/runtime.ts'
import kafkaCluster from '../../../nodes/kafka-cluster/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { kill, restart } from '../../services.ts'
import { until } from '../../until.ts'

const COMPACTED = { 'cleanup.policy': 'compact' }

describe('nodes/enrich from a Kafka topic', function () {
  this.timeout(120_000)
  let nodeRed: RunningNodeRed
  let rig: Rig
  let proxy: FaultProxy
  before(async () => {
    rig = await kafkaRig()
    proxy = await FaultProxy.before(rig.brokers)
    nodeRed = await startNodeRed({ nodes: [enrich, kafkaCluster, registerCollect] })
  })
  after(async () => {
    await nodeRed?.stop()
    await proxy?.refuse()
    await rig?.close()
  })
  beforeEach(() => {
    for (const id of ['enriched', 'rejected', 'failed']) collectorOf(id).got.length = 0
    nodeRed.logs.length = 0
  })

  const flow = (topic: string, options: object = {}): FlowEntry[] => [
    { id: 'tab', type: 'tab', label: 'test' },
    { id: 'cluster', type: 'millrace-kafka-cluster', brokers: proxy.brokers.join(',') },
    {
      id: 'enrich',
      type: 'millrace-enrich',
      z: 'tab',
      source: 'topic',
      cluster: 'cluster',
      topic,
      ...options,
      wires: [['enriched'], ['rejected']]
    },
    { id: 'enriched', type: 'collect', z: 'tab', wires: [] },
    { id: 'rejected', type: 'collect', z: 'tab', wires: [] },
    { id: 'catch', type: 'catch', z: 'tab', scope: ['enrich'], wires: [['failed']] },
    { id: 'failed', type: 'collect', z: 'tab', wires: [] }
  ]
  const write = (topic: string, rows: Readonly<Record<string, object | string | null>>) =>
    rig.feed.send({
      topic,
      messages: Object.entries(rows).map(([key, row]) => ({
        key,
        value: row === null || typeof row === 'string' ? row : JSON.stringify(row)
      }))
    })
  const send = (payload: unknown) => nodeRed.node<Node>('enrich').receive({ payload } as never)
  const halls = () =>
    collectorOf('enriched').records.map(record => (record as { location: string }).location)
  const lines = () => nodeRed.logs.filter(({ id }) => id === 'enrich').map(({ msg }) => String(msg))
  const metrics = () => metricsFor('enrich', 'millrace-enrich', '')
  const status = () => metrics().status
  const codes = () =>
    collectorOf('rejected').records.map(each => (isRejection(each) ? each.reason.code : 'none'))
  /** Sends readings of the device until one has this location. */
  const untilAt = (device_id: string, location: string) =>
    until(`${device_id} at ${location}`, async () => {
      send({ device_id })
      return halls().at(-1) === location
    })

  it('lets no record pass before the topic was read to its end; then follows it, tombstones too', async () => {
    const topic = await rig.topic(3, COMPACTED)
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`d${index}`, { location: `hall ${index}` }])
    )
    await write(topic, { ...many, gone: { location: 'nowhere' } })
    await write(topic, { d7: { location: 'hall seven' }, gone: null })
    await nodeRed.deploy(flow(topic))
    send([{ device_id: 'd0' }, { device_id: 'd7' }, { device_id: 'd499' }, { device_id: 'gone' }])
    send({ device_id: 'd8' })
    await until('the records', () => halls().length === 4)
    assert.deepEqual(halls(), ['hall 0', 'hall seven', 'hall 499', 'hall 8'])
    assert.deepEqual(codes(), ['UNKNOWN_DEVICE'])

    await write(topic, { d0: { location: 'moved' } })
    await untilAt('d0', 'moved')
    await write(topic, { d0: null })
    await until('the end of d0', () => {
      send({ device_id: 'd0' })
      return codes().length > 1
    })
    assert.deepEqual(lines(), [])
    await until('the count', () => metrics().gauges.get('table devices') === 499)
  })

  it('waits for a topic that is not there, and says so; a topic that keeps records by age gets a warning', async () => {
    await nodeRed.deploy(flow('not-there-yet'))
    send({ device_id: 'a' })
    await until('the status', () => status()?.text === 'topic missing')
    assert.deepEqual([halls(), codes()], [[], []])
    assert.match(
      lines().join(),
      /metadata cannot be read: The topic "not-there-yet" does not exist\. /
    )

    const topic = await rig.topic(1)
    await write(topic, { a: { location: 'A' } })
    await nodeRed.deploy(flow(topic))
    await untilAt('a', 'A')
    await until('the warning', () =>
      /is not compacted \(cleanup\.policy=delete\)/.test(lines().join())
    )
  })

  it('fails a message that waited as long as it may', async () => {
    await nodeRed.deploy(flow('never-there', { waitS: 0.5 }))
    send({ device_id: 'a' })
    const { message } = await until('the failure', () => collectorOf('failed').got[0])
    assert.match(
      (message as { error?: { message: string } }).error!.message,
      /could not be looked up within 0\.5 s: /
    )
  })

  it('keeps the table while the broker is away, says so, and goes on when it is back', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A' } })
    await nodeRed.deploy(flow(topic))
    await untilAt('a', 'A')
    await proxy.refuse()
    try {
      await until('the word', () => status()?.text === 'broker away')
      await write(topic, { a: { location: 'B' } })
      collectorOf('enriched').got.length = 0
      send({ device_id: 'a' })
      await until('the record', () => halls().length > 0)
      assert.deepEqual(halls(), ['A'])
    } finally {
      await proxy.open()
    }
    await untilAt('a', 'B')
    await until('a status', () => /\/s/.test(status()?.text ?? ''))
  })

  it('skips a record that cannot be read and says which', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A' } })
    await write(topic, { a: '{"location":', b: 'no JSON' })
    await nodeRed.deploy(flow(topic))
    await untilAt('a', 'A')
    await until('the count', () => metrics().gauges.get('unreadable') === 2)
    send({ device_id: 'b' })
    send({ device_id: 'c' })
    await until('both', () => codes().length === 2)
    assert.deepEqual(codes(), ['LOOKUP_REFUSED', 'UNKNOWN_DEVICE'])
    assert.match(
      lines().join(),
      /2 records of the topic cannot be read, the last at offset 2 of partition 0/
    )
  })

  it('is red when the table is full, and takes no record for one of an unknown device', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A' }, b: { location: 'B' }, c: { location: 'C' } })
    await nodeRed.deploy(flow(topic, { topicDevices: 2 }))
    await untilAt('a', 'A')
    send({ device_id: 'c' })
    await until('the record', () => codes().length === 1)
    assert.deepEqual(codes(), ['LOOKUP_REFUSED'])
    assert.match(lines().join(), /is full with 2 devices/)
    await until('the status', () => status()?.text === 'table full: 2 devices')
    assert.equal(status()?.healthy, false)
  })

  it('takes the new topic for the table when it was deleted and made anew, also an empty one', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A' }, b: { location: 'B' }, c: { location: 'C' } })
    await nodeRed.deploy(flow(topic))
    await untilAt('b', 'B')
    await rig.anew(topic, 1)
    await until('it to be written', () =>
      write(topic, { a: { location: 'new' } }).then(
        () => true,
        () => false
      )
    )
    await untilAt('a', 'new')
    await until('the end of b', () => {
      send({ device_id: 'b' })
      return codes().includes('UNKNOWN_DEVICE')
    })
    assert.match(lines().join(), /was deleted and made anew/)
    collectorOf('rejected').got.length = 0
    await rig.anew(topic, 1)
    await until(
      'the end of a',
      () => {
        send({ device_id: 'a' })
        return codes().includes('UNKNOWN_DEVICE')
      },
      60_000
    )
  })

  it('has its table at once after a deploy, and in the dialog', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A', floor: 2 } })
    await nodeRed.deploy(flow(topic))
    await untilAt('a', 'A')
    const answered = await fetch(`${nodeRed.url}/millrace/preview/millrace-enrich`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        action: 'preview',
        id: 'enrich',
        values: { source: 'topic', cluster: 'cluster', topic, copy: [{ from: 'floor', to: '' }] },
        given: { topic: '', text: '{"device_id":"a"}' }
      })
    })
    const preview = JSON.stringify(await answered.json())
    assert.match(preview, /"floor"/, preview)
    await nodeRed.deploy(flow(topic, { copy: [{ from: 'floor', to: 'location' }] }), 'nodes')
    await proxy.refuse()
    try {
      send({ device_id: 'a' })
      await until('the record', () => halls().at(-1) === (2 as never))
    } finally {
      await proxy.open()
    }
  })

  it('goes on over a kill -9 of the broker', async () => {
    const topic = await rig.topic(1, COMPACTED)
    await write(topic, { a: { location: 'A' } })
    await nodeRed.deploy(flow(topic))
    await untilAt('a', 'A')
    await kill('kafka')
    await until('the word', () => status()?.text === 'broker away')
    send({ device_id: 'a' })
    assert.equal(halls().at(-1), 'A')
    await restart('kafka')
    await until(
      'the broker',
      () =>
        write(topic, { a: { location: 'B' } }).then(
          () => true,
          () => false
        ),
      60_000
    )
    await untilAt('a', 'B')
  })
})
