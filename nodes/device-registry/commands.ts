import type { Reason, TelemetryRecord } from '../../core/record/record.ts'
import { isStorable } from './words.ts'

const COMMANDS = ['approve', 'block', 'set'] as const

/** What a person may write about a device. */
export const WRITABLE = ['name', 'type', 'site', 'location', 'firmware'] as const
export type Writable = (typeof WRITABLE)[number]

/** What somebody wants of a device: by a message, or by a click in the dialog. */
export interface Command {
  readonly command: (typeof COMMANDS)[number]
  readonly id: string
  readonly set: { readonly [P in Writable]?: string | null }
  readonly info?: Readonly<Record<string, unknown>>
  readonly by?: string
  readonly comment?: string
}

const MAX_TEXT = 500
const MAX_INFO = 10_000

/**
 * Whether the records of a message are commands. The message says so and not the record, which a
 * device may have sent: none approves itself.
 */
export const areCommands = (message: object): boolean =>
  (message as { commands?: unknown }).commands === true

/** @param id of the device that the record names, or why it names none */
export function commandOf(record: TelemetryRecord, id: string | Reason): Command | Reason {
  const command = COMMANDS.find(each => each === record.command)
  if (command === undefined)
    return wrong('command', `There is no such command; there are ${COMMANDS.join(', ')}.`)
  if (typeof id !== 'string') return id
  if (!isStorable(id))
    return wrong('command', 'The name of the device has characters that cannot be stored.')
  const set: { [P in Writable]?: string | null } = {}
  for (const name of WRITABLE) {
    const value = record[name]
    if (value === undefined) continue
    if (value !== null && !isText(value))
      return wrong(name, `The field ${name} is no text of at most ${MAX_TEXT} characters.`)
    set[name] = value
  }
  const { info } = record
  if (info !== undefined && !isInfo(info))
    return wrong('info', `The field info is no object of at most ${MAX_INFO} characters.`)
  return {
    command,
    id,
    set,
    ...(isInfo(info) && { info }),
    ...text('by', record.by),
    ...text('comment', record.comment)
  }
}

function isInfo(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const text = JSON.stringify(value)
  // Halves of characters and NUL, which no database takes, are written so.
  return text.length <= MAX_INFO && !/\\u(?:0000|d[89a-f])/i.test(text)
}

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT && isStorable(value)

const wrong = (path: string, message: string): Reason => ({
  code: 'COMMAND_UNKNOWN',
  message,
  path
})

const text = (name: 'by' | 'comment', value: unknown) =>
  isText(value) && value !== '' ? { [name]: value } : {}
