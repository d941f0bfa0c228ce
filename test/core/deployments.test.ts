/** What becomes of a node that is closed, on a real Node-RED. */
import assert from 'node:assert/strict'
import type { Node, NodeAPI, NodeDef } from 'node-red'
import { type Closing, deploymentsOf, placeOf } from '../../core/deployments.ts'
import {
  type DeploymentType,
  type FlowEntry,
  type RunningNodeRed,
  startNodeRed
} from '../node-red.ts'

const closed = new Map<string, Closing>()

function registerWitness(RED: NodeAPI): void {
  const deployments = deploymentsOf(RED)
  RED.nodes.registerType('witness', function (this: Node, config: NodeDef) {
    RED.nodes.createNode(this, config)
    this.on('close', (_removed: boolean, done: () => void) => {
      closed.set(this.id, deployments.whyClosed(placeOf(this)))
      done()
    })
  })
}

const TYPES: DeploymentType[] = ['full', 'flows', 'nodes']
const PATH = 'outer-inner-deep'

/** A node, one in a group, a configuration node, and one in a subflow in a subflow. */
const flow = (): FlowEntry[] => [
  { id: 'tab', type: 'tab' },
  { id: 'one', z: 'tab', type: 'witness' },
  { id: 'group', type: 'group', z: 'tab', nodes: ['grouped'] },
  { id: 'grouped', z: 'tab', g: 'group', type: 'witness' },
  { id: 'settings', type: 'witness', user: 'one' },
  { id: 'inside', type: 'subflow', in: [], out: [] },
  { id: 'deep', z: 'inside', type: 'witness' },
  { id: 'around', type: 'subflow', in: [], out: [] },
  { id: 'inner', z: 'around', type: 'subflow:inside' },
  { id: 'outer', z: 'tab', type: 'subflow:around' },
  { id: 'rest', type: 'tab' },
  { id: 'bystander', z: 'rest', type: 'witness' }
]
const ALL = ['one', 'grouped', 'settings', PATH, 'bystander']
type Change = (flow: FlowEntry[]) => FlowEntry[]
const without =
  (...ids: string[]): Change =>
  flow =>
    flow.filter(({ id, z = '' }) => !ids.includes(id) && !ids.includes(z))
const having =
  (id: string, more: object): Change =>
  flow =>
    flow.map(entry => (entry.id === id ? { ...entry, ...more } : entry))

const CASES: [string, Change, Record<string, Closing>][] = [
  ['a node is disabled', having('one', { d: true }), { one: 'paused' }],
  ['a node is deleted', without('one'), { one: 'deleted' }],
  ['a node of a group is disabled', having('grouped', { d: true }), { grouped: 'paused' }],
  [
    'a tab is disabled',
    having('tab', { disabled: true }),
    { one: 'paused', grouped: 'paused', [PATH]: 'paused' }
  ],
  ['a tab is deleted', without('tab'), { one: 'deleted', grouped: 'deleted', [PATH]: 'deleted' }],
  ['a configuration node is disabled', having('settings', { d: true }), { settings: 'paused' }],
  ['a configuration node is deleted', without('settings'), { settings: 'deleted' }],
  ['an instance of a subflow is disabled', having('outer', { d: true }), { [PATH]: 'paused' }],
  ['an instance of a subflow is deleted', without('outer'), { [PATH]: 'deleted' }],
  ['an instance in a subflow is disabled', having('inner', { d: true }), { [PATH]: 'paused' }],
  ['an instance in a subflow is deleted', without('inner'), { [PATH]: 'deleted' }],
  ['a node of a subflow is disabled', having('deep', { d: true }), { [PATH]: 'paused' }],
  ['a node of a subflow is deleted', without('deep'), { [PATH]: 'deleted' }],
  ['another node gets its id', having('one', { type: 'junction' }), { one: 'deleted' }],
  ['a node is changed', having('one', { name: 'changed' }), { one: 'restarted' }],
  ['a node moves to another tab', having('one', { z: 'rest' }), { one: 'restarted' }],
  [
    'a node moves to a disabled tab',
    entries =>
      having('one', { z: 'dark' })([...entries, { id: 'dark', type: 'tab', disabled: true }]),
    { one: 'paused' }
  ]
]

describe('why a node is closed', function () {
  this.timeout(60_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [registerWitness] })
  })
  after(() => red.stop())
  beforeEach(async () => {
    await red.deploy(flow())
    closed.clear()
  })
  afterEach(() => red.deploy([]))

  for (const [what, change, expected] of CASES) {
    for (const type of TYPES) {
      it(`${what}: deployed as ${type}`, async () => {
        await red.deploy(change(flow()), type)
        for (const id of ALL)
          assert.equal(closed.get(id) ?? 'restarted', expected[id] ?? 'restarted', id)
        for (const id of Object.keys(expected)) assert.equal(closed.has(id), true, id)
      })
    }
  }

  it('a node becomes part of a subflow, where it gets another id: deployed as full', async () => {
    await red.deploy(having('one', { z: 'inside' })(flow()))
    assert.equal(closed.get('one'), 'restarted')
  })

  it('flows are stopped', async () => {
    await red.RED.runtime.flows.setState({ state: 'stop' })
    assert.deepEqual(new Set(closed.values()), new Set(['restarted']))
    assert.equal(closed.size, ALL.length)
    await red.RED.runtime.flows.setState({ state: 'start' })
  })

  it('flows are loaded again, from a file that another project brought', async () => {
    const file = { flows: flow().filter(({ id }) => id !== 'one'), credentials: {} }
    const { runtime } = red.RED as unknown as {
      runtime: { storage: { saveFlows(config: object): Promise<unknown> } }
    }
    await runtime.storage.saveFlows(file)
    const started = new Promise<void>(resolve =>
      red.RED.events.once('flows:started', () => resolve())
    )
    await red.RED.runtime.flows.setFlows({
      flows: { flows: [] },
      deploymentType: 'reload' as DeploymentType
    })
    await started
    assert.equal(closed.get('one'), 'restarted')
    assert.equal(closed.size, ALL.length)
  })

  it('Node-RED ends', async () => {
    await red.stop()
    assert.deepEqual(new Set(closed.values()), new Set(['restarted']))
    red = await startNodeRed({ nodes: [registerWitness] })
  })
})
