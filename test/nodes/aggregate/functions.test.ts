/**
 * Each function against a computation that is as plain as can be: all values of a window at once.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { aggregate, BEGIN_MS, reading, rows, SILENCE } from './aggregate-of.ts'

const WINDOW_S = 60

/** Second and value. */
type Point = readonly [second: number, value: number]

/** Numbers as sensors send them, and such as make sums inexact. No square is too small. */
const value = fc.oneof(
  fc.integer({ min: -500, max: 5_000 }).map(tenths => tenths / 10),
  fc.double({ min: -1e9, max: 1e9, noNaN: true }).map(each => (Math.abs(each) < 1e-100 ? 0 : each)),
  fc.constantFrom(1e16, -1e16, 1, 0.1, 1e-9)
)
/** No two at the same time, in the order of time. */
const points = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 1_799 }), value), {
    minLength: 1,
    maxLength: 60,
    selector: ([tenth]) => tenth
  })
  .map(list => list.map(([tenth, each]): Point => [tenth / 10, each]).sort(([a], [b]) => a - b))

function byWindow(list: readonly Point[]): Map<number, Point[]> {
  const windows = new Map<number, Point[]>()
  for (const point of list) {
    const start = Math.floor(point[0] / WINDOW_S) * WINDOW_S
    windows.set(start, [...(windows.get(start) ?? []), point])
  }
  return windows
}

const plainly: Readonly<Record<string, (values: readonly number[]) => number | null>> = {
  min: values => Math.min(...values),
  max: values => Math.max(...values),
  range: values => Math.max(...values) - Math.min(...values),
  count: values => values.length,
  first: values => values[0]!,
  last: values => values.at(-1)!,
  distinct: values => new Set(values).size,
  'percentile:50': values => quantile(values, 0.5),
  'percentile:95': values => quantile(values, 0.95)
}

/** As NumPy and PERCENTILE_CONT have it. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)]!
  return below + ((sorted[Math.ceil(place)] ?? below) - below) * (place % 1)
}

/** A double as a fraction over 2^1074, which is exact. */
const SCALE = 1074n
function exactOf(number: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  const bits = view.getBigUint64(0)
  const exponent = (bits >> 52n) & 0x7ffn
  const fraction = bits & 0xfffffffffffffn
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n)
  return bits >> 63n === 1n ? -magnitude : magnitude
}
const exactSum = (values: readonly number[]) =>
  values.reduce((sum, each) => sum + exactOf(each), 0n)

/** Whether a double is as near to a fraction of two whole numbers as doubles can be. */
function isNearest(number: number, numerator: bigint, denominator: bigint): boolean {
  const off = (candidate: number) => {
    const difference = exactOf(candidate) * denominator - numerator
    return difference < 0n ? -difference : difference
  }
  return off(number) <= off(number * (1 + 2 ** -52)) && off(number) <= off(number * (1 - 2 ** -52))
}

const recordsOf = (list: readonly Point[]) => list.map(([second, each]) => reading(second, each))
const startOf = (record: TelemetryRecord) =>
  (Date.parse(String(record.window_start)) - BEGIN_MS) / 1000

function windowsBy(functions: readonly string[], list: readonly Point[]) {
  const options = { shape: 'wide', functions: rows(...functions), length: `${WINDOW_S} s` }
  const { results } = aggregate(options, [...recordsOf(list), SILENCE])
  return new Map(results.map(record => [startOf(record), record]))
}

