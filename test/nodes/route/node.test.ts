import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Node } from 'node-red'
import {
  COLLECT,
  collectedBy,
  conformanceNodes,
  FEED,
  feedOf,
  placed
} from '../../../core/conformance/nodes.ts'
import { nodeMetrics } from '../../../core/node/metrics.ts'
import route from '../../../nodes/route/runtime.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'
import { at, row, rule } from './route-over-time.ts'

const ABOVE = rule([row('gt', 80)])
const LASTING = rule([row('gt', 80)], { lasts: '20 s' })

describe('route in Node-RED', function () {
  this.timeout(60_000)
  let nodeRed: RunningNodeRed
  let offset = 0

  before(async () => {
    nodeRed = await startNodeRed({ nodes: [conformanceNodes, route] })
  })
  after(() => nodeRed.stop())

  const collect = (output: number) => ({
    ...{ id: `out-${output}`, type: COLLECT, z: 'tab', output, of: 'rules', wires: [] }
  })
  const deploy = (rules: object[], more: object = {}) =>
    nodeRed.deploy([
      { id: 'tab', type: 'tab', label: 'route' },
      { id: 'feed', type: FEED, z: 'tab', mode: 'finished', wires: [['rules']] },
      {
        ...{ id: 'rules', type: 'millrace-route', z: 'tab', rules, ...more },
        wires: [['out-0'], ['out-1'], ['out-2']]
      },
      collect(0),
      collect(1),
      collect(2)
    ])
  const feed = async (...records: object[]) => {
    const given = records.map(record => placed({ ...record }, offset++))
    await feedOf('feed').send(given.length, () => given.map(record => ({ ...record }))).acknowledged
  }
  const leftBy = (output: number) =>
    collectedBy('rules')
      .filter(message => message.output === output)
      .flatMap(({ payload }) => payload as { value?: unknown; missing?: unknown }[])
  const folder = () => join(nodeRed.userDir, 'millrace', 'state', 'rules')

  it('opens no store without a rule over time, and leaves none behind', async () => {
    await deploy([ABOVE])
    await feed(at(0, 81))
    assert.equal(existsSync(folder()), false)
    await deploy([LASTING])
    await feed(at(10, 81))
    assert.equal(existsSync(folder()), true)
    await deploy([ABOVE])
    await until('what it kept is gone', () => !existsSync(folder()))
    await feed(at(20, 82))
    assert.equal(leftBy(0).length, 2)
  })

  it('goes on after a redeploy, and sends by itself what lasts or is missing', async () => {
    const rules = [LASTING, rule([row('missing_for', '1 s', undefined, 'device_id')])]
    const options = { idle: '200 ms', send: 'every' }
    const before = leftBy(1).length
    await deploy(rules, options)
    await feed(at(1000, 81, { device_id: 'b' }))
    await deploy(rules, { ...options, name: 'renamed' })
    await feed(at(1019.5, 81, { device_id: 'b' }))
    await until('it has lasted', () => leftBy(0).length > 2)
    await until('it is missed', () => leftBy(1).length > before + 1)
    assert.equal(leftBy(1).at(-1)!.missing, 'device_id')
    assert.match(nodeMetrics('rules')!.status?.text ?? '', /keys/)
  })

  it('is told by a message which devices are expected, also over a redeploy', async () => {
    const rules = [rule([row('missing_for', '1 s', undefined, 'device_id')])]
    const options = { idle: '200 ms', key: [{ field: 'device_id' }] }
    const registry = ['never-1', 'never-2'].map(device_id => ({ hall: 'A', device_id }))
    const before = leftBy(0).length
    await deploy(rules, options)
    nodeRed.node<Node>('rules').receive({ expected: registry } as never)
    await until('they are known', () => nodeMetrics('rules')?.gauges.get('keys remembered') === 2)
    await deploy(rules, { ...options, name: 'told' })
    await until('they are missed', () => leftBy(0).length === before + 2)
    const missed = leftBy(0).slice(before) as { device_id: string; last_seen: unknown }[]
    assert.deepEqual(missed.map(({ device_id, last_seen }) => [device_id, last_seen]).sort(), [
      ['never-1', null],
      ['never-2', null]
    ])
  })

  it('is told so of each device and metric, and says what it cannot use', async () => {
    const rules = [rule([row('missing_for', '1 s', undefined, 'device_id')])]
    const before = leftBy(0).length
    await deploy(rules, { idle: '200 ms' })
    const tell = (expected: unknown) =>
      new Promise(resolve => {
        const node = nodeRed.node<Node>('rules')
        node.error = (error: unknown) => resolve((error as { code?: string }).code)
        node.receive({ expected } as never)
      })
    assert.equal(await tell(['never-3']), 'EXPECTED_INVALID')
    assert.equal(await tell({}), 'EXPECTED_INVALID')
    const registry = ['t', 'rh'].map(metric => ({ hall: 'A', device_id: 'never-3', metric }))
    nodeRed.node<Node>('rules').receive({ expected: registry } as never)
    await until('they are missed', () => leftBy(0).length === before + 2)
    const missed = leftBy(0).slice(before) as { device_id: string; metric: string }[]
    assert.deepEqual(missed.map(({ device_id, metric }) => [device_id, metric]).sort(), [
      ['never-3', 'rh'],
      ['never-3', 't']
    ])
  })
})
