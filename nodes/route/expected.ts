import { MillraceError } from '../../core/errors.ts'
import { type Get, getter } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import { keyBy } from '../../core/state/keyed.ts'

export const MAX_DEVICES = 100_000

/** The devices of a list: one a line, of a table the first column. */
export function expectedIn(text: string): readonly string[] {
  const ids = text
    .split('\n')
    .map(line => firstCell(line.trim()))
    .filter(id => id !== '' && !id.startsWith('#'))
  return [...new Set(ids)]
}

/**
 * The keys of what a flow tells: the rows of a registry, each with the fields by which the node
 * tells devices apart. Where that is one field, also a text as above, a list of names, or rows that
 * have the name first.
 * @throws MillraceError that says what cannot be used of it; nothing of it is taken then
 */
export function expectedOf(
  told: unknown,
  fields: readonly string[],
  maxKeys = MAX_DEVICES
): readonly string[] {
  if (fields.length === 0)
    throw invalid('nobody could be missing: "Separately for each" has no field')
  const keys = new Set(typeof told === 'string' ? namesIn(told, fields) : keysOf(told, fields))
  const most = Math.min(MAX_DEVICES, maxKeys)
  if (keys.size > most)
    throw invalid(`it has ${keys.size} devices; at most ${most} can be expected`)
  return [...keys]
}

function namesIn(text: string, fields: readonly string[]): readonly string[] {
  if (fields.length > 1) throw invalid(`a text has one name a line: send ${rowsWith(fields)}`)
  return expectedIn(text)
}

function keysOf(told: unknown, fields: readonly string[]): string[] {
  if (!Array.isArray(told)) throw invalid(`it is no list: send ${rowsWith(fields)}`)
  if (told.length > MAX_ROWS)
    throw invalid(`it has ${told.length} rows; at most ${MAX_ROWS} are looked at`)
  const keyOf = keyBy(fields)
  const only = fields.length === 1 ? getter(fields[0]!) : undefined
  return told.map((row, index) => {
    const key = only === undefined ? rowKey(row, keyOf) : nameOf(row, only)
    if (typeof key === 'string') return key
    throw invalid(`element ${index + 1} has not what tells devices apart: send ${rowsWith(fields)}`)
  })
}

/** One device may have a row for each of its metrics. */
const MAX_ROWS = 10 * MAX_DEVICES

const rowKey = (row: unknown, keyOf: ReturnType<typeof keyBy>): unknown =>
  typeof row === 'object' && row !== null ? keyOf(row as TelemetryRecord) : undefined

/** Of one that has not the field, the first one has the name. */
function nameOf(row: unknown, get: Get): string | undefined {
  const isRow = typeof row === 'object' && row !== null
  const key = NAME_OF({ name: isRow ? (get(row) ?? Object.values(row)[0]) : row })
  return typeof key === 'string' && typeof row !== 'boolean' ? key : undefined
}

const NAME_OF = keyBy(['name'])

const rowsWith = (fields: readonly string[]) =>
  `rows with ${fields.join(', ')}${fields.length === 1 ? ', or a list of names' : ''}`

const invalid = (why: string) =>
  new MillraceError(
    'EXPECTED_INVALID',
    `The devices of msg.expected are not taken, and those that were told before stay: ${why}.`
  )

/** What stands before the first comma or semicolon, without quotes. */
function firstCell(line: string): string {
  const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^,;]*))/.exec(line) ?? []
  return quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"')
}
