import { readFile } from 'node:fs/promises'
import type { Options } from '../../core/node/spec.ts'
import { pathOf } from '../../core/record/field-path.ts'
import { Failure } from './answer.ts'
import { columnTypes } from './column-types.ts'
import { type LookupQueries, statementFor } from './database-lookup.ts'
import type { Directory } from './directory.ts'
import { httpLookup } from './http-lookup.ts'
import type { Metadata, MetadataRow } from './metadata.ts'
import type { spec } from './spec.ts'
import { rowsAndColumns } from './table.ts'

export interface ColumnNeeds {
  readonly database: () => LookupQueries
  /** The same source, of which everything is copied. */
  readonly whole: () => Directory
  readonly closing: AbortSignal
}

/** Of a table that is at hand; the others are alike. */
const MOST_ROWS = 200
const MAX_DEPTH = 4

/**
 * What could be copied: the columns of a table, or what the answer for one of these devices has.
 * @throws Error where the source does not answer
 */
export async function columnsOf(
  options: Options<typeof spec>,
  { database, whole, closing }: ColumnNeeds,
  devices: readonly string[]
): Promise<string[]> {
  const { source, keyColumn, databaseKey, table, query, lookup } = options
  switch (source) {
    case 'inline':
      return ofText(options.devices, keyColumn)
    case 'file':
      return ofText(await readFile(options.file, 'utf8'), keyColumn)
    case 'database': {
      const text = lookup === 'table' ? statementFor(table, databaseKey, []) : query
      // The answer for no device has columns too.
      const { fields = [] } = await database().query({ text, types: await columnTypes() }, [[]])
      return fields.map(({ name }) => pathOf([name])).filter(name => name !== databaseKey)
    }
    case 'http':
      return ofAnswer(options, closing, seen(devices))
    case 'topic':
      return ofKnown(whole(), seen(devices))
  }
}

function ofText(text: string, keyColumn: string): string[] {
  const { columns, rows } = rowsAndColumns(text)
  const found = new Set(columns.map(name => pathOf([name])))
  for (const row of rows.slice(0, MOST_ROWS)) for (const path of pathsIn(row)) found.add(path)
  found.delete(keyColumn)
  return [...found]
}

async function ofAnswer(
  options: Options<typeof spec>,
  closing: AbortSignal,
  devices: readonly string[]
): Promise<string[]> {
  const found = new Set<string>()
  const note = (row: MetadataRow) => {
    for (const path of pathsIn(row)) found.add(path)
    return []
  }
  const outcomes = await httpLookup(options, note, closing).ask(devices)
  const failed = [...outcomes.values()].find(outcome => outcome instanceof Failure)
  if (found.size === 0 && failed instanceof Failure) throw failed.error
  return someOf(found, devices)
}

async function ofKnown(directory: Directory, devices: readonly string[]): Promise<string[]> {
  try {
    const known = await directory.finder(devices, Date.now)()
    const found = [...known.values()].flatMap(each => (Array.isArray(each) ? each : []))
    const rows = found.map(([name, value]: Metadata[number]) => ({ [name]: value }))
    return someOf(new Set(rows.flatMap(row => pathsIn(row))), devices)
  } finally {
    directory.close()
  }
}

/** So many devices are asked for; one that is known is enough. */
const FEW = 3

function seen(devices: readonly string[]): readonly string[] {
  if (devices.length > 0) return devices.slice(0, FEW)
  throw new Error(
    'No message with a device was seen yet: paste one below; its device is asked for.'
  )
}

function someOf(found: ReadonlySet<string>, devices: readonly string[]): string[] {
  if (found.size > 0) return [...found]
  throw new Error(`None of these devices is known there: ${devices.join(', ')}`)
}

/** Paths of what is no object by itself. */
function pathsIn(row: MetadataRow, before: readonly string[] = []): string[] {
  return Object.entries(row).flatMap(([name, value]) => {
    const steps = [...before, name]
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && steps.length < MAX_DEPTH
      ? pathsIn(value as MetadataRow, steps)
      : [pathOf(steps)]
  })
}
