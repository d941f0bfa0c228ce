import assert from 'node:assert/strict'
import fc from 'fast-check'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'
import { FlakyWorld, type LogEntry } from './flaky-world.ts'
import { happenings } from './happenings.ts'

/** Passes every record, and tells how many came and what they add up to in ten seconds. */
interface Sums {
  [start: string]: [count: number, sum: number]
}
const sums: Memory<Sums> = {
  keyOf: keyBy(['device']),
  timeOf: timeBy('ts'),
  take(state = {}, record, timeMs, turn) {
    turn.emit(0, record)
    const start = String(timeMs - (timeMs % 10_000))
    const [count, sum] = state[start] ?? [0, 0]
    state[start] = [count + 1, sum + Number(record.id)]
    return state
  },
  dueMs: state => Math.min(...Object.keys(state).map(start => Number(start) + 10_000)),
  due(state, timeMs, turn) {
    const start = String(timeMs - 10_000)
    turn.emit(1, { start, window: state[start] })
    delete state[start]
    return state
  }
}

const T0 = Date.parse('2026-03-01T10:00:00Z')
const LATENESS_MS = 120_000

interface Drawn {
  readonly second: number
  readonly device: string
  readonly parts: number
}

const partitions = fc.array(
  fc.array(
    fc.record({
      second: fc.nat(100),
      device: fc.constantFrom('a', 'b', 'c'),
      parts: fc.constantFrom(1, 1, 1, 3)
    }),
    { minLength: 1, maxLength: 12 }
  ),
  { minLength: 1, maxLength: 3 }
)

/** Each record has a number of its own; the last of each partition ends all windows. */
function logOf(drawn: readonly (readonly Drawn[])[]): LogEntry[][] {
  let id = 0
  const entry = ({ second, device, parts }: Drawn): LogEntry =>
    Array.from({ length: parts }, () => ({ device, ts: T0 + second * 1000, id: ++id }))
  return drawn.map(entries => entries.map(entry))
}
const ENDS = ['a', 'b', 'c'].map(device => [{ device, ts: T0 + 10_000_000, id: 0 }])

describe('what is counted, when records come again in any way', () => {
  for (const [runs, ordered, isShared] of [
    ['key', false, false],
    ['all', false, false],
    ['key', true, false],
    ['all', true, false],
    ['key', false, true],
    ['all', true, true]
  ] as const)
    it(`is what one undisturbed run counts: a clock of ${runs}, ${ordered ? '' : 'not '}in order${isShared ? ', partitions that move' : ''}`, () => {
      const remembering = {
        memory: sums,
        clock: {
          runs,
          ordered,
          latenessMs: LATENESS_MS,
          idleMs: Number.POSITIVE_INFINITY,
          aheadMs: 1e15
        },
        bounds: { maxKeys: 100, maxAgeMs: Number.POSITIVE_INFINITY }
      }
      fc.assert(
        fc.property(partitions, happenings, (drawn, events) => {
          const log = logOf(drawn)
          const undisturbed = new FlakyWorld(remembering, log, isShared)
          undisturbed.settle()
          const disturbed = new FlakyWorld(remembering, log, isShared)
          for (const event of events) disturbed.happen(event)
          disturbed.settle()
          for (const world of [undisturbed, disturbed]) world.finish(ENDS)
          assert.deepEqual([...disturbed.rows].sort(), [...undisturbed.rows].sort())
          assert.ok(undisturbed.rows.size > log.flat(2).length)
        }),
        { numRuns: 300 }
      )
    })
})
