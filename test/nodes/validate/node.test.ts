import assert from 'node:assert/strict'
import { report } from '../../../core/node/metrics.ts'
import type { Rejection } from '../../../core/record/record.ts'
import route from '../../../nodes/route/runtime.ts'
import validate from '../../../nodes/validate/runtime.ts'
import { collectorOf, registerCollect } from '../../collector.ts'
import { type RunningNodeRed, startNodeRed } from '../../node-red.ts'
import { until } from '../../until.ts'

interface Receiver {
  receive(message: object): void
}

/**
 * What an engine that tries all ways takes ages for, and what takes the automaton some
 * milliseconds.
 */
const PATTERN = '^([a-zA-Z0-9]+-?)+$'
const TEXT = `${'a'.repeat(300_000)}!`
const RECORDS = Array.from({ length: 40 }, (_, index) => ({
  device_id: index % 2 === 0 ? TEXT : `d-${index}`,
  index
}))

describe('validate and route in a flow', function () {
  this.timeout(30_000)
  let red: RunningNodeRed
  before(async () => {
    red = await startNodeRed({ nodes: [validate, route, registerCollect] })
  })
  after(() => red.stop())
  afterEach(() => red.deploy([]))

  /**
   * Sends the records to the node as one batch; gives what came out of both outputs, and the turns
   * that others had.
   */
  async function run(node: { type: string; [option: string]: unknown }) {
    await red.deploy([
      { id: 'tab', type: 'tab' },
      { ...node, id: 'node', z: 'tab', wires: [['first'], ['second']] },
      { id: 'first', z: 'tab', type: 'collect', wires: [] },
      { id: 'second', z: 'tab', type: 'collect', wires: [] }
    ])
    const [first, second] = [collectorOf('first'), collectorOf('second')]
    first.got.length = 0
    second.got.length = 0
    let turns = 0
    let others = setImmediate(function turn() {
      turns++
      others = setImmediate(turn)
    })
    red.node<Receiver>('node').receive({ payload: RECORDS })
    await until(
      'all records',
      () => first.records.length + second.records.length === RECORDS.length
    )
    clearImmediate(others)
    return { first: first.records, second: second.records, turns }
  }

  it('validate gives others their turn in a batch that takes long, and keeps its order', async () => {
    const schema = JSON.stringify({ properties: { device_id: { pattern: PATTERN, unit: 'none' } } })
    const { first, second, turns } = await run({ type: 'millrace-validate', schema })
    assert.deepEqual(
      first.map(record => (record as { index: number }).index),
      RECORDS.map(({ index }) => index).filter(index => index % 2 === 1)
    )
    assert.deepEqual(
      second.map(rejection => ((rejection as Rejection).record as { index: number }).index),
      RECORDS.map(({ index }) => index).filter(index => index % 2 === 0)
    )
    assert.ok(turns > 2, `${turns} turns`)
    const { counts } = report().nodes.find(({ id }) => id === 'node')!
    assert.deepEqual([counts.in, counts.rejected], [40, 20])
    assert.ok(
      red.logs.some(({ msg }) =>
        /"unit": not in draft 2020-12, so it checks nothing/.test(String(msg))
      )
    )
  })

  it('route does so too', async () => {
    const rules = [
      { match: 'all', conditions: [{ field: 'device_id', operator: 'matches', value: PATTERN }] }
    ]
    const { first, second, turns } = await run({ type: 'millrace-route', rules })
    assert.deepEqual([first.length, second.length], [20, 20])
    assert.ok(turns > 2, `${turns} turns`)
  })
})
