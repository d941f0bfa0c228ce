import { durationMs } from '../../core/duration.ts'
import { calendarWindows, type Span } from './calendar-window.ts'
import type { AggregateSettings } from './settings.ts'

/** Which windows a time belongs to. */
export interface Windows {
  /** Calls for each window of this time, the earliest first. */
  each(timeMs: number, visit: (startMs: number, endMs: number) => void): void
  /** Where it is one at most, which is so for all but those that overlap. */
  only?(timeMs: number): Span
}

/** Windows in time; a session is none of them, since only its records say where it ends. */
export function windowsOf(settings: AggregateSettings): Windows | undefined {
  switch (settings.window) {
    case 'session':
      return undefined
    case 'calendar':
      return single(calendarWindows(settings.calendar, settings.zone, settings.begins))
    case 'hopping':
      return hopping(durationMs(settings.length) ?? 0, durationMs(settings.every) ?? 0)
    default:
      return single(tumbling(durationMs(settings.length) ?? 0))
  }
}

function single(only: (timeMs: number) => Span): Windows {
  return {
    only,
    each(timeMs, visit) {
      const { startMs, endMs } = only(timeMs)
      visit(startMs, endMs)
    }
  }
}

/** Records of a batch share their window, so the last one is kept. */
function tumbling(lengthMs: number): (timeMs: number) => Span {
  let last: Span = { startMs: Number.NaN, endMs: Number.NaN }
  return timeMs => {
    if (timeMs >= last.startMs && timeMs < last.endMs) return last
    const startMs = floorTo(timeMs, lengthMs)
    last = { startMs, endMs: startMs + lengthMs }
    return last
  }
}

function hopping(lengthMs: number, everyMs: number): Windows {
  return {
    each(timeMs, visit) {
      const last = floorTo(timeMs, everyMs)
      let startMs = floorTo(timeMs - lengthMs, everyMs) + everyMs
      for (; startMs <= last; startMs += everyMs) visit(startMs, startMs + lengthMs)
    }
  }
}

/** The multiple at or before, also before 1970. */
const floorTo = (timeMs: number, stepMs: number) => Math.floor(timeMs / stepMs) * stepMs
