import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { FlakyWorld } from '../../core/state/flaky-world.ts'
import { happenings } from '../../core/state/happenings.ts'
import { runMemory } from '../../core/state/run-memory.ts'
import { overTime, row, rule, T0 } from './route-over-time.ts'

/** A rule of each kind, all at once: what each tells does not depend on the others. */
const RULES = [
  rule([row('gt', 4)], { lasts: '20 s' }),
  rule([row('changed')], { times: 2, within: '30 s' }),
  rule([row('changed_by', 2)]),
  rule([row('rises', 3, '30 s')], { begins: true }),
  rule([row('on_above', 5, 3)], { pause: '40 s' }),
  rule([row('missing_for', '15 s')]),
  rule([{ match: 'any', conditions: [row('falls', 3, '30 s'), row('changed_percent', 90)] }])
]

const readings = fc.array(
  fc.record({
    second: fc.nat(100),
    device: fc.constantFrom('a', 'b'),
    value: fc.oneof(fc.nat(9), fc.constantFrom(null, 'x', 6.5))
  }),
  { minLength: 1, maxLength: 25 }
)
type Drawn = { second: number; device: string; value: unknown }

/** No two have the same time: which of those was first, nobody could say. */
const recordsOf = (drawn: readonly Drawn[], from = 0): TelemetryRecord[] =>
  drawn.map(({ second, device, value }, index) => ({
    device_id: device,
    metric: 't',
    value,
    id: from + index,
    ts_utc: new Date(T0 + second * 1000 + from + index).toISOString()
  }))
const END = ['a', 'b'].map(device => ({
  device_id: device,
  metric: 't',
  value: 0,
  id: -1,
  ts_utc: new Date(T0 + 600_000).toISOString()
}))
const never = { idleMs: Number.POSITIVE_INFINITY, aheadMs: 1e15 }

describe('route over time, however records come', () => {
  const { memory, clock, bounds } = overTime(
    { rules: RULES, send: 'every', lateness: '3 min' },
    RULES.length
  )

  it('in any order within the lateness: the same results', () => {
    fc.assert(
      fc.property(readings, fc.infiniteStream(fc.double({ min: 0, max: 1 })), (drawn, random) => {
        const records = recordsOf(drawn)
        const sorted = [...records].sort((a, b) => (String(a.ts_utc) < String(b.ts_utc) ? -1 : 1))
        const shuffled = records
          .map(record => ({ record, key: random.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ record }) => record)
        const results = [sorted, shuffled].map(list => {
          const { outputs } = runMemory(memory, [...list, ...END], {
            clock: { ...clock, ...never },
            bounds
          })
          return outputs.map(left => left.map(record => JSON.stringify(record)).sort())
        })
        assert.deepEqual(results[1], results[0])
      })
    )
  })

  it('kept and taken up between any two: the same results', () => {
    fc.assert(
      fc.property(readings, drawn => {
        const steps = [...recordsOf(drawn), ...END]
        const [once, restarted] = [false, true].map(restarts =>
          runMemory(memory, steps, { clock: { ...clock, ...never }, bounds, restarts })
        )
        assert.deepEqual(
          JSON.parse(JSON.stringify(restarted!.outputs)),
          JSON.parse(JSON.stringify(once!.outputs))
        )
      })
    )
  })

  it('sent again in any way, with crashes: what one undisturbed run gives', () => {
    fc.assert(
      fc.property(
        fc.array(readings, { minLength: 1, maxLength: 2 }),
        happenings,
        (drawn, events) => {
          const log = drawn.map((part, index) =>
            recordsOf(part, index * 100).map(record => [record])
          )
          const remembering = { memory, clock: { ...clock, ...never }, bounds }
          const [undisturbed, disturbed] = [false, true].map(isDisturbed => {
            const world = new FlakyWorld(remembering, log, false, RULES.length + 2)
            if (isDisturbed) for (const event of events) world.happen(event)
            world.settle()
            world.finish(END.map(record => [record]))
            return [...world.rows].sort()
          })
          assert.deepEqual(disturbed, undisturbed)
        }
      ),
      { numRuns: 200 }
    )
  })
})
