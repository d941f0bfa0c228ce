import {
  defineMemory,
  durationMs,
  getter,
  keyBy,
  type Memory,
  timeBy
} from '@millrace/node-red-telemetry'
import { spec } from './value-change.spec.js'

/** What is remembered of a key is its last value. */
export default defineMemory(spec, ({ key, timeField, valueField, ahead, maxKeys, maxAge }) => {
  const valueIn = getter(valueField)
  const memory: Memory<number> = {
    keyOf: keyBy(key.map(({ field }) => field)),
    timeOf: timeBy(timeField),
    take(before, record, _timeMs, turn) {
      const value = valueIn(record)
      if (typeof value !== 'number') {
        const message = `The field ${valueField} is no number.`
        turn.reject({ code: 'NOT_A_NUMBER', message, path: valueField })
        return before
      }
      turn.emit(0, { ...record, change: value - (before ?? value) })
      return value
    }
  }
  return {
    memory,
    // Records are taken as they come, and those of one key wait for no other.
    clock: {
      runs: 'key',
      latenessMs: 0,
      idleMs: 5_000,
      aheadMs: durationMs(ahead) ?? 0,
      ordered: false
    },
    bounds: { maxKeys, maxAgeMs: durationMs(maxAge) ?? 0 }
  }
})