describe('aggregate: functions', () => {
  it('give what a plain computation of all values gives', () =>
    fc.assert(
      fc.property(points, list => {
        const results = windowsBy(Object.keys(plainly), list)
        const expected = byWindow(list)
        assert.deepEqual([...results.keys()].sort(), [...expected.keys()].sort())
        for (const [start, own] of expected) {
          const values = own.map(([, each]) => each)
          for (const [name, plain] of Object.entries(plainly)) {
            const field = name.replace('percentile:', 'p')
            assert.equal(results.get(start)![field], plain(values), `${name} of ${values}`)
          }
        }
      })
    ))

  it('sums are the doubles nearest to the exact sum', () =>
    fc.assert(
      fc.property(points, list => {
        const results = windowsBy(['sum', 'avg'], list)
        for (const [start, own] of byWindow(list)) {
          const values = own.map(([, each]) => each)
          const sum = exactSum(values)
          const found = results.get(start)!
          assert.ok(isNearest(Number(found.sum), sum, 1n), `${found.sum} of ${values}`)
          const average = Number(found.avg)
          assert.ok(
            Math.abs(average - Number(found.sum) / values.length) <= Math.abs(average) * 2 ** -52
          )
        }
      })
    ))

  it('a deviation is exact to some digits, however far the values are from 0', () =>
    fc.assert(
      fc.property(points, list => {
        const results = windowsBy(['stddev', 'stddev_pop'], list)
        for (const [start, own] of byWindow(list)) {
          const values = own.map(([, each]) => exactOf(each))
          const count = BigInt(values.length)
          const sum = values.reduce((all, each) => all + each, 0n)
          const squares = values.reduce((all, each) => all + each * each, 0n)
          const found = results.get(start)!
          // n times the sum of squared distances, over 2^2148
          const distances = count * squares - sum * sum
          const near = (given: unknown, divisor: bigint) =>
            closeTo(Number(given) ** 2, distances, (count * divisor) << (2n * SCALE))
          assert.ok(near(found.stddev_pop, count), `${own} ${found.stddev_pop}`)
          if (count === 1n) assert.equal(found.stddev, null)
          else assert.ok(near(found.stddev, count - 1n), `${own} ${found.stddev}`)
        }
      })
    ))

  it('over time they give what going through every tenth of a second gives', () =>
    fc.assert(
      fc.property(points, list => {
        const whole = list.map(([second, each]): Point => [second, Math.round(each) % 1000])
        const results = windowsBy(['time_avg', 'increase:1000', 'seconds:7'], whole)
        for (const start of byWindow(whole).keys()) {
          const held: number[] = []
          for (let tenth = start * 10; tenth < (start + WINDOW_S) * 10; tenth++) {
            const before = whole.findLast(([second]) => Math.round(second * 10) <= tenth)
            if (before) held.push(before[1])
          }
          const found = results.get(start)!
          const average = held.reduce((sum, each) => sum + each, 0) / held.length
          assert.ok(Math.abs(Number(found.time_avg) - average) < 1e-9)
          assert.ok(
            Math.abs(Number(found.seconds_7) - held.filter(each => each === 7).length / 10) < 1e-9
          )
        }
        let risen = 0
        for (const [index, [, each]] of whole.entries()) {
          const before = whole[index - 1]?.[1] ?? each
          risen += each >= before ? each - before : each + 1000 - before
        }
        const total = [...results.values()].reduce(
          (sum, { increase }) => sum + Number(increase ?? 0),
          0
        )
        assert.ok(Math.abs(total - risen) < 1e-6)
      })
    ))

  it('a stretch counts once over time, also where a record lacks one of the fields', () => {
    const steps = [
      reading(0, 10, { state: 'open' }),
      reading(10, 20),
      reading(15, undefined, { state: 'open' }),
      reading(20, 30),
      reading(30, 40, { state: 'closed' })
    ]
    const functions = rows('seconds::state', 'time_avg')
    const options = { shape: 'wide', unusable: 'skip', functions }
    const [found] = aggregate(options, [...steps, SILENCE]).results
    assert.deepEqual(
      [found?.state_seconds_open, found?.state_seconds_closed, found?.time_avg],
      [30, 30, 30]
    )
  })

  it('percentiles of many values are near, and the same at every run', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ((index * 7919) % 10_007) / 100)
    const steps = many.map((each, index) => reading(index / 1_000, each))
    const once = () =>
      aggregate(
        { shape: 'wide', functions: rows('percentile:1', 'percentile:50', 'percentile:99.9') },
        [...steps, SILENCE]
      ).results[0]!
    const found = once()
    for (const [name, share] of [
      ['p1', 0.01],
      ['p50', 0.5],
      ['p99_9', 0.999]
    ] as const) {
      const rank = many.filter(each => each <= Number(found[name])).length / many.length
      assert.ok(Math.abs(rank - share) < 0.005, `${name} ${found[name]} has the rank ${rank}`)
    }
    assert.deepEqual(once(), found)
  })

  it('too many different values or states have a bound', () => {
    const steps = Array.from({ length: 1_100 }, (_, index) => reading(index / 100, `s${index}`))
    const { results } = aggregate({ shape: 'wide', functions: rows('distinct', 'seconds') }, [
      ...steps,
      SILENCE
    ])
    assert.equal(results[0]!.distinct, null)
    const seconds = Object.entries(results[0]!).filter(([name]) => name.startsWith('seconds_'))
    assert.equal(seconds.length, 51)
    const sum = seconds.reduce((all, [, each]) => all + Number(each), 0)
    assert.ok(Math.abs(sum - 60) < 1e-9)
  })
})

/** Within a millionth of a millionth of what is exact. */
function closeTo(found: number, numerator: bigint, denominator: bigint): boolean {
  const scaled = exactOf(found) * denominator
  const exact = numerator << SCALE
  const off = scaled > exact ? scaled - exact : exact - scaled
  return off * 1_000_000_000_000n <= exact
}
