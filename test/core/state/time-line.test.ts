import assert from 'node:assert/strict'
import type { Previewed } from '../../../core/node/preview.ts'
import { type NodeSpec, type Options, parseOptions } from '../../../core/node/spec.ts'
import type { MakeMemory } from '../../../core/state/counted-engine.ts'
import { memoryPreview } from '../../../core/state/memory-preview.ts'
import { aggregator } from '../../../nodes/aggregate/logic.ts'
import { spec as aggregateSpec } from '../../../nodes/aggregate/spec.ts'
import { alarm } from '../../../nodes/alarm/logic.ts'
import { spec as alarmSpec } from '../../../nodes/alarm/spec.ts'
import { deadband } from '../../../nodes/deadband/logic.ts'
import { spec as deadbandSpec } from '../../../nodes/deadband/spec.ts'
import { join } from '../../../nodes/join/logic.ts'
import { spec as joinSpec } from '../../../nodes/join/spec.ts'
import { Met } from '../../../nodes/route/met.ts'
import { routerOverTime } from '../../../nodes/route/over-time.ts'
import { spec as routeSpec } from '../../../nodes/route/spec.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (second: number, value: unknown, device_id = 'a') => ({
  device_id,
  metric: 't',
  value,
  ts_utc: new Date(T0 + second * 1000).toISOString()
})

/** What a dialog draws, with times in seconds. */
async function drawn<S extends NodeSpec, State>(
  spec: S,
  make: MakeMemory<S, State>,
  options: object,
  payload: readonly object[]
) {
  const node: Previewed = memoryPreview(spec, make)(
    parseOptions(spec, options as Record<string, unknown>),
    () => undefined,
    () => undefined
  )
  const { line } = await node.sort({ payload })
  assert.ok(line)
  const second = (ms: number) => (ms - T0) / 1000
  return {
    ...line,
    points: line.points.map(({ timeMs, value, of }) => [second(timeMs), value, of]),
    marks: line.marks.map(({ timeMs, output, of, says }) => [second(timeMs), output, of, says])
  }
}

describe('what a dialog draws over time', () => {
  it('an alarm: values, the limit, and when it is raised and returns', async () => {
    const options = { limit: 80, onDelay: '10 s' }
    const given = [at(0, 70), at(10, 81), at(15, 90), at(30, 85), at(40, 60), at(40, 5, 'b')]
    const line = await drawn(alarmSpec, alarm, options, given)
    assert.deepEqual(line.series, ['a · t', 'b · t'])
    assert.deepEqual(line.levels, [80])
    assert.deepEqual(line.points.at(-1), [40, 5, 1])
    assert.deepEqual(line.marks, [
      [20, 0, 0, 'raised'],
      [40, 0, 0, 'returned']
    ])
  })

  it('a deadband: what passes, at its own time though it waited', async () => {
    const options = { width: 0.5, before: true }
    const given = [at(0, 21), at(10, 21.1), at(20, 21.2), at(30, 25)]
    const line = await drawn(deadbandSpec, deadband, options, given)
    assert.deepEqual(
      line.marks.map(([second]) => second),
      [0, 20, 30]
    )
  })

  it('windows: when they are over, though their results have the time of the beginning', async () => {
    const options = { window: 'tumbling', length: '1 min', lateness: '0 s' }
    const given = [at(10, 1), at(50, 3), at(70, 5)]
    const line = await drawn(aggregateSpec, aggregator, options, given)
    assert.deepEqual(
      line.marks.map(([second, output, , says]) => [second, output, says]),
      [
        [60, 0, 't_avg 2'],
        [120, 0, 't_avg 5']
      ]
    )
    const functions = ['avg', 'max'].map(name => ({
      ...{ function: name, field: '', parameter: '', as: '' }
    }))
    const wide = { ...options, functions, shape: 'wide' }
    const both = await drawn(aggregateSpec, aggregator, wide, given)
    assert.equal(both.marks[0]?.[3], 'avg 2, max 3')
  })

  it('rules over time: what meets one is marked, and what meets none is not', async () => {
    const rules = [
      {
        match: 'all',
        conditions: [{ field: 'value', operator: 'gt', value: 80 }],
        time: { lasts: '30 s', begins: true }
      }
    ]
    const given = [at(0, 70), at(10, 81), at(20, 85), at(50, 90), at(60, 60)]
    const make = (options: Options<typeof routeSpec>) => routerOverTime(options, new Met(1))
    const line = await drawn(routeSpec, make, { rules }, given)
    assert.deepEqual(line.levels, [80])
    assert.deepEqual(
      line.marks.map(([second, output]) => [second, output]),
      [[40.001, 0]]
    )
  })

  it('a join: both inputs, with a mark where two are joined and where one stays alone', async () => {
    const of = (second: number, metric: string, value: number) => ({ ...at(second, value), metric })
    const given = [
      of(0, 'temperature_c', 21),
      of(2, 'humidity_pct', 45),
      of(60, 'temperature_c', 22),
      of(90, 'humidity_pct', 44)
    ]
    const line = await drawn(joinSpec, join, {}, given)
    assert.deepEqual(line.series, ['a · temperature_c', 'a · humidity_pct'])
    assert.deepEqual(
      line.points.map(([second, value, of]) => [second, value, of]),
      [
        [0, 21, 0],
        [2, 45, 1],
        [60, 22, 0],
        [90, 44, 1]
      ]
    )
    assert.deepEqual(
      line.marks.map(([second, output]) => [second, output]),
      [
        [0, 0],
        [60, 1],
        [90, 1]
      ]
    )
  })

  it('words are drawn, and what is neither word nor number is left out', async () => {
    const options = { when: 'equals', text: 'open' }
    const given = [at(0, 'shut'), at(1, 'open'), at(2, true), at(3, { a: 1 }), at(4, Number.NaN)]
    const line = await drawn(alarmSpec, alarm, options, given)
    assert.deepEqual(
      line.points.map(([, value]) => value),
      ['shut', 'open', 'true']
    )
    assert.deepEqual(line.levels, [])
  })

  it('has a bound, whatever comes', async () => {
    const given = Array.from({ length: 100 }, (_, index) =>
      at(index, index % 2 ? 99 : 1, `d${index}`)
    )
    const line = await drawn(alarmSpec, alarm, { limit: 80 }, given)
    assert.equal(line.series.length, 8)
    assert.equal(line.points.length, 8)
  })
})
