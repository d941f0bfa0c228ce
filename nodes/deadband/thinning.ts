import { cloneRecord } from '../../core/record/clone-record.ts'
import { setter } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import type { Memory, Turn } from '../../core/state/types.ts'
import { largestTriangles, type Point } from './largest-triangles.ts'
import { type DeadbandSettings, isUsable, msOf, notANumber } from './settings.ts'

/** A point of an interval, with its record. */
type RecordPoint = [...Point, record: TelemetryRecord]

interface IntervalState {
  readonly startMs: number
  /** It is over: kept so that what is of it comes too late. */
  isOver?: boolean
  last?: TelemetryRecord
  count?: number
  sum?: number
  points?: RecordPoint[]
}

/** Of more points than that, an interval keeps those that matter most. */
const MAX_POINTS = 4_000

/** Keeps one record, or a few, of each interval of a key. */
export function thinning(settings: DeadbandSettings): Memory<IntervalState> {
  const { keyOf, timeOf, options } = settings
  const everyMs = msOf(options.every)
  const keeping = KEEPING[options.keep](settings)
  return {
    keyOf,
    timeOf,
    take(given, record, timeMs, turn) {
      const begun = given === undefined || given.isOver ? undefined : given
      const state = begun ?? { startMs: Math.floor(timeMs / everyMs) * everyMs }
      return keeping.add(state, record, timeMs, turn) ? state : given
    },
    late: (record, _timeMs, turn) => turn.emit(0, record),
    dueMs: ({ startMs, isOver }) => (isOver ? undefined : startMs + everyMs),
    due(state, _timeMs, turn) {
      keeping.end(state, turn)
      return { startMs: state.startMs, isOver: true }
    }
  }
}

/** How the records of an interval become those that leave. */
interface Keeping {
  /** False if the record does not count. */
  add(state: IntervalState, record: TelemetryRecord, timeMs: number, turn: Turn): boolean
  end(state: IntervalState, turn: Turn): void
}

const KEEPING: Readonly<
  Record<DeadbandSettings['options']['keep'], (settings: DeadbandSettings) => Keeping>
> = {
  first: () => ({
    add(state, record, _timeMs, turn) {
      if (state.count === undefined) turn.emit(0, record)
      state.count = 1
      return true
    },
    end() {}
  }),
  last: () => ({
    add(state, record, _timeMs, turn) {
      state.last = record
      turn.absorb()
      return true
    },
    end: ({ last }, turn) => turn.emit(0, last!)
  }),
  mean: settings => {
    const { valueIn, options } = settings
    const setValue = setter(options.valueField)
    const setTime = setter(options.timeField)
    return {
      add(state, record, _timeMs, turn) {
        const value = valueIn(record)
        if (!isUsable(value)) {
          turn.reject(notANumber(options.valueField, value))
          return false
        }
        state.count = (state.count ?? 0) + 1
        state.sum = (state.sum ?? 0) + value
        state.last = record
        turn.absorb()
        return true
      },
      end({ last, sum, count, startMs }, turn) {
        const mean = cloneRecord(last!)
        setValue(mean, sum! / count!)
        setTime(mean, new Date(startMs).toISOString())
        turn.emit(0, mean)
      }
    }
  },
  lttb: ({ valueIn, options }) => ({
    add(state, record, timeMs, turn) {
      const value = valueIn(record)
      if (!isUsable(value)) {
        turn.reject(notANumber(options.valueField, value))
        return false
      }
      state.points ??= []
      if (state.points.length >= MAX_POINTS)
        state.points = largestTriangles(state.points, MAX_POINTS / 2)
      state.points.push([timeMs, value, record])
      turn.absorb()
      return true
    },
    end({ points = [] }, turn) {
      for (const [, , record] of largestTriangles(points, options.points)) turn.emit(0, record)
    }
  })
}
