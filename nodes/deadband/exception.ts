import type { TelemetryRecord } from '../../core/record/record.ts'
import type { Memory } from '../../core/state/types.ts'
import { type DeadbandSettings, isUsable, type OtherState, takeOther } from './settings.ts'

interface ExceptionState extends OtherState {
  /** The last value that passed, and when it was measured. */
  value?: number
  passedMs?: number
  /** The last record that was left out. */
  held?: TelemetryRecord | undefined
}

/** Report by exception: a value passes when it differs enough from the last one that passed. */
export function byException(settings: DeadbandSettings): Memory<ExceptionState> {
  const { keyOf, timeOf, valueIn, widthOf, maxSilenceMs, minPauseMs, options } = settings
  const isChanged = (last: number, value: number, record: TelemetryRecord) =>
    Math.abs(value - last) > widthOf(last, record)
  return {
    keyOf,
    timeOf,
    take(state = {}, record, timeMs, turn) {
      const value = valueIn(record)
      if (!isUsable(value)) {
        takeOther(settings, state, record, value, turn)
        return state.value === undefined && state.other === undefined ? undefined : state
      }
      const sinceMs = timeMs - (state.passedMs ?? Number.NEGATIVE_INFINITY)
      const wasOther = state.other !== undefined
      const changed = state.value === undefined || isChanged(state.value, value, record) || wasOther
      if (sinceMs < maxSilenceMs && (!changed || sinceMs < minPauseMs)) {
        if (options.before) state.held = record
        return state
      }
      if (changed && state.held !== undefined) turn.emit(0, state.held)
      turn.emit(0, record)
      return { value, passedMs: timeMs }
    },
    late: (record, _timeMs, turn) => turn.emit(0, record)
  }
}
