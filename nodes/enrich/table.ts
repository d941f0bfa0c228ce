import Papa from 'papaparse'
import { reasonOf } from '../../core/errors.ts'
import { cellText } from '../../core/format/csv.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { exactNumber } from './exact-number.ts'
import type { MetadataRow } from './metadata.ts'

/**
 * A sample of the first line decides between comma, semicolon (spreadsheets of much of Europe) and
 * tab.
 */
const DELIMITERS = [',', ';', '\t'] as const

/**
 * Reads a table of devices by key: CSV with a header line; a JSON array of objects; or a JSON
 * object of objects by key.
 * @throws Error that says what is wrong, and in which row
 */
export function readTable(text: string, keyColumn: string): Map<string, MetadataRow> {
  // Spreadsheets and editors of Windows begin a file with a byte order mark.
  const content = text.replace(/^\uFEFF/, '')
  return isJson(content) ? fromJson(content, keyColumn) : fromCsv(content, keyColumn)
}

/** What a table holds, for whoever has not said yet which column names the device. */
export function rowsAndColumns(text: string): {
  readonly columns: readonly string[]
  readonly rows: readonly MetadataRow[]
} {
  const content = text.replace(/^\uFEFF/, '')
  if (!isJson(content)) return { columns: parseCsv(content)[0] ?? [], rows: [] }
  const parsed: unknown = parseJson(content)
  const rows = Array.isArray(parsed) ? parsed : Object.values(parsed as object)
  return { columns: [], rows: rows.map(rowOf) }
}

const isJson = (content: string): boolean => /^\s*[[{]/.test(content)

function fromJson(text: string, keyColumn: string): Map<string, MetadataRow> {
  const parsed: unknown = parseJson(text)
  if (Array.isArray(parsed)) return byKey(parsed.map(rowOf), keyColumn, 'entry')
  return new Map(Object.entries(parsed as object).map(([key, row]) => [key, rowOf(row, key)]))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`it is not JSON: ${reasonOf(error)}`, { cause: error })
  }
}

function rowOf(row: unknown, at: string | number): MetadataRow {
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as MetadataRow
  throw new Error(`${typeof at === 'number' ? `entry ${at + 1}` : `"${at}"`} is not an object`)
}

function fromCsv(text: string, keyColumn: string): Map<string, MetadataRow> {
  const [header = [], ...lines] = parseCsv(text)
  if (!header.includes(keyColumn))
    throw new Error(
      `the header line has no column "${keyColumn}"; it has ${header.join(', ') || 'none'}`
    )
  const numeric = header.map(
    (name, index) => name !== keyColumn && isNumeric(lines.map(line => line[index] ?? ''))
  )
  const rows = lines.map(line => {
    // An empty cell says nothing about the device.
    const cells = header.flatMap((name, index) =>
      line[index] ? [[name, numeric[index] ? Number(line[index]) : line[index]]] : []
    )
    return Object.fromEntries(cells) as MetadataRow
  })
  return byKey(rows, keyColumn, 'line')
}

function parseCsv(text: string): string[][] {
  const firstLine = text.slice(0, text.search(/[\r\n]|$/))
  const counts = DELIMITERS.map(delimiter => firstLine.split(delimiter).length)
  const delimiter = DELIMITERS[counts.indexOf(Math.max(...counts))]!
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, skipEmptyLines: 'greedy' })
  const [broken] = errors
  if (broken !== undefined) throw notCsv(broken.row ?? 0, `: ${broken.message}`)
  const columns = data[0]?.length ?? 0
  return data.map((cells, row) => {
    if (cells.length === columns) return cells.map(cellText)
    throw notCsv(row, ` has ${cells.length} cells, and there are ${columns} columns`)
  })
}

const notCsv = (row: number, why: string) => new Error(`it is not CSV: line ${row + 1}${why}`)

/** A column is of numbers if every cell is written as one. */
function isNumeric(cells: readonly string[]): boolean {
  return (
    cells.some(cell => cell !== '') &&
    cells.every(cell => cell === '' || exactNumber(cell) !== undefined)
  )
}

function byKey(
  rows: readonly MetadataRow[],
  keyColumn: string,
  unit: 'line' | 'entry'
): Map<string, MetadataRow> {
  const table = new Map<string, MetadataRow>()
  for (const [index, row] of rows.entries()) {
    const at = `${unit} ${unit === 'line' ? index + 2 : index + 1}`
    const key = keyText(Object.hasOwn(row, keyColumn) ? row[keyColumn] : undefined)
    if (key === undefined) throw new Error(`${at} has no ${keyColumn}`)
    if (table.has(key)) throw new Error(`${at}: ${keyColumn} "${key}" is there twice`)
    table.set(key, row)
  }
  return table
}

/** A key as text, so that the number 7 and the text 7 are one device; undefined if it is none. */
export function keyText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  const isNumber = isExactNumber(value) || (typeof value === 'number' && Number.isFinite(value))
  return isNumber ? String(value) : undefined
}
