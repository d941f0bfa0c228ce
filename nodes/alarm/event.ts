import type { TelemetryRecord } from '../../core/record/record.ts'
import type { AlarmCondition } from './condition.ts'
import type { AlarmOptions } from './settings.ts'
import { type AlarmState, isChattering, phaseOf } from './state.ts'

/** What happened to an alarm. */
export type AlarmEvent =
  | 'raised'
  | 'acknowledged'
  | 'returned'
  | 'shelved'
  | 'unshelved'
  | 'out-of-service'
  | 'in-service'

/** What a person said with a command. */
export type Said = Readonly<Partial<Record<'by' | 'comment', string>>>

/** Makes the record that tells it. The same change gives the same record, also after a crash. */
export function eventOf(
  { alarm, priority, timeField }: AlarmOptions,
  { limit }: AlarmCondition,
  state: AlarmState,
  event: AlarmEvent,
  timeMs: number,
  said: Said = {}
): TelemetryRecord {
  const key = Object.values(state.fields).join('/')
  const started = isoOf(state.startMs)
  return {
    ...state.fields,
    alarm,
    // One alarm from its start to its end; a change of it is this and the event's time.
    alarm_id: `${alarm}/${key}/${started}`,
    event,
    state: phaseOf(state),
    priority,
    [timeField]: isoOf(timeMs),
    started_at: started,
    ...(event === 'returned' && { ended_at: isoOf(timeMs) }),
    ...(state.value !== undefined && { value: state.value }),
    ...(state.peak !== undefined && { peak: state.peak }),
    ...(limit !== undefined && { limit }),
    ...(isChattering(state) && { chattering: true }),
    ...said
  }
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
