// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { LagReport } from '../../../nodes/lag-monitor/logic.ts'
import lagMonitor from '../../../nodes/lag-monitor/runtime.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { kafkaOf } from '../../kafka-topics.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

describe('lag-monitor in Node-RED', function () {
  this.timeout(60_000)
  let rig: Rig
  let flow: KafkaFlow

  before(async () => {
    rig = await kafkaRig()
    flow = await startKafkaFlow(lagMonitor)
  })
  after(async () => {
    await flow.stop()
    await rig.close()
  })

  const watch = (brokers: string, groups: string, more: object = {}) =>
    flow.deploy(brokers, [
      {
        id: 'watch',
        type: 'millrace-lag-monitor',
        groups,
        intervalS: 1,
        threshold: 5,
        ...more,
        wires: [['lags'], ['alerts']]
      },
      { id: 'lags', type: 'seen' },
      { id: 'alerts', type: 'seen' }
    ])
  const lags = () => flow.seen('lags').arrived.map(({ message }) => message.payload as LagReport)
  const alerts = () =>
    flow.seen('alerts').arrived.map(({ message }) => (message.payload as { change: string }).change)

  it('tells the lag at each interval, and when a group falls behind and recovers', async () => {
    const [topic, group] = [await rig.topic(1), `g-${randomUUID()}`]
    await rig.commit(group, topic, 0)
    await watch(rig.brokers, `${group}, nobody`)
    await until('the first reports', () => lags().length >= 2)
    assert.deepEqual(
      lags()
        .slice(0, 2)
        .map(({ group: name, total }) => [name, total]),
      [
        [group, 0],
        ['nobody', 0]
      ]
    )
    await rig.feed.send({ topic, messages: Array.from({ length: 8 }, () => ({ value: 'x' })) })
    await until('the alert', () => alerts().length === 1)
    await until('the status', () => flow.statusOf('watch').at(-1) === 'lag 8 · 1 behind')
    assert.equal(metricsFor('watch', 'millrace-lag-monitor', '').gauges.get('lag'), 8)
    await rig.commit(group, topic, 8)
    await until('the recovery', () => alerts().length === 2)
    assert.deepEqual(alerts(), ['behind', 'recovered'])
    assert.ok(lags().some(({ consumedPerSecond }) => (consumedPerSecond ?? 0) > 0))
  })

  /** Writes 100 records a second while something else happens. */
  async function fed<T>(topic: string, work: () => Promise<T>): Promise<T> {
    const every = setInterval(
      () =>
        void rig.feed.send({
          topic,
          messages: Array.from({ length: 10 }, () => ({ value: '{}' }))
        }),
      100
    )
    try {
      return await work()
    } finally {
      clearInterval(every)
    }
  }
  const reader = (topic: string, group: string) => [
    {
      id: 'read',
      type: 'millrace-kafka-consumer',
      topics: topic,
      groupId: group,
      startFrom: 'latest',
      wires: [['reads'], ['reads']]
    },
    { id: 'reads', type: 'seen' }
  ]

  it('at 100/s a consumer that keeps up is never behind, though it commits once a second; one that is held up is', async () => {
    const [topic, group] = [await rig.topic(1), `g-${randomUUID()}`]
    for (const id of ['lags', 'alerts', 'reads'])
      Object.assign(flow.seen(id), { holds: false }).arrived.length = 0
    const nodes = [
      {
        id: 'watch',
        type: 'millrace-lag-monitor',
        groups: group,
        intervalS: 1,
        threshold: 20,
        behindS: 2,
        wires: [['lags'], ['alerts']]
      },
      { id: 'lags', type: 'seen' },
      { id: 'alerts', type: 'seen' },
      ...reader(topic, group)
    ]
    await flow.deploy(rig.brokers, nodes)
    await fed(topic, async () => {
      await until(
        'eight looks, of which each is of another commit',
        () => lags().length >= 8,
        30_000
      )
      assert.deepEqual(
        [alerts(), lags().map(({ standingLag }) => standingLag)],
        [[], lags().map(() => 0)]
      )
      assert.ok(lags().some(({ partitions }) => partitions[0]?.position !== undefined))
      flow.seen('reads').holds = true
      await until('the alert', () => alerts().length === 1, 20_000)
    })
    assert.deepEqual(alerts(), ['behind'])
    const behind = await until(
      'its age',
      () => lags().find(({ behindSeconds }) => (behindSeconds ?? 0) >= 2),
      10_000
    )
    assert.ok(behind.standingLag > 0)
    for (const { done } of flow.seen('reads').arrived) done()
    flow.seen('reads').holds = false
    await until('the recovery', () => alerts().length === 2, 20_000)
  })

  it('at 100/s a consumer of others that commits every five seconds is not behind', async () => {
    const [topic, group] = [await rig.topic(1), `g-${randomUUID()}`]
    await rig.commit(group, topic, 0)
    for (const id of ['lags', 'alerts']) flow.seen(id).arrived.length = 0
    const other = kafkaOf(rig.brokers).consumer({ groupId: group, maxWaitTimeInMs: 50 })
    await other.connect()
    await other.subscribe({ topics: [topic] })
    const joined = new Promise(resolve => other.on('consumer.group_join', resolve))
    let next = 0
    const eachBatch = async ({ batch }: { batch: { lastOffset(): string } }) => {
      next = Number(batch.lastOffset()) + 1
    }
    await other.run({ autoCommit: false, eachBatch })
    await joined
    const commits = setInterval(
      () => void other.commitOffsets([{ topic, partition: 0, offset: String(next) }]),
      5_000
    )
    try {
      await watch(rig.brokers, group, { threshold: 20, behindS: 2 })
      await fed(topic, () => until('twelve looks', () => lags().length >= 12, 40_000))
      assert.deepEqual(alerts(), [])
      assert.ok(
        lags().some(({ total, commitAgeSeconds }) => total > 100 && (commitAgeSeconds ?? 0) >= 2)
      )
    } finally {
      clearInterval(commits)
      await other.disconnect()
    }
  })

  it('waits for brokers that are away: one line in the log', async () => {
    const linesBefore = flow.nodeRed.logs.length
    await watch('127.0.0.1:1', 'g')
    await until('the status', () => flow.statusOf('watch').at(-1) === 'broker away')
    await new Promise(resolve => setTimeout(resolve, 2_500))
    assert.equal(
      flow.nodeRed.logs.slice(linesBefore).filter(({ msg }) => /Nothing listens/.test(String(msg)))
        .length,
      1
    )
  })
})
