// Mostly waits.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Node } from 'node-red'
import lagMonitor from '../../../nodes/lag-monitor/runtime.ts'
import { kafkaRig, type Rig } from '../../core/kafka/kafka-rig.ts'
import { FaultProxy } from '../../fault-proxy.ts'
import type { FlowEntry } from '../../node-red.ts'
import { services } from '../../services.ts'
import { until } from '../../until.ts'
import { type KafkaFlow, startKafkaFlow } from '../kafka-flow.ts'

interface Shown {
  readonly fill?: string
  readonly text?: string
}

describe('Kafka nodes say below them what they wait for', function () {
  this.timeout(90_000)
  let rig: Rig
  let flow: KafkaFlow
  let proxy: FaultProxy
  const shown = new Map<string, Shown>()

  before(async () => {
    rig = await kafkaRig()
    proxy = await FaultProxy.before(rig.brokers)
    flow = await startKafkaFlow(lagMonitor)
    const events = flow.nodeRed.RED.events as NodeJS.EventEmitter
    events.on('node-status', ({ id, status }: { id: string; status?: Shown }) =>
      shown.set(id, status ?? {})
    )
  })
  after(async () => {
    await flow.stop()
    await proxy.refuse()
    await rig.close()
  })

  /** One node of each kind, on a cluster of these settings. */
  async function deploy(
    cluster: object,
    topic: string,
    more: readonly FlowEntry[] = []
  ): Promise<void> {
    shown.clear()
    flow.seen('sent').arrived.length = 0
    const on = { z: 'tab', cluster: 'cluster' }
    await flow.nodeRed.deploy([
      { id: 'cluster', type: 'millrace-kafka-cluster', ...cluster },
      { id: 'tab', type: 'tab' },
      {
        ...on,
        id: 'read',
        type: 'millrace-kafka-consumer',
        topics: topic,
        groupId: `g-${randomUUID()}`,
        wires: [[], []]
      },
      { ...on, id: 'write', type: 'millrace-kafka-producer', topic, wires: [['sent'], []] },
      {
        ...on,
        id: 'watch',
        type: 'millrace-lag-monitor',
        groups: 'g',
        intervalS: 1,
        wires: [[], []]
      },
      { id: 'sent', z: 'tab', type: 'seen', wires: [] },
      ...more
    ])
  }
  const says = (id: string, fill: string, text: RegExp) =>
    shown.get(id)?.fill === fill && text.test(shown.get(id)?.text ?? '')
  const write = () => flow.nodeRed.node<Node>('write').receive({ payload: { device_id: 'a' } })

  it('brokers that are gone without a word: each within ten seconds, and not before', async () => {
    const topic = await rig.topic(1)
    await deploy({ brokers: proxy.brokers[0] }, topic)
    write()
    await until(
      'all of them work',
      () => ['read', 'watch'].every(id => says(id, 'green', /lag/)) && says('write', 'green', /\/s/)
    )
    proxy.swallow()
    write()
    const limitMs = 10_000
    await Promise.all([
      until(
        'the consumer',
        () => says('read', 'yellow', /^(broker silent for \d+ s|broker away)$/),
        limitMs
      ),
      until(
        'the producer',
        () => says('write', 'yellow', /^1 waiting · (no answer for \d+ s|broker away)$/),
        limitMs
      ),
      until(
        'the monitor',
        () => says('watch', 'yellow', /^(waiting for the broker|broker away)$/),
        limitMs
      )
    ])
    await proxy.refuse()
    await proxy.open()
    await until(
      'it works again',
      () =>
        ['read', 'watch'].every(id => says(id, 'green', /lag/)) && says('write', 'green', /\/s/),
      40_000
    )
  })

  it('a wrong password: red, in short words, once in the log', async () => {
    const { sasl } = (await services('kafka')).kafka
    assert.ok(sasl, 'this test needs the Kafka of stack/')
    const lines = flow.nodeRed.logs.length
    const login = { sasl: 'scram-sha-256', username: sasl.user, credentials: { password: 'wrong' } }
    await deploy({ brokers: sasl.brokers, ...login }, await rig.topic(1))
    const refused = /^user name or password refused/
    for (const id of ['read', 'write', 'watch'])
      await until(id, () => says(id, 'red', refused), 20_000)
    const told = () =>
      flow.nodeRed.logs
        .slice(lines)
        .filter(({ id, msg }) => id === 'read' && /password/.test(String(msg))).length
    assert.equal(told(), 1)
  })

  it('an authority that is not trusted: red, in short words', async () => {
    const { mtls } = (await services('kafka')).kafka
    assert.ok(mtls, 'this test needs the Kafka of stack/')
    await deploy({ brokers: mtls.brokers, tls: 'tls' }, await rig.topic(1), [
      { id: 'tls', type: 'tls-config', cert: '', key: '', ca: '', verifyservercert: true }
    ])
    for (const id of ['read', 'write', 'watch'])
      await until(id, () => says(id, 'red', /^TLS authority not trusted/), 20_000)
  })
})
