import { durationMs } from '../../core/duration.ts'
import { OptionsError } from '../../core/options-error.ts'
import { getter } from '../../core/record/field-path.ts'
import { timeBy } from '../../core/state/keyed.ts'
import type { Drawn } from '../../core/state/time-line.ts'
import type { BoundOptions, ClockOptions, Memory } from '../../core/state/types.ts'
import { longestMs, problemsBetween } from './check.ts'
import { functionsOf } from './functions.ts'
import { keyFields } from './identity.ts'
import { resultTexts } from './results.ts'
import type { AggregateSettings } from './settings.ts'
import { spec } from './spec.ts'
import { type KeyState, WindowMemory } from './window-memory.ts'

/** What the node remembers, how time passes for it, and when all windows are closed. */
export interface Aggregator {
  readonly memory: Memory<KeyState>
  readonly clock: ClockOptions
  readonly bounds: BoundOptions
  readonly previewMs: number
  readonly drawn: Drawn
}

/** @throws OptionsError for settings that cannot be used */
export function aggregator(settings: AggregateSettings): Aggregator {
  const problems = problemsBetween(settings)
  if (problems.length > 0) throw OptionsError.between(spec, problems)
  const functions = functionsOf(settings)
  const key = keyFields(settings.key.map(({ field }) => field))
  const windows = new WindowMemory(settings, functions, key)
  const ms = (text: string) => durationMs(text) ?? 0
  const resultText = resultTexts(settings, functions)
  return {
    memory: {
      keyOf: record => key.text(record),
      timeOf: timeBy(settings.timeField),
      take: (state, record, timeMs, turn) => windows.take(state, record, timeMs, turn),
      late: (record, _timeMs, turn) => windows.late(record, turn),
      dueMs: state => windows.dueMs(state),
      due: (state, timeMs, turn) => windows.due(state, timeMs, turn)
    },
    clock: {
      runs: settings.runs,
      latenessMs: ms(settings.lateness),
      idleMs: ms(settings.idle),
      aheadMs: ms(settings.ahead),
      // only the records in their order say when a session ends
      ordered: functions.ordered || settings.window === 'session'
    },
    bounds: { maxKeys: settings.maxKeys, maxAgeMs: ms(settings.maxAge) },
    previewMs: ms(settings.idle) + ms(settings.lateness) + longestMs(settings),
    drawn: {
      key: settings.key.map(({ field }) => field),
      valueIn: getter(functions.fields[0] ?? settings.valueField),
      saysOf: (record, output) => (output === 0 ? resultText(record) : undefined),
      // A window is over at its end; its result may have the time at which it began.
      atClock: true
    }
  }
}
