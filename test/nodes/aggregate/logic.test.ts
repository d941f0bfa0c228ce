import assert from 'node:assert/strict'
import type { Step } from '../../core/state/run-memory.ts'
import { aggregate, BEGIN_MS, reading, rows, SILENCE, told } from './aggregate-of.ts'

interface Case {
  readonly name: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly given: readonly Step[]
  /** Start and end of each window in seconds, count, and the value. */
  readonly then: readonly (readonly unknown[])[]
  readonly late?: number
}

const at = (...pairs: readonly (readonly [seconds: number, value: unknown])[]) =>
  pairs.map(([seconds, value]) => reading(seconds, value))
const of = (row: string, more: object = {}) => ({ functions: rows(row), ...more })
const none = { lateness: '0 s' }

const cases: readonly Case[] = [
  {
    name: 'tumbling: the start belongs to the window, the end to the next',
    given: [...at([0, 1], [59.999, 3], [60, 10]), SILENCE],
    then: [
      [0, 60, 2, 2],
      [60, 120, 1, 10]
    ]
  },
  {
    name: 'a window is closed when a record comes that is newer than its end by the lateness',
    options: of('avg', { lateness: '10 s' }),
    given: at([0, 1], [69, 2], [30, 5], [70, 4]),
    then: [[0, 60, 2, 3]]
  },
  {
    name: 'what comes for a closed window is late',
    options: of('sum', none),
    given: [...at([0, 1], [60, 2], [59, 9], [61, 3]), SILENCE],
    then: [
      [0, 60, 1, 1],
      [60, 120, 2, 5]
    ],
    late: 1
  },
  {
    name: 'a silent device: the computer lets its window close',
    options: of('sum', { idle: '1 min' }),
    given: [...at([0, 1]), { silentMs: 60_000 + 69_000 }],
    then: []
  },
  {
    name: 'and not before it was silent for so long, and the lateness is over',
    options: of('sum', { idle: '1 min' }),
    given: [...at([0, 1]), { silentMs: 60_000 + 70_000 }],
    then: [[0, 60, 1, 1]]
  },
  {
    name: 'windows without a record have no result',
    given: [...at([0, 1], [300, 2]), SILENCE],
    then: [
      [0, 60, 1, 1],
      [300, 360, 1, 2]
    ]
  },
  {
    name: 'hopping: a record counts in each window that covers it',
    options: of('sum', { window: 'hopping', length: '30 s', every: '10 s' }),
    given: [...at([5, 1], [25, 10]), SILENCE],
    then: [
      [-20, 10, 1, 1],
      [-10, 20, 1, 1],
      [0, 30, 2, 11],
      [10, 40, 1, 10],
      [20, 50, 1, 10]
    ]
  },
  {
    name: 'hopping by what does not divide the length',
    options: of('sum', { window: 'hopping', length: '25 s', every: '10 s' }),
    given: [...at([5, 1]), SILENCE],
    then: [
      [-10, 15, 1, 1],
      [0, 25, 1, 1]
    ]
  },
  {
    name: 'a session ends after silence',
    options: of('sum', { window: 'session', gap: '30 s' }),
    given: [...at([0, 1], [29, 2], [58, 3], [88, 4]), SILENCE],
    then: [
      [0, 88, 3, 6],
      [88, 118, 1, 4]
    ]
  },
  {
    name: 'records out of order make the same sessions',
    options: of('sum', { window: 'session', gap: '30 s', lateness: '1 min' }),
    given: [...at([58, 3], [0, 1], [29, 2]), SILENCE],
    then: [[0, 88, 3, 6]]
  },
  {
    name: 'before 1970',
    given: [
      { ...reading(0, 1), ts_utc: '1969-12-31T23:59:30Z' },
      { ...reading(0, 3), ts_utc: '1969-12-31T23:59:59Z' },
      SILENCE
    ],
    then: [[-BEGIN_MS / 1000 - 60, -BEGIN_MS / 1000, 2, 2]]
  },
  {
    name: 'average over time: a value holds until the next, that before the window holds in it',
    options: of('time_avg'),
    given: [...at([0, 10], [30, 20], [90, 40]), SILENCE],
    then: [
      [0, 60, 2, 15],
      [60, 120, 1, 30]
    ]
  },
  {
    name: 'it begins with the first value that is known',
    options: of('time_avg'),
    given: [...at([30, 10], [45, 30]), SILENCE],
    then: [[0, 60, 2, 20]]
  },
  {
    name: 'a value holds at most so long',
    options: of('time_avg', { hold: '15 s' }),
    given: [...at([0, 10], [45, 30]), SILENCE],
    then: [[0, 60, 2, 20]]
  },
  {
    name: 'a counter is set back: it has counted from 0 since',
    options: of('increase'),
    given: [...at([0, 100], [30, 110], [50, 4], [70, 10]), SILENCE],
    then: [
      [0, 60, 3, 14],
      [60, 120, 1, 6]
    ]
  },
  {
    name: 'or has passed its limit',
    options: of('increase:256'),
    given: [...at([0, 250], [30, 4]), SILENCE],
    then: [[0, 60, 2, 10]]
  },
  {
    name: 'a counter of which one value is known has no increase',
    options: of('increase'),
    given: [...at([0, 100]), SILENCE],
    then: []
  },
  {
    name: 'seconds in a state',
    options: of('seconds:open'),
    given: [...at([10, 'open'], [25, 'shut'], [50, 'open'], [70, 'shut']), SILENCE],
    then: [
      [0, 60, 3, 25],
      [60, 120, 1, 10]
    ]
  },
  {
    name: 'windows without a record, as long as a value holds',
    options: of('seconds:open', { silent: true, hold: '130 s' }),
    given: [...at([30, 'open']), SILENCE],
    then: [
      [0, 60, 1, 30],
      [60, 120, 0, 60],
      [120, 180, 0, 40]
    ]
  },
  {
    name: 'also between two records',
    options: of('seconds:open', { silent: true }),
    given: [...at([30, 'open'], [150, 'shut']), { silentMs: 125_000 }],
    then: [
      [0, 60, 1, 30],
      [60, 120, 0, 60],
      [120, 180, 1, 30]
    ]
  },
  {
    name: 'different values',
    options: of('distinct'),
    given: [...at([0, 'a'], [1, 'b'], [2, 'a'], [3, 1], [4, '1']), SILENCE],
    then: [[0, 60, 5, 4]]
  },
  {
    name: 'first and last by their times',
    options: of('last', { lateness: '1 min' }),
    given: [...at([30, 'new'], [10, 'old']), SILENCE],
    then: [[0, 60, 2, 'new']]
  }
]

