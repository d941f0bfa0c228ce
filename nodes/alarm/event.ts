import { getter, setField } from '../../core/record/field-path.ts'
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
  options: AlarmOptions,
  { limit }: AlarmCondition,
  state: AlarmState,
  event: AlarmEvent,
  timeMs: number,
  said: Said = {}
): TelemetryRecord {
  const started = isoOf(state.startMs)
  const told: TelemetryRecord = {
    // The time may be set in the same object as a field of the key.
    ...structuredClone(state.fields),
    alarm: options.alarm,
    alarm_id: idOf(options, state, started),
    event,
    state: phaseOf(state),
    priority: options.priority
  }
  setField(told, options.timeField, isoOf(timeMs))
  return Object.assign(told, {
    started_at: started,
    ...(event === 'returned' && { ended_at: isoOf(timeMs) }),
    ...(state.value !== undefined && { value: state.value }),
    ...(state.peak !== undefined && { peak: state.peak }),
    ...(state.limit !== undefined ? { limit: state.limit } : limit !== undefined && { limit }),
    ...(isChattering(state) && { chattering: true }),
    ...said
  })
}

/** One alarm from its start to its end; a change of it is this and the event's time. */
function idOf({ alarm, key }: AlarmOptions, { fields }: AlarmState, started: string): string {
  const names = key.map(({ field }) => String(getter(field)(fields)))
  return [...[alarm, ...names].map(oneStep), started].join('/')
}

/** So that `a/b` and `c` are not the same as `a` and `b/c`. */
const oneStep = (name: string): string => name.replace(/[%/]/g, encodeURIComponent)

const isoOf = (ms: number): string => new Date(ms).toISOString()
