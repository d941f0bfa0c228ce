import assert from 'node:assert/strict'
import fc from 'fast-check'
import { keyBy, TIMELESS, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'
import { type Ran, runMemory, type Step } from './run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (seconds: number, value: unknown = 1, device = 'a') => ({
  device_id: device,
  value,
  ts: T0 + seconds * 1000
})
const seconds = (record: object) => ((record as { ts: number }).ts - T0) / 1000

/** Counts and sums what comes in windows of ten seconds. */
interface Windows {
  [start: string]: { n: number; sum: number }
}
const windows: Memory<Windows> = {
  keyOf: keyBy(['device_id']),
  timeOf: timeBy('ts'),
  take(state = {}, record, timeMs, turn) {
    const start = timeMs - (timeMs % 10_000)
    if (start + 10_000 <= turn.clockMs) {
      turn.emit(1, record)
      return state
    }
    state[start] ??= { n: 0, sum: 0 }
    const window = state[start]
    window.n++
    window.sum += Number(record.value)
    turn.absorb()
    return state
  },
  dueMs: state => Math.min(...Object.keys(state).map(start => Number(start) + 10_000)),
  due(state, timeMs, turn) {
    turn.emit(0, { start: seconds({ ts: timeMs - 10_000 }), ...state[timeMs - 10_000] })
    delete state[timeMs - 10_000]
    return Object.keys(state).length > 0 ? state : undefined
  }
}

/** Passes each record with the one before it. */
const before: Memory<{ value: unknown }> = {
  keyOf: keyBy(['device_id']),
  timeOf: timeBy('ts'),
  take(state, record, _timeMs, turn) {
    turn.emit(0, { at: seconds(record), value: record.value, before: state?.value ?? null })
    return { value: record.value }
  },
  late: (record, _timeMs, turn) => turn.emit(1, record)
}

/** Says when nothing came for 30 s, again and again. */
const silence: Omit<Memory<{ untilMs: number }>, 'expect'> = {
  keyOf: keyBy(['device_id']),
  timeOf: timeBy('ts'),
  take: (_state, record, timeMs, turn) => {
    turn.emit(0, record)
    return { untilMs: timeMs + 30_000 }
  },
  dueMs: state => state.untilMs,
  due(_state, timeMs, turn) {
    turn.emit(1, { silent: seconds({ ts: timeMs }) })
    return { untilMs: timeMs + 30_000 }
  }
}

/** Fails at what is due of the device `bad`, or wants to do it again and again. */
const failing = (fails: () => number): Memory<{ untilMs: number; isBad: boolean }> => ({
  ...silence,
  take(state, record, timeMs, turn) {
    const { untilMs } = silence.take(state, record, timeMs, turn)!
    return { untilMs, isBad: record.device_id === 'bad' }
  },
  due(state, timeMs, turn) {
    if (state.isBad) return { ...state, untilMs: fails() + timeMs }
    return { ...state, ...silence.due!(state, timeMs, turn) }
  }
})

/** What is due at the same time comes in any order. */
const sorted = (ran: Ran) => ({
  ...ran,
  outputs: ran.outputs.map(records => records.map(record => JSON.stringify(record)).sort())
})

