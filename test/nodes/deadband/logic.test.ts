import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseOptions } from '../../../core/node/spec.ts'
import { recordsOf } from '../../../core/record/message.ts'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { largestTriangles, type Point } from '../../../nodes/deadband/largest-triangles.ts'
import { deadband } from '../../../nodes/deadband/logic.ts'
import { spec } from '../../../nodes/deadband/spec.ts'
import { runMemory, type Step } from '../../core/state/run-memory.ts'
import { itRunsItsExamples } from '../spec-examples.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (seconds: number, value: unknown, more: object = {}): TelemetryRecord => ({
  device_id: 'a',
  metric: 't',
  value,
  ts_utc: new Date(T0 + seconds * 1000).toISOString(),
  ...more
})
const secondOf = ({ ts_utc }: TelemetryRecord) => (Date.parse(String(ts_utc)) - T0) / 1000

function run(options: Record<string, unknown>, steps: readonly Step[]) {
  const { memory, clock, bounds } = deadband(parseOptions(spec, options))
  return runMemory(memory, steps, { clock, bounds })
}

/** The values of one device, ten seconds apart, and those that pass. */
const passed = (options: Record<string, unknown>, values: readonly unknown[]) =>
  (
    run(
      options,
      values.map((value, index) => at(index * 10, value))
    ).outputs[0] ?? []
  ).map(({ value }) => value)

