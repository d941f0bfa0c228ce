import assert from 'node:assert/strict'
import { keyBy, timeBy } from '../../../core/state/keyed.ts'
import type { Memory } from '../../../core/state/types.ts'
import { runMemory, type Step } from './run-memory.ts'

const T0 = Date.parse('2026-03-01T10:00:00Z')
const at = (seconds: number, topic: string): Step => ({
  given: { device_id: 'a', ts: T0 + seconds * 1000 },
  message: { topic }
})

/** The topic of what each record came in, and `due` where something is. */
describe('what a record has come in', () => {
  const topicsOf = (steps: readonly Step[], ordered: boolean) => {
    const told: unknown[] = []
    const memory: Memory<{ untilMs: number }> = {
      keyOf: keyBy(['device_id']),
      timeOf: timeBy('ts'),
      dueMs: ({ untilMs }) => untilMs,
      take(_state, _record, timeMs, turn) {
        told.push(turn.message?.topic)
        return { untilMs: timeMs + 2_000 }
      },
      due(_state, _timeMs, turn) {
        told.push(turn.message === undefined ? 'due' : 'wrong')
        return undefined
      }
    }
    runMemory(memory, steps, { clock: { ordered, latenessMs: ordered ? 5_000 : 0 } })
    return told
  }

  it('is known when it is taken, and not of what is due meanwhile', () =>
    assert.deepEqual(topicsOf([at(0, 'x'), at(1, 'y'), at(9, 'z')], false), ['x', 'y', 'due', 'z']))

  it('is not known of a record that has waited for the clock', () =>
    assert.deepEqual(topicsOf([at(0, 'x'), at(9, 'y')], true), [undefined, 'due']))
})
