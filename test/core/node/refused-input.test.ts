import assert from 'node:assert/strict'
import type { Node } from 'node-red'
import { metricsFor } from '../../../core/node/metrics.ts'
import normalize from '../../../nodes/normalize/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { type ProtocolNode, registerTestNodes, visits } from '../../delivery/nodes.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const TIMEOUT_MS = 1200

const flow = (zone: string, ...more: FlowEntry[]): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'test' },
  {
    id: 'source',
    type: 'test-protocol',
    z: 'tab',
    timeoutMs: TIMEOUT_MS,
    wires: [['times'], ['dead']]
  },
  {
    id: 'times',
    type: 'millrace-normalize',
    z: 'tab',
    zoneFrom: 'fixed',
    zone,
    pastDays: 0,
    wires: [['sink'], ['dead']]
  },
  { id: 'sink', type: 'test-sink', z: 'tab', delayMs: 0, wires: [] },
  { id: 'dead', type: 'test-sink', z: 'tab', delayMs: 0, wires: [] },
  ...more
]

describe('a node whose settings are wrong', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  before(async () => {
    nodeRed = await startNodeRed({ nodes: [normalize, registerTestNodes, registerCollect] })
  })
  after(() => nodeRed?.stop())
  beforeEach(() => {
    visits.length = 0
    nodeRed.logs.length = 0
  })

  const errors = () => nodeRed.logs.filter(({ id }) => id === 'times').map(({ msg }) => String(msg))
  const send = () =>
    nodeRed.node<Node>('times').receive({ payload: { ts: 1_700_000_000 } } as never)

  it('says which and why, below the node in short and in the log in full', async () => {
    await nodeRed.deploy(flow('Berlin'))
    assert.deepEqual(errors(), [
      'normalize: Time zone: there is no time zone "Berlin"; give a name such as Europe/Berlin, or an offset'
    ])
    assert.match(
      metricsFor('times', 'millrace-normalize', '').status?.text ?? '',
      /^Time zone: there is no time zone "Berlin"/
    )
  })

  it('says nothing below itself once it is disabled', async () => {
    const shown: object[] = []
    const look = ({ id, status }: { id: string; status: object }) => {
      if (id === 'times') shown.push(status)
    }
    const events = nodeRed.RED.events as NodeJS.EventEmitter
    events.on('node-status', look)
    await nodeRed.deploy(flow('Berlin'))
    assert.match(JSON.stringify(shown.at(-1)), /Time zone/)
    const disabled = flow('Berlin').map(entry => ({ ...entry, d: entry.id === 'times' }))
    await nodeRed.deploy(disabled as FlowEntry[])
    events.off('node-status', look)
    assert.deepEqual(shown.filter(Boolean).at(-1), {})
  })

  it('has one line in the log for a flood of messages', async () => {
    await nodeRed.deploy(flow('Berlin'))
    for (let count = 0; count < 200; count++) send()
    await until('the error', () => errors().length > 1)
    await new Promise(setImmediate)
    assert.equal(errors().length, 2)
    assert.match(
      errors()[1]!,
      /has not started, and takes no message: Time zone: there is no time zone/
    )
  })

  it('gives every message to a Catch node where there is one', async () => {
    await nodeRed.deploy(
      flow(
        'Berlin',
        { id: 'catch', type: 'catch', z: 'tab', scope: ['times'], wires: [['failed']] },
        { id: 'failed', type: 'collect', z: 'tab', wires: [] }
      )
    )
    for (let count = 0; count < 20; count++) send()
    await until('the messages', () => collectorOf('failed').got.length === 20)
  })

  it('holds what a source waits for, and makes no dead letter of it', async () => {
    await nodeRed.deploy(
      flow(
        'Berlin',
        {
          id: 'clock',
          type: 'test-protocol',
          z: 'tab',
          timeoutMs: TIMEOUT_MS,
          wires: [['held'], []]
        },
        {
          id: 'held',
          z: 'tab',
          type: 'delay',
          pauseType: 'delay',
          timeout: '60',
          timeoutUnits: 'seconds',
          wires: [[]]
        }
      )
    )
    const [source, clock] = [
      nodeRed.node<ProtocolNode>('source'),
      nodeRed.node<ProtocolNode>('clock')
    ]
    for (const device_id of ['a', 'b']) source.take({ device_id, ts: 1_700_000_000 })
    clock.take('x')
    await until('twice the timeout', () => clock.metrics.retried >= 2)
    assert.deepEqual([source.metrics.retried, source.metrics.inFlight], [0, 2])
    assert.deepEqual([visits.length, errors().length], [0, 1])
  })
})
