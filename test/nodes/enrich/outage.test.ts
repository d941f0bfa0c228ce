import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { metricsFor } from '../../../core/node/metrics.ts'
import enrich from '../../../nodes/enrich/runtime.ts'
import { type ProtocolNode, registerTestNodes, visits } from '../../delivery/nodes.ts'
import { type FlowEntry, type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

const DEVICES = ['a', 'b', 'c', 'd']
const TIMEOUT_MS = 1200
const HELD = { type: 'delay', pauseType: 'delay', timeout: '60', timeoutUnits: 'seconds' }

/** Beside the flow with the registry, one that shows when the timeout of a delivery is over. */
const flow = (file: string): FlowEntry[] => [
  { id: 'tab', type: 'tab', label: 'test' },
  {
    id: 'source',
    type: 'test-protocol',
    z: 'tab',
    timeoutMs: TIMEOUT_MS,
    wires: [['enrich'], ['dead']]
  },
  {
    id: 'enrich',
    type: 'millrace-enrich',
    z: 'tab',
    source: 'file',
    file,
    wires: [['sink'], ['dead']]
  },
  { id: 'sink', type: 'test-sink', z: 'tab', delayMs: 0, wires: [] },
  { id: 'dead', type: 'test-sink', z: 'tab', delayMs: 0, wires: [] },
  { id: 'clock', type: 'test-protocol', z: 'tab', timeoutMs: TIMEOUT_MS, wires: [['held'], []] },
  { id: 'held', z: 'tab', ...HELD, wires: [[]] }
]

describe('nodes/enrich while its source of metadata is away', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let file: string
  let source: ProtocolNode
  before(async () => {
    file = join(await mkdtemp(join(tmpdir(), 'millrace-enrich-')), 'devices.csv')
    nodeRed = await startNodeRed({ nodes: [enrich, registerTestNodes] })
  })
  after(async () => {
    await nodeRed?.stop()
    await rm(join(file, '..'), { recursive: true })
  })
  beforeEach(async () => {
    await rm(file, { force: true })
    visits.length = 0
    await nodeRed.deploy(flow(file))
    source = nodeRed.node<ProtocolNode>('source')
  })

  const take = () => {
    for (const device_id of DEVICES) source.take({ device_id })
  }
  const appear = () =>
    writeFile(file, `device_id,location\n${DEVICES.map(id => `${id},hall ${id}\n`).join('')}`)
  const visited = () =>
    visits.map(({ nodeId, payload }) => `${nodeId} ${(payload as { device_id: string }).device_id}`)
  const ONCE_EACH = DEVICES.map(id => `sink ${id}`)

  it('lets no delivery time out, neither the first nor those behind it, and passes each on once', async () => {
    const clock = nodeRed.node<ProtocolNode>('clock')
    take()
    clock.take('x')
    await until('twice the timeout', () => clock.metrics.retried >= 2)
    assert.deepEqual([source.metrics.retried, source.metrics.inFlight], [0, DEVICES.length])
    await appear()
    await until('all acknowledged', () => source.acknowledged.length === DEVICES.length)
    assert.deepEqual(visited(), ONCE_EACH)
    assert.equal(source.metrics.retried, 0)
  })

  it('passes on no copy that its source has given up meanwhile', async () => {
    const metrics = metricsFor('enrich', 'millrace-enrich', '')
    const [taken, returned] = [metrics.in, metrics.returned]
    take()
    await until('the messages', () => metrics.in - taken === DEVICES.length)
    source.source.dropLane('lane')
    take()
    await until('them again', () => metrics.in - taken === 2 * DEVICES.length)
    await appear()
    await until('all acknowledged', () => source.acknowledged.length === DEVICES.length)
    assert.deepEqual(visited(), ONCE_EACH)
    assert.equal(metrics.returned - returned, DEVICES.length)
  })
})
