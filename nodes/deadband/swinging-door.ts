import type { TelemetryRecord } from '../../core/record/record.ts'
import type { Memory } from '../../core/state/types.ts'
import { type DeadbandSettings, isUsable, type OtherState, takeOther } from './settings.ts'

/** A record that may have to pass once the next one is known. */
interface HeldPoint {
  readonly timeMs: number
  readonly value: number
  readonly record: TelemetryRecord
}

interface DoorState extends OtherState {
  /** The last point that passed. */
  value?: number
  timeMs?: number
  /** Lines from there that come near enough to all points since: their slopes per millisecond. */
  from?: number
  to?: number
  held?: HeldPoint | undefined
}

type Opened = DoorState & { value: number; timeMs: number }

/**
 * Swinging door: leaves out points as long as one straight line from the last that passed goes by
 * all of them within the width. Then the last of them passes, and the line goes on from it. Source
 * of the rule: E. H. Bristol, "Swinging door trending" (ISA 1990), with the bound that a line
 * between points that pass is nowhere further from one that was left out than the width.
 */
export function swingingDoor(settings: DeadbandSettings): Memory<DoorState> {
  const { keyOf, timeOf, valueIn, maxSilenceMs } = settings
  const door = new Door(settings)
  return {
    keyOf,
    timeOf,
    take(state = {}, record, timeMs, turn) {
      const value = valueIn(record)
      if (!isUsable(value)) {
        takeOther(settings, state, record, value, turn)
        return state.value === undefined && state.other === undefined ? undefined : state
      }
      const point = { timeMs, value, record }
      if (!isOpened(state) || state.other !== undefined) {
        if (state.held !== undefined) turn.emit(0, state.held.record)
        turn.emit(0, record)
        return { value, timeMs }
      }
      return door.next(state, point, passed => turn.emit(0, passed.record))
    },
    late: (record, _timeMs, turn) => turn.emit(0, record),
    dueMs: ({ held }) => (held === undefined ? undefined : held.timeMs + maxSilenceMs),
    due({ held }, _timeMs, turn) {
      turn.emit(0, held!.record)
      return { value: held!.value, timeMs: held!.timeMs }
    }
  }
}

const isOpened = (state: DoorState): state is Opened => state.value !== undefined

class Door {
  constructor(private readonly settings: DeadbandSettings) {}

  /** What to remember after this point; `pass` is told of each that has to pass. */
  next(state: Opened, point: HeldPoint, pass: (point: HeldPoint) => void): DoorState {
    const { maxSilenceMs } = this.settings
    const sinceMs = point.timeMs - state.timeMs
    // Two values at one time are on no line.
    if (sinceMs <= 0) {
      if (Math.abs(point.value - state.value) <= this.#width(state, point)) return state
      pass(point)
      return openedAt(point)
    }
    const slope = (point.value - state.value) / sinceMs
    const { held, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = state
    if (held !== undefined && (slope < from || slope > to)) {
      pass(held)
      return this.next(openedAt(held), point, pass)
    }
    if (sinceMs >= maxSilenceMs) {
      pass(point)
      return openedAt(point)
    }
    const width = this.#width(state, point)
    const lowest = (point.value - width - state.value) / sinceMs
    const highest = (point.value + width - state.value) / sinceMs
    const { value, timeMs } = state
    return { value, timeMs, from: Math.max(from, lowest), to: Math.min(to, highest), held: point }
  }

  #width({ value }: Opened, { record }: HeldPoint): number {
    return this.settings.widthOf(value, record)
  }
}

const openedAt = ({ value, timeMs }: HeldPoint): Opened => ({ value, timeMs })
