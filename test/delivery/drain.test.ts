// Mostly waits.
import assert from 'node:assert/strict'
import {
  type DeploymentType,
  type FlowEntry,
  type RunningNodeRed,
  startNodeRed
} from '../node-red.ts'
import { until } from '../until.ts'
import { type ProtocolNode, registerTestNodes, visits } from './nodes.ts'

const PAYLOADS = [1, 2, 3, 4, 5]

/**
 * Every way that core nodes give a message on: over tabs, through a subroutine, by code that waits,
 * at the end slowly.
 */
function flow(sink: object = { delayMs: 150 }): FlowEntry[] {
  return [
    { id: 'first', type: 'tab', label: 'first' },
    { id: 'second', type: 'tab', label: 'second' },
    { id: 'third', type: 'tab', label: 'third' },
    { id: 'source', z: 'first', type: 'test-protocol', stillMs: 1_000, wires: [['waits'], []] },
    {
      id: 'waits',
      z: 'first',
      type: 'function',
      func: 'await new Promise(r => setTimeout(r, 100)); return msg',
      libs: [],
      wires: [['out']]
    },
    { id: 'out', z: 'first', type: 'link out', mode: 'link', links: ['in'], wires: [] },
    { id: 'in', z: 'second', type: 'link in', links: ['out'], wires: [['call']] },
    {
      id: 'call',
      z: 'second',
      type: 'link call',
      linkType: 'static',
      links: ['called'],
      timeout: '30',
      wires: [['switch']]
    },
    { id: 'called', z: 'third', type: 'link in', links: [], wires: [['delay']] },
    {
      id: 'delay',
      z: 'third',
      type: 'delay',
      pauseType: 'delay',
      timeout: '100',
      timeoutUnits: 'milliseconds',
      wires: [['return']]
    },
    { id: 'return', z: 'third', type: 'link out', mode: 'return', links: [], wires: [] },
    {
      id: 'switch',
      z: 'second',
      type: 'switch',
      property: 'payload',
      rules: [{ t: 'else' }],
      outputs: 1,
      wires: [['sink']]
    },
    { id: 'sink', z: 'second', type: 'test-sink', wires: [], ...sink }
  ]
}

const changed = (nodes: readonly FlowEntry[], ids: readonly string[]) =>
  nodes.map(node => (ids.includes(node.id) ? { ...node, name: 'changed' } : node))

describe('what is in flight before flows are stopped', function () {
  this.timeout(30_000)
  let nodeRed: RunningNodeRed
  const source = () => nodeRed.node<ProtocolNode>('source')
  before(async () => {
    nodeRed = await startNodeRed({ nodes: [registerTestNodes] })
  })
  after(() => nodeRed.stop())
  beforeEach(async () => {
    visits.length = 0
    await nodeRed.deploy([])
  })

  for (const [what, ids] of [
    ['everything', ['source', 'waits', 'call', 'called', 'sink']],
    ['what lies behind the source', ['call', 'sink']],
    ['a node of no concern', ['switch']]
  ] as const) {
    for (const type of ['full', 'flows', 'nodes'] as DeploymentType[]) {
      it(`comes to its end once: ${type}, where ${what} has changed`, async () => {
        await nodeRed.deploy(flow())
        const before = source()
        for (const payload of PAYLOADS) before.take(payload)
        await nodeRed.deploy(changed(flow(), ids), type)
        assert.deepEqual(before.acknowledged, PAYLOADS)
        assert.equal(before.metrics.returned, 0)
        assert.equal(source().source.isPaused, false)
        source().take('later')
        await until('the source to go on', () => source().acknowledged.at(-1) === 'later')
        assert.deepEqual(payloads(), [...PAYLOADS, 'later'])
      })
    }
  }

  it('comes to its end where the flows are stopped by hand', async () => {
    await nodeRed.deploy(flow())
    const before = source()
    for (const payload of PAYLOADS) before.take(payload)
    await nodeRed.RED.runtime.flows.setState({ state: 'stop' })
    assert.deepEqual(before.acknowledged, PAYLOADS)
    await nodeRed.RED.runtime.flows.setState({ state: 'start' })
    assert.deepEqual(payloads(), PAYLOADS)
  })

  it('is not waited for where it does not move', async () => {
    await nodeRed.deploy(flow({ delayMs: 60_000 }))
    const before = source()
    for (const payload of PAYLOADS) before.take(payload)
    const startMs = performance.now()
    await nodeRed.deploy(changed(flow(), ['source']))
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < 5_000, `the deployment took ${Math.round(tookMs)} ms`)
    assert.deepEqual(before.acknowledged, [])
    assert.equal(before.metrics.returned, PAYLOADS.length)
  })

  it('a deployment that is refused lets the source go on', async () => {
    await nodeRed.deploy(flow())
    const node = source()
    const refusedAtOnce = nodeRed.RED.runtime.flows.setFlows({
      flows: { flows: null as never },
      deploymentType: 'full'
    })
    await assert.rejects(refusedAtOnce)
    await until('the source to go on', () => !node.source.isPaused)
    node.take(1)
    const refused = nodeRed.RED.runtime.flows.setFlows({
      flows: { flows: null as never },
      deploymentType: 'full'
    })
    await assert.rejects(refused)
    await until('the source to go on', () => !node.source.isPaused)
    node.take(2)
    await until('both', () => node.acknowledged.length === 2)
  })

  const payloads = () => visits.map(visit => visit.payload)
})
