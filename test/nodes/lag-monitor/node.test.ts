import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { metricsFor } from '../../../core/node/metrics.ts'
import type { LagReport } from '../../../nodes/lag-monitor/logic.ts'
import lagMonitor from '../../../nodes/lag-monitor/runtime.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
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
      { id: 'watch', type: 'millrace-lag-monitor', groups, intervalS: 1, threshold: 5, ...more, wires: [['lags'], ['alerts']] },
      { id: 'lags', type: 'seen' },
      { id: 'alerts', type: 'seen' }
    ])
  const lags = () => flow.seen('lags').arrived.map(({ message }) => message.payload as LagReport)
  const alerts = () => flow.seen('alerts').arrived.map(({ message }) => (message.payload as { change: string }).change)

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

  it('waits for brokers that are away: one line in the log', async () => {
    const linesBefore = flow.nodeRed.logs.length
    await watch('127.0.0.1:1', 'g')
    await until('the status', () => flow.statusOf('watch').at(-1) === 'broker away')
    await new Promise(resolve => setTimeout(resolve, 2_500))
    assert.equal(flow.nodeRed.logs.slice(linesBefore).filter(({ msg }) => /Nothing listens/.test(String(msg))).length, 1)
  })
})