describe('engine of what is remembered', () => {
  it('ends windows by the time of records, for each key by its own', () => {
    const { outputs, absorbed, keys } = runMemory(windows, [
      at(0, 1),
      at(3, 2),
      at(1, 10, 'b'),
      at(12, 5),
      at(25, 1)
    ])
    assert.deepEqual(outputs[0], [
      { start: 0, n: 2, sum: 3 },
      { start: 10, n: 1, sum: 5 }
    ])
    assert.deepEqual([absorbed, keys], [5, 2])
  })

  it('with one clock for all, ends the windows of keys that are silent', () => {
    const { outputs } = runMemory(windows, [at(0, 1), at(1, 10, 'b'), at(12, 5)], {
      clock: { runs: 'all' }
    })
    assert.deepEqual(outputs[0], [
      { start: 0, n: 1, sum: 1 },
      { start: 0, n: 1, sum: 10 }
    ])
  })

  it('waits for the slowest partition, and leaves out one that is idle', () => {
    const steps: Step[] = [
      { given: at(0), partition: '0' },
      { given: at(1), partition: '1' },
      { given: at(15), partition: '0', atMs: T0 + 5_500 }
    ]
    const clock = { runs: 'all', idleMs: 5_000 } as const
    assert.deepEqual(runMemory(windows, steps, { clock }).outputs, [])
    const { outputs } = runMemory(windows, [...steps, { silentMs: 1_000 }], { clock })
    assert.deepEqual(outputs, [[{ start: 0, n: 2, sum: 2 }]])
  })

  it('gives records of a key in the order of their times, and tells which are late', () => {
    const { outputs, late } = runMemory(
      before,
      [at(0, 'a'), at(4, 'c'), at(2, 'b'), at(20, 'd'), at(3, 'x')],
      {
        clock: { ordered: true, latenessMs: 5_000 }
      }
    )
    assert.deepEqual(
      outputs[0]?.map(({ value, before }) => [value, before]),
      [
        ['a', null],
        ['b', 'a'],
        ['c', 'b']
      ]
    )
    assert.deepEqual([outputs[1], late], [[at(3, 'x')], 1])
  })

  it('lets time go on while nothing comes', () => {
    const { outputs } = runMemory(silence, [at(0), { silentMs: 100_000 }], {
      clock: { idleMs: 5_000 }
    })
    assert.deepEqual(outputs[1], [{ silent: 30 }, { silent: 60 }, { silent: 90 }])
  })

  it('lets a silence go on after restarts, without the time in which nothing ran', () => {
    const down = { downMs: 3_600_000 }
    // Each start gives five seconds to what was held up, and a silence begins after five.
    const steps = [at(0), { silentMs: 20_000 }, down, { silentMs: 9_000 }, down]
    const clock = { idleMs: 5_000 }
    const before = runMemory(silence, [...steps, { silentMs: 15_000 }], { clock })
    assert.deepEqual(before.outputs[1], undefined)
    const after = runMemory(silence, [...steps, { silentMs: 17_000 }], { clock })
    assert.deepEqual(after.outputs[1], [{ silent: 30 }])
    const forAll = runMemory(silence, [...steps, { silentMs: 17_000 }], {
      clock: { ...clock, runs: 'all' }
    })
    assert.deepEqual(forAll.outputs[1], [{ silent: 30 }])
  })

  it('is not heard by a record without a time, which comes now', () => {
    const asked: number[] = []
    const timeless: Memory<{ untilMs: number }> = {
      ...silence,
      timeOf: record => (record.ts === undefined ? TIMELESS : (record.ts as number)),
      take(state, record, timeMs, turn) {
        if (timeMs !== TIMELESS) return silence.take(state, record, timeMs, turn)
        asked.push(seconds({ ts: turn.clockMs }))
        return state
      }
    }
    const command = { device_id: 'a' }
    const steps = [at(0), { silentMs: 20_000 }, command, { silentMs: 20_000 }, command]
    const { outputs } = runMemory(timeless, steps, { clock: { idleMs: 5_000 } })
    assert.deepEqual([outputs[1], asked], [[{ silent: 30 }], [15, 35]])
  })

  const faults: [name: string, fails: () => number, failed: RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('broken')
      },
      /^bad: Error: broken$/
    ],
    ['comes at the same time again', () => 0, /^bad: .* due at that time again/]
  ]
  for (const [name, fails, told] of faults)
    for (const runs of ['key', 'all'] as const)
      it(`forgets a key of which what is due ${name}, and goes on: a clock of ${runs}`, () => {
        const steps: Step[] = [at(0, 1, 'bad'), at(0), { silentMs: 40_000 }, { silentMs: 60_000 }]
        const clock = { runs, idleMs: 5_000 }
        const { outputs, failed, keys } = runMemory(failing(fails), steps, { clock })
        assert.deepEqual(outputs[1], [{ silent: 30 }, { silent: 60 }, { silent: 90 }])
        assert.equal(failed.length, 1)
        assert.match(failed[0]!, told)
        assert.equal(keys, 1)
      })

  it('rejects a record at which the memory fails, also one that waited, and begins anew', () => {
    const broken: Memory<{ value: unknown }> = {
      ...before,
      take(state, record, timeMs, turn) {
        if (record.value === 'broken') throw new Error('broken')
        return before.take(state, record, timeMs, turn)
      }
    }
    const steps = [at(0, 'a'), at(2, 'broken'), at(4, 'b'), at(6, 'c'), at(30, 'd')]
    for (const ordered of [false, true]) {
      const clock = { ordered, latenessMs: 5_000 }
      const { outputs, rejected, failed } = runMemory(broken, steps, { clock })
      const values = outputs[0]?.slice(0, 3).map(({ value, before }) => [value, before])
      assert.deepEqual(values, [
        ['a', null],
        ['b', null],
        ['c', 'b']
      ])
      assert.deepEqual(
        rejected.map(({ reason }) => reason.code),
        ['STATE_FAILED']
      )
      assert.deepEqual(failed, ['a: Error: broken'])
    }
  })

  it('says the same of a silence when records come, as in a replay', () => {
    const { outputs } = runMemory(silence, [at(0), at(75)])
    assert.deepEqual(outputs[1], [{ silent: 30 }, { silent: 60 }])
  })

  it('rejects what is one key too many, and forgets old ones first', () => {
    const bounds = { maxKeys: 2, maxAgeMs: 60_000 }
    const three = [at(0, 1, 'a'), at(1, 1, 'b'), at(2, 1, 'c')]
    assert.deepEqual(
      runMemory(before, three, { bounds }).rejected.map(({ reason }) => reason.code),
      ['STATE_FULL']
    )
    const old = [at(0, 1, 'a'), at(50, 1, 'b'), at(70, 2, 'b'), at(71, 1, 'c')]
    assert.deepEqual(runMemory(before, old, { bounds }).rejected, [])
  })

  it('forgets a key of which nothing came for too long', () => {
    const { outputs } = runMemory(before, [at(0, 1), at(100, 2)], { bounds: { maxAgeMs: 60_000 } })
    assert.deepEqual(
      outputs[0]?.map(({ before }) => before),
      [null, null]
    )
  })

  it('rejects what has no time, no key or one from the future', () => {
    const { rejected } = runMemory(
      before,
      [
        { value: 1, ts: T0 },
        { device_id: 'a' },
        { device_id: 'a', ts: 'soon' },
        { given: at(100), atMs: T0 },
        at(0)
      ],
      { clock: { aheadMs: 60_000 } }
    )
    assert.deepEqual(
      rejected.map(({ reason }) => reason.code),
      ['KEY_MISSING', 'TS_MISSING', 'TS_UNPARSABLE', 'TS_FUTURE']
    )
  })

  /** Lets everything before come to its end. */
  const ENDS = ['a', 'b', 'c'].map(device => ({ s: 1000, value: 0, device }))

  const readings = fc.array(
    fc.record({
      s: fc.integer({ min: 0, max: 100 }),
      value: fc.integer(),
      device: fc.constantFrom('a', 'b', 'c')
    }),
    { maxLength: 40 }
  )

  it('gives the same whether or not it was kept and taken up between any two records', () => {
    fc.assert(
      fc.property(readings, fc.constantFrom('key', 'all'), fc.boolean(), (given, runs, ordered) => {
        const steps = [...given, ...ENDS].map(({ s, value, device }) => at(s, value, device))
        const clock = { runs, ordered, latenessMs: 7_000 } as const
        for (const memory of [windows, before, silence] as Memory<unknown>[]) {
          const kept = runMemory(memory, steps, { clock, restarts: true })
          assert.deepEqual(sorted(kept), sorted(runMemory(memory, steps, { clock })))
        }
      })
    )
  })

  it('gives the same in whatever order records come within the lateness', () => {
    const shuffled = fc.uniqueArray(
      fc.record({
        s: fc.integer({ min: 0, max: 300 }),
        jitter: fc.integer({ min: 0, max: 19 }),
        device: fc.constantFrom('a', 'b')
      }),
      { maxLength: 60, selector: ({ s, device }) => `${s} ${device}` }
    )
    fc.assert(
      fc.property(shuffled, fc.constantFrom('key', 'all'), (given, runs) => {
        const inOrder = [...given].sort((a, b) => a.s - b.s)
        const anyhow = [...given].sort((a, b) => a.s + a.jitter - b.s - b.jitter)
        const end = [at(1000, 0, 'a'), at(1000, 0, 'b')]
        const run = (records: typeof given, memory: Memory<unknown>, ordered: boolean) => {
          const steps = [...records.map(({ s, device }) => at(s, s, device)), ...end]
          const { outputs, rejected, late } = runMemory(memory, steps, {
            clock: { runs, ordered, latenessMs: 20_000 }
          })
          const texts = outputs.map(records => records.map(record => JSON.stringify(record)).sort())
          return { texts, rejected, late }
        }
        assert.deepEqual(
          run(anyhow, windows as Memory<unknown>, false),
          run(inOrder, windows as Memory<unknown>, false)
        )
        for (const memory of [windows, before] as Memory<unknown>[])
          assert.deepEqual(run(anyhow, memory, true), run(inOrder, memory, true))
      })
    )
  })
})
