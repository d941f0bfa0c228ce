import { durationMs } from '../../core/duration.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'
import type { Said } from './event.ts'

const COMMANDS = ['acknowledge', 'shelve', 'unshelve', 'out-of-service', 'in-service'] as const
export type AlarmCommand = (typeof COMMANDS)[number]

/** What a record asks of an alarm, beside the fields that say which. */
export interface Commanded {
  readonly command: AlarmCommand
  /** How long it is to be shelved; undefined for as long as allowed. */
  readonly forMs: number | undefined
  readonly said: Said
}

/** Records with a field `command` are no readings. */
export const isCommand = (record: TelemetryRecord): boolean => Object.hasOwn(record, 'command')

export function commandOf({
  command,
  for: time,
  by,
  comment
}: TelemetryRecord): Commanded | Reason {
  const known = COMMANDS.find(each => each === command)
  if (known === undefined)
    return {
      code: 'COMMAND_UNKNOWN',
      message: `There is no command ${shown(command)}; there are ${COMMANDS.join(', ')}.`,
      path: 'command'
    }
  const forMs = typeof time === 'string' ? durationMs(time) : undefined
  if (time !== undefined && forMs === undefined)
    return {
      code: 'COMMAND_UNKNOWN',
      message: `The field for is no duration, such as "30 min": ${shown(time)}.`,
      path: 'for'
    }
  return { command: known, forMs, said: { ...text('by', by), ...text('comment', comment) } }
}

const text = (name: 'by' | 'comment', value: unknown): Said =>
  typeof value === 'string' && value !== '' ? { [name]: value.slice(0, 500) } : {}

const shown = (value: unknown): string =>
  typeof value === 'object' ? 'of this form' : JSON.stringify(String(value).slice(0, 60))