describe('deadband', () => {
  itRunsItsExamples(spec, options => {
    const { memory, clock, bounds } = deadband(options)
    return ({ payload }) => {
      const steps = recordsOf(payload) as TelemetryRecord[]
      const { outputs } = runMemory(memory, steps, { clock, bounds })
      return [outputs[0] ?? [], []]
    }
  })

  describe('report by exception', () => {
    const tables: [options: Record<string, unknown>, given: unknown[], then: unknown[]][] = [
      [{ width: 0 }, [1, 1, 2, 2, 1], [1, 2, 1]],
      // In binary 20.4 - 20.3 is a little more than 0.1.
      [{ width: 0.1 }, [20.3, 20.4, 20.5], [20.3, 20.5]],
      [{ width: 5, band: 'last' }, [100, 104, 106, 101, 100], [100, 106, 100]],
      [{ width: 5, band: 'range', low: -20, high: 20 }, [0, 1.9, 2.1, 0.2, 0], [0, 2.1, 0]],
      [{ width: 1, maxSilence: '30 s' }, [5, 5, 5, 5, 5, 5, 5], [5, 5, 5]],
      [{ width: 1, maxSilence: '' }, [5, 5, 5, 5, 5, 5, 5], [5]],
      [{ width: 1, minPause: '20 s', maxSilence: '' }, [0, 5, 10, 15, 20], [0, 10, 20]],
      [{ width: 1, before: true }, [0, 0.5, 0.6, 9, 20], [0, 0.6, 9, 20]],
      [{ width: 1, widths: [{ metric: 't', width: 10 }] }, [0, 9, 11], [0, 11]],
      [{ width: 1, unusable: 'pass' }, [0, null, 'x', Number.NaN, 0.5], [0, null, 'x', Number.NaN]],
      [{ unusable: 'changes' }, ['open', 'open', 'shut', 1, 'shut'], ['open', 'shut', 1, 'shut']]
    ]
    for (const [options, given, then] of tables)
      it(`${JSON.stringify(options)}: of ${JSON.stringify(given)}`, () =>
        assert.deepEqual(passed(options, given), then))

    it('compares devices and metrics each with their own', () => {
      const { outputs, filtered } = run({ width: 1 }, [
        at(0, 1),
        at(1, 50, { device_id: 'b' }),
        at(2, 1.5),
        at(3, 90, { metric: 'h' }),
        at(4, 50.1, { device_id: 'b' })
      ])
      assert.deepEqual(
        outputs[0]?.map(({ value }) => value),
        [1, 50, 90]
      )
      assert.equal(filtered, 2)
    })

    it('rejects what is no number where it is told to', () => {
      const { rejected } = run({ unusable: 'reject' }, [
        at(0, '21'),
        at(1, null),
        at(2, Number.NaN)
      ])
      assert.deepEqual(
        rejected.map(({ reason }) => [reason.code, reason.path]),
        [
          ['NOT_A_NUMBER', 'value'],
          ['NOT_A_NUMBER', 'value'],
          ['NOT_A_NUMBER', 'value']
        ]
      )
    })

    it('passes what comes too late, and compares nothing with it', () => {
      const { outputs, late } = run({ width: 1 }, [at(10, 5), at(0, 5.2), at(20, 5.3)])
      assert.deepEqual(outputs[0]?.map(secondOf), [10, 0])
      assert.equal(late, 1)
    })

    it('waits for late records where it is told to, and a silence ends the wait', () => {
      const steps: Step[] = [at(10, 5), at(8, 1), at(12, 5.2), { silentMs: 20_000 }]
      const { outputs, late, filtered } = run({ width: 1, lateness: '5 s' }, steps)
      assert.deepEqual(outputs[0]?.map(secondOf), [8, 10])
      assert.deepEqual([late, filtered], [0, 1])
    })
  })

  describe('swinging door', () => {
    const curve = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), {
      minLength: 1,
      maxLength: 80
    })

    it('no line between two that passed is further from a value than the width', () => {
      fc.assert(
        fc.property(curve, fc.double({ min: 0, max: 50, noNaN: true }), (values, width) => {
          const points = values.map((value, index) => at(index * 10, value))
          const end = { silentMs: 700_000 }
          const { outputs } = run({ method: 'door', width, maxSilence: '10 min' }, [...points, end])
          const left = outputs[0]!
          assert.equal(left.at(-1)!.value, values.at(-1))
          for (const point of points) {
            const after = left.findIndex(each => secondOf(each) >= secondOf(point))
            const [from, to] = [left[Math.max(0, after - 1)]!, left[after]!]
            const span = secondOf(to) - secondOf(from)
            const share = span === 0 ? 0 : (secondOf(point) - secondOf(from)) / span
            const drawn = Number(from.value) + share * (Number(to.value) - Number(from.value))
            assert.ok(Math.abs(drawn - Number(point.value)) <= width + 1e-6)
          }
        })
      )
    })

    it('the last value leaves when nothing comes for too long', () => {
      const options = { method: 'door', width: 1, maxSilence: '1 min' }
      const { outputs } = run(options, [at(0, 5), at(10, 5), { silentMs: 80_000 }])
      assert.deepEqual(outputs[0]?.map(secondOf), [0, 10])
    })

    it('of two values at one time both pass if they differ', () =>
      assert.deepEqual(
        run({ method: 'door', width: 1 }, [at(0, 5), at(0, 5.5), at(0, 9)]).outputs[0]?.map(
          ({ value }) => value
        ),
        [5, 9]
      ))
  })

  describe('of each interval', () => {
    const minute = Array.from({ length: 13 }, (_, index) => at(index * 10, index))
    const kept = (keep: string, more: object = {}) =>
      run({ method: 'interval', every: '1 min', keep, ...more }, minute).outputs[0]

    it('the last, the first', () => {
      assert.deepEqual(
        kept('last')?.map(({ value }) => value),
        [5, 11]
      )
      assert.deepEqual(
        kept('first')?.map(({ value }) => value),
        [0, 6, 12]
      )
    })

    it('the average, at the time at which the interval begins', () =>
      assert.deepEqual(kept('mean'), [at(0, 2.5), at(60, 8.5)]))

    it('the points that keep the shape', () => {
      const spike = minute.map(record => ({ ...record, value: secondOf(record) === 20 ? 99 : 0 }))
      const { outputs } = run({ method: 'interval', keep: 'lttb', points: 3 }, spike)
      assert.deepEqual(outputs[0]?.slice(0, 3).map(secondOf), [0, 20, 50])
    })

    it('ends the last interval when nothing comes', () => {
      const { outputs } = run({ method: 'interval' }, [at(0, 1), { silentMs: 70_000 }])
      assert.deepEqual(outputs[0], [at(0, 1)])
    })

    it('keeps of a flood of points no more than it may', () => {
      const flood = Array.from({ length: 9_000 }, (_, n) => at(n / 1000, Math.sin(n)))
      const { outputs } = run({ method: 'interval', keep: 'lttb' }, [...flood, at(60, 0)])
      assert.equal(outputs[0]?.length, 10)
    })
  })

  describe('each record once', () => {
    it('in whatever order they come, by the time as it is written', () => {
      const fine = { ts_utc: '2026-03-01T10:00:02.000001Z' }
      const steps = [at(2, 1), at(1, 1), at(2, 1), at(1, 9), at(2, 1, fine), at(2, 1, fine)]
      const { outputs, filtered } = run({ method: 'duplicates' }, steps)
      assert.deepEqual(outputs[0], [at(2, 1), at(1, 1), at(2, 1, fine)])
      assert.equal(filtered, 3)
    })

    it('forgets what is older than it remembers', () => {
      const { outputs } = run({ method: 'duplicates', remember: '1 min' }, [
        at(0, 1),
        at(90, 1),
        at(0, 1)
      ])
      assert.equal(outputs[0]?.length, 3)
    })
  })

  describe('after a change of settings each key begins anew', () => {
    const settings: Record<string, unknown>[] = [
      {},
      { valueField: 'other' },
      { method: 'door' },
      ...['first', 'last', 'mean', 'lttb'].map(keep => ({ method: 'interval', keep })),
      { method: 'interval', every: '15 s' },
      { method: 'duplicates' }
    ]
    const both = (seconds: number, value: number) => at(seconds, value, { other: -value })
    const before = [both(60, 1), both(65, 1), both(70, 1.1)]
    const after: Step[] = [both(110, 1), both(120, 5), both(130, 5.1), both(200, 9)]
    for (const from of settings)
      it(`from ${JSON.stringify(from)}`, () => {
        const passedBefore = run(from, before).outputs[0]?.length ?? 0
        for (const to of settings.filter(each => each !== from)) {
          const redeployed = deadband(parseOptions(spec, to))
          const end = { silentMs: 3_700_000 }
          const { outputs, failed } = run(from, [...before, { redeployed }, ...after, end])
          const fresh = run(to, [...after, end])
          assert.deepEqual(outputs[0]?.slice(passedBefore), fresh.outputs[0], JSON.stringify(to))
          assert.deepEqual(failed, [])
        }
      })

    it('but for a width', () => {
      const redeployed = deadband(parseOptions(spec, { width: 3 }))
      const { outputs } = run({ width: 1 }, [at(0, 1), { redeployed }, at(10, 3), at(20, 5)])
      assert.deepEqual(outputs[0]?.map(secondOf), [0, 20])
    })
  })

  it('decides the same when it is kept and taken up between any two records', () => {
    const given = fc.array(
      fc.record({
        s: fc.nat(300),
        value: fc.integer({ min: 0, max: 5 }),
        device: fc.constantFrom('a', 'b')
      }),
      { maxLength: 40 }
    )
    const methods: Record<string, unknown>[] = [
      { width: 1, before: true, minPause: '5 s', maxSilence: '1 min', lateness: '1 min' },
      { method: 'door', width: 1, lateness: '1 min' },
      ...['first', 'last', 'mean', 'lttb'].map(keep => ({
        method: 'interval',
        keep,
        every: '30 s'
      })),
      { method: 'duplicates' }
    ]
    fc.assert(
      fc.property(given, fc.constantFrom(...methods), (records, options) => {
        const steps = records.map(({ s, value, device }) => at(s, value, { device_id: device }))
        const { memory, clock, bounds } = deadband(parseOptions(spec, options))
        // A silence is counted anew by each start.
        const busy = { ...clock, idleMs: Number.POSITIVE_INFINITY }
        const result = (restarts: boolean) =>
          runMemory(memory, steps, { clock: busy, bounds, restarts })
        assert.deepEqual(result(true), result(false))
      })
    )
  })

  it('refuses settings that do not go together', () => {
    for (const options of [
      { band: 'range', low: 5, high: 5 },
      { method: 'interval', every: '0 s' },
      { minPause: '1 h', maxSilence: '1 min' }
    ])
      assert.throws(() => run(options, []))
  })

  it('largest triangles: never more than asked for, in order, the ends among them', () => {
    const points = fc.array(
      fc.tuple(fc.nat(1000), fc.double({ noNaN: true, min: -1e6, max: 1e6 })),
      { minLength: 3, maxLength: 60 }
    )
    fc.assert(
      fc.property(points, fc.integer({ min: 3, max: 20 }), (given, count) => {
        const sorted = given.sort(([a], [b]) => a - b) as Point[]
        const chosen = largestTriangles(sorted, count)
        assert.equal(chosen.length, Math.min(count, sorted.length))
        assert.equal(chosen[0], sorted[0])
        assert.equal(chosen.at(-1), sorted.at(-1))
        const places = chosen.map(point => sorted.indexOf(point))
        assert.deepEqual(
          places,
          [...new Set(places)].sort((a, b) => a - b)
        )
      })
    )
  })
})