describe('aggregate: windows', () => {
  for (const { name, options = of('avg'), given, then, late = 0 } of cases) {
    for (const restarts of [false, true]) {
      it(restarts ? `${name}, restarted after each record` : name, () => {
        const { results, lates, rejected } = aggregate(options, given, { restarts })
        assert.deepEqual(told(results, 'count', 'value'), then)
        assert.equal(lates.length, late)
        assert.deepEqual(rejected, [])
      })
    }
  }

  it('each key has windows of its own', () => {
    const { results } = aggregate({}, [
      reading(0, 1),
      reading(1, 5, { device_id: 'd2' }),
      reading(2, 7, { metric: 'flow' }),
      SILENCE
    ])
    assert.deepEqual(
      results.map(({ device_id, metric, value }) => `${device_id} ${metric} ${value}`).sort(),
      ['d1 flow_avg 7', 'd1 level_avg 1', 'd2 level_avg 5']
    )
  })

  it('no two keys look the same', () => {
    const names = [
      ['a', 'b,1:c'],
      ['a,3:b', 'c'],
      ['a', 1],
      ['a', '1'],
      ['a', true],
      ['', 'a']
    ]
    const { keys } = aggregate(
      {},
      names.map(([device_id, metric]) => reading(0, 1, { device_id, metric }))
    )
    assert.equal(keys, names.length)
  })

  it('all records together where there is no key', () => {
    const { results } = aggregate({ key: [], functions: rows('sum') }, [
      reading(0, 1),
      reading(1, 5, { device_id: 'd2' }),
      SILENCE
    ])
    assert.deepEqual(results, [
      {
        metric: 'sum',
        value: 6,
        ts_utc: '2026-01-31T00:00:00.000Z',
        window_start: '2026-01-31T00:00:00.000Z',
        window_end: '2026-01-31T00:01:00.000Z',
        count: 2
      }
    ])
  })

  it('one clock for all: a device that was away is late', () => {
    const options = { runs: 'all', lateness: '0 s' }
    const steps = [reading(0, 1), reading(600, 1, { device_id: 'd2' }), reading(1, 5)]
    assert.equal(aggregate(options, steps).lates.length, 1)
    assert.equal(aggregate({ ...options, runs: 'key' }, steps).lates.length, 0)
  })

  it('results so far', () => {
    const options = { functions: rows('sum', 'time_avg'), early: '20 s', shape: 'wide' }
    const steps = [...at([0, 1], [25, 3], [75, 5]), SILENCE]
    const { results } = aggregate({ ...options, lateness: '0 s' }, steps)
    assert.deepEqual(told(results, 'count', 'sum', 'time_avg', 'final'), [
      [0, 60, 1, 1, 1, false],
      [0, 60, 2, 4, (25 + 15 * 3) / 40, false],
      [0, 60, 2, 4, (25 + 35 * 3) / 60, true],
      [60, 120, 1, 5, (15 * 3 + 5 * 5) / 20, false],
      [60, 120, 1, 5, (15 * 3 + 25 * 5) / 40, false],
      [60, 120, 1, 5, (15 * 3 + 45 * 5) / 60, true]
    ])
  })

  it('one wide record, with names of its own, and fields that all agree in', () => {
    const { results } = aggregate(
      {
        shape: 'wide',
        functions: rows('avg', 'max:::highest', 'percentile:50', 'sum::meta.weight'),
        timeIs: 'end',
        startTo: 'from',
        endTo: '',
        countTo: 'n',
        keep: [{ field: 'location' }, { field: 'unit' }]
      },
      [
        reading(0, 1, { location: 'hall', unit: 'm', meta: { weight: 2 } }),
        reading(1, 2, { location: 'hall', unit: 'cm', meta: { weight: 3 } }),
        SILENCE
      ]
    )
    assert.deepEqual(results, [
      {
        device_id: 'd1',
        metric: 'level',
        ts_utc: '2026-01-31T00:01:00.000Z',
        from: '2026-01-31T00:00:00.000Z',
        n: 2,
        location: 'hall',
        avg: 1.5,
        highest: 2,
        p50: 1.5,
        meta: { weight_sum: 5 }
      }
    ])
  })

  it('each state has a record, whatever it is called', () => {
    const steps = [...at([0, '__proto__'], [10, 'constructor'], [30, '__proto__']), SILENCE]
    const { results } = aggregate({ functions: rows('seconds') }, steps)
    assert.deepEqual(
      results.map(({ metric, value }) => [metric, value]),
      [
        ['level_seconds___proto__', 40],
        ['level_seconds_constructor', 20]
      ]
    )
  })

  it('open windows have a bound', () => {
    const options = { maxOpen: 2, lateness: '1 h' }
    const { rejected, results } = aggregate(options, [...at([0, 1], [60, 1], [120, 1]), SILENCE])
    assert.deepEqual(
      rejected.map(({ reason }) => reason.code),
      ['STATE_FULL']
    )
    assert.equal(results.length, 0)
  })
})
