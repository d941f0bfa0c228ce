/** The same records in another order, and restarts between them, give the same results. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { TelemetryRecord } from '../../../core/record/record.ts'
import { aggregate, reading, rows, SILENCE } from './aggregate-of.ts'

const LATENESS_S = 40

const settings: readonly (readonly [name: string, options: Readonly<Record<string, unknown>>])[] = [
  [
    'tumbling',
    {
      functions: rows(
        'avg',
        'sum',
        'stddev',
        'min',
        'max',
        'range',
        'first',
        'last',
        'count',
        'distinct',
        'percentile:90'
      )
    }
  ],
  [
    'hopping',
    { window: 'hopping', length: '45 s', every: '20 s', functions: rows('avg', 'stddev', 'last') }
  ],
  [
    'tumbling over time',
    { functions: rows('time_avg', 'increase', 'seconds', 'avg'), silent: true, hold: '3 min' }
  ],
  ['sessions', { window: 'session', gap: '15 s', functions: rows('avg', 'count') }],
  ['with results so far', { early: '13 s', functions: rows('sum', 'time_avg') }]
]

/** Readings of two devices, no two of one device at the same time, in the order of time. */
const readings = fc
  .uniqueArray(
    fc.record({
      second: fc.integer({ min: 0, max: 400 }),
      device: fc.constantFrom('d1', 'd2'),
      value: fc.oneof(
        fc.integer({ min: 0, max: 9 }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(each => each + 0)
      ),
      location: fc.constantFrom('hall', 'hall', 'hall', 'yard')
    }),
    { minLength: 1, maxLength: 50, selector: ({ second, device }) => `${second} ${device}` }
  )
  .map(list => [...list].sort((a, b) => a.second - b.second))

/** Each moved back in the order by no more than the lateness allows. */
function shuffled<T extends { readonly second: number }>(list: readonly T[], seed: number): T[] {
  let random = seed
  const arrives = new Map(
    list.map(each => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff
      return [each, each.second + ((random >>> 8) % LATENESS_S)]
    })
  )
  return [...list].sort((a, b) => arrives.get(a)! - arrives.get(b)!)
}

/** Early results tell what was there so far, which is another thing in another order. */
const ofRows = (results: readonly TelemetryRecord[]) => {
  const rows = new Map<string, TelemetryRecord>()
  for (const record of results)
    if (record.final !== false)
      rows.set([record.ts_utc, record.device_id, record.metric].join(' '), record)
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
}

describe('aggregate: order', () => {
  for (const [name, options] of settings)
    it(`${name}: any order within the lateness gives the same results`, () =>
      fc.assert(
        fc.property(readings, fc.integer({ min: 1 }), fc.boolean(), (list, seed, restarts) => {
          const all = { ...options, lateness: `${LATENESS_S} s` }
          const recordsOf = (some: typeof list) =>
            some.map(({ second, device: device_id, value, location }) =>
              reading(second, value, { device_id, location })
            )
          const plain = aggregate(all, [...recordsOf(list), SILENCE])
          const other = aggregate(all, [...recordsOf(shuffled(list, seed)), SILENCE], { restarts })
          assert.deepEqual(ofRows(other.results), ofRows(plain.results))
          assert.equal(plain.lates.length + other.lates.length, 0)
          assert.ok(plain.results.length > 0 || !('avg' in options))
        })
      ))

  it('a restart between any two records changes nothing, also not the results so far', () =>
    fc.assert(
      fc.property(
        readings,
        fc.constantFrom(...settings.map(([, options]) => options)),
        (list, options) => {
          const steps = [
            ...list.map(({ second, device, value, location }) =>
              reading(second, value, { device_id: device, location })
            ),
            SILENCE
          ]
          const plain = aggregate(options, steps).results
          const restarted = aggregate(options, steps, { restarts: true }).results
          // what is due of two devices at the same time has no order
          for (const device of ['d1', 'd2']) {
            const own = ({ device_id }: TelemetryRecord) => device_id === device
            assert.deepEqual(restarted.filter(own), plain.filter(own))
          }
        }
      )
    ))
})
