import { getter } from '../../core/record/field-path.ts'
import type { Memory } from '../../core/state/types.ts'
import { type DeadbandSettings, msOf } from './settings.ts'

interface SeenState {
  /** The times of the records that passed, as they were written, in their order. */
  readonly seen: [timeMs: number, written: string][]
}

/** So many times of a key are remembered. */
const MAX_SEEN = 1_000

/** Leaves out a record of a key and time that came already, in whatever order they come. */
export function duplicates({ keyOf, timeOf, options }: DeadbandSettings): Memory<SeenState> {
  const timeIn = getter(options.timeField)
  const rememberMs = msOf(options.remember)
  return {
    keyOf,
    timeOf,
    take(state = { seen: [] }, record, timeMs, turn) {
      const { seen } = state
      const written = String(timeIn(record))
      let at = seen.length
      while (at > 0 && seen[at - 1]![0] > timeMs) at--
      for (let same = at - 1; same >= 0 && seen[same]![0] === timeMs; same--)
        if (seen[same]![1] === written) return state
      turn.emit(0, record)
      seen.splice(at, 0, [timeMs, written])
      const oldestMs = seen.at(-1)![0] - rememberMs
      let old = Math.max(0, seen.length - MAX_SEEN)
      while (seen[old]![0] < oldestMs) old++
      if (old > 0) seen.splice(0, old)
      return state
    }
  }
}
