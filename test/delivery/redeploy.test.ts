// Mostly waits.
import assert from 'node:assert/strict'
import {
  type DeploymentType,
  type FlowEntry,
  type RunningNodeRed,
  startNodeRed
} from '../node-red.ts'
import { type ProtocolNode, registerTestNodes, visits } from './nodes.ts'

/** Nodes that keep a message for longer than a test takes. */
const HOLDERS: Record<string, object> = {
  delay: { type: 'delay', pauseType: 'delay', timeout: '60', timeoutUnits: 'seconds' },
  'rate limit': {
    type: 'delay',
    pauseType: 'rate',
    rate: '1',
    nbRateUnits: '1',
    rateUnits: 'minute',
    drop: false,
    timeout: '1',
    timeoutUnits: 'seconds'
  },
  batch: {
    type: 'batch',
    mode: 'count',
    count: '10',
    overlap: 0,
    interval: '10',
    allowEmptySequence: false,
    topics: []
  },
  join: {
    type: 'join',
    mode: 'custom',
    build: 'array',
    property: 'payload',
    propertyType: 'msg',
    count: '10',
    accumulate: false,
    timeout: ''
  },
  function: {
    type: 'function',
    func: 'await new Promise(r => setTimeout(r, 60000)); return msg',
    outputs: 1,
    libs: []
  },
  sink: { type: 'test-sink', delayMs: 60_000 }
}

const PASS = { type: 'change', rules: [] }

interface Tabs {
  readonly holder: object
  readonly mode?: 'stored' | 'finished'
}

/** A source in one tab; over a link, the node under test and the sink in another. */
function flow({ holder, mode = 'finished' }: Tabs): FlowEntry[] {
  return [
    { id: 'first', type: 'tab', label: 'first' },
    { id: 'second', type: 'tab', label: 'second' },
    { id: 'source', z: 'first', type: 'test-protocol', mode, wires: [['out'], []] },
    { id: 'out', z: 'first', type: 'link out', mode: 'link', links: ['in'], wires: [] },
    { id: 'in', z: 'second', type: 'link in', links: ['out'], wires: [['holder']] },
    { id: 'holder', z: 'second', type: 'change', wires: [['sink']], ...holder },
    { id: 'sink', z: 'second', type: 'test-sink', delayMs: 0, wires: [] }
  ]
}

describe('deployments with messages held', function () {
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

  for (const mode of ['stored', 'finished'] as const) {
    for (const [name, holder] of Object.entries(HOLDERS)) {
      for (const type of ['nodes', 'flows', 'full'] as DeploymentType[]) {
        it(`${type}, held by ${name}, ${mode}`, async () => {
          await nodeRed.deploy(flow({ holder, mode }))
          const before = source()
          for (const payload of [1, 2, 3]) before.take(payload)
          await held(name === 'rate limit' ? 2 : 3)
          const kept = 3 - before.acknowledged.length
          const acknowledged = [...before.acknowledged]
          await nodeRed.deploy(flow({ holder: PASS, mode }), type)
          if (source() === before) {
            // The source has gone on: it sends again what the stopped node held.
            await until(() => before.acknowledged.length === 3)
            assert.deepEqual(before.acknowledged, [1, 2, 3])
          } else {
            await pause(400)
            assert.deepEqual(
              before.acknowledged,
              acknowledged,
              'nothing that was held is acknowledged'
            )
            assert.equal(before.metrics.returned, kept)
            for (const payload of [1, 2, 3].slice(acknowledged.length)) source().take(payload)
            await until(() => source().acknowledged.length === kept)
          }
          assert.deepEqual(new Set(visits.map(visit => visit.payload)), new Set([1, 2, 3]))
        })
      }
    }
  }

  it('what is sent into a tab that is being restarted is sent again', async () => {
    await nodeRed.deploy(flow({ holder: { type: 'slow-to-close' } }))
    const deployed = nodeRed.deploy(
      flow({ holder: { type: 'slow-to-close', info: 'changed' } }),
      'flows'
    )
    const node = source()
    const ticker = setInterval(() => node.take(++taken), 10)
    let taken = 0
    await deployed
    clearInterval(ticker)
    assert.ok(taken > 5, `some are taken while the tab is stopped: ${taken}`)
    await until(() => node.acknowledged.length === taken)
    assert.deepEqual(
      node.acknowledged,
      Array.from({ length: taken }, (_, index) => index + 1)
    )
    assert.equal(new Set(visits.map(visit => visit.payload)).size, taken)
    assert.equal(node.metrics.stored, taken)
  })

  it('what arrives at a link while its other end is being restarted is sent again', async () => {
    const tabs = (info: string) => [
      ...flow({ holder: { type: 'slow-to-close', info } }).map(node =>
        node.id === 'source' ? { ...node, wires: [['before'], []] } : node
      ),
      {
        ...HOLDERS.delay!,
        id: 'before',
        z: 'first',
        type: 'delay',
        timeout: '0.35',
        wires: [['out']]
      }
    ]
    await nodeRed.deploy(tabs('old'))
    const node = source()
    for (const payload of [1, 2, 3]) node.take(payload)
    await nodeRed.deploy(tabs('new'), 'flows')
    assert.deepEqual(node.acknowledged, [])
    await until(() => node.acknowledged.length === 3)
    assert.deepEqual(node.acknowledged, [1, 2, 3])
    assert.equal(node.metrics.stored, 3)
  })

  it('a node that is disabled drops what it held, and that is not acknowledged', async () => {
    await nodeRed.deploy(flow({ holder: HOLDERS.delay!, mode: 'stored' }))
    const node = source()
    node.take('x')
    await held(1)
    await nodeRed.deploy(flow({ holder: { ...HOLDERS.delay!, d: true }, mode: 'stored' }), 'nodes')
    await pause(500)
    assert.deepEqual(node.acknowledged, [])
    assert.equal(node.source.inFlight, 1)
  })

  it('stopping the flows acknowledges nothing', async () => {
    await nodeRed.deploy(flow({ holder: HOLDERS.batch! }))
    const node = source()
    for (const payload of [1, 2, 3]) node.take(payload)
    await held(3)
    await nodeRed.RED.runtime.flows.setState({ state: 'stop' })
    await pause(400)
    assert.deepEqual(node.acknowledged, [])
    assert.equal(node.metrics.returned, 3)
    await nodeRed.RED.runtime.flows.setState({ state: 'start' })
  })

  /** The source has sent, and the holder has what it holds. */
  async function held(count: number): Promise<void> {
    await until(() => source().source.inFlight >= count)
    await pause(50)
  }
})

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > endMs) assert.fail(`not within 10 s: ${condition}`)
    await pause(5)
  }
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
