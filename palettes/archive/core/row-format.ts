import { getter, jsonText, type Reason } from '@millrace/node-red-telemetry'
import { type Cell, type Column, type ColumnType, cellOf, cellText } from './column.ts'
import type { FileFormat } from './file-name.ts'

/** A column as a person writes it. */
export interface ColumnChoice {
  readonly column: string
  readonly from: string
  readonly type: ColumnType
  /** Of a decimal: `18,6`, which empty stands for. */
  readonly digits: string
}

export interface RowOptions {
  readonly format: FileFormat
  readonly columns: readonly ColumnChoice[]
  /** What of a record is in no column. */
  readonly rest: 'column' | 'leave'
}

/** How a record stands in a file: a line of text while it is gathered. */
export interface RowFormat {
  readonly columns: readonly Column[]
  /** The first line, if any. */
  readonly header: string
  /** With its line end, or why there is none. */
  row(record: object): string | Reason
}

/** The name of the column that holds the rest. */
export const REST = 'rest'

export function rowFormat(options: RowOptions): RowFormat {
  if (options.format === 'jsonl') return { columns: [], header: '', row: lineOf }
  const rows = new Rows(options)
  if (options.format === 'parquet')
    return { columns: rows.columns, header: '', row: record => rows.asJson(record) }
  const header = `${rows.columns.map(({ name }) => quoted(name)).join(',')}\n`
  return { columns: rows.columns, header, row: record => rows.asCsv(record) }
}

const lineOf = (record: object): string | Reason => {
  const text = jsonText(record)
  return text === undefined ? NO_RECORD : `${text}\n`
}

const NO_RECORD: Reason = { code: 'NOT_A_RECORD', message: 'There is nothing to archive.' }

export const digitsOf = (digits: string): { precision: number; scale: number } => {
  const [precision = 18, scale = 0] = (digits || '18,6').split(',').map(Number)
  return { precision, scale }
}

class Rows {
  readonly columns: readonly Column[]
  readonly #read: readonly ((record: unknown) => unknown)[]
  readonly #paths: readonly string[]
  /** First parts of the paths: what a record has of other names is the rest. */
  readonly #taken: ReadonlySet<string> | undefined

  constructor({ columns, rest }: RowOptions) {
    const own = columns.map(({ column, type, digits }) => ({
      name: column,
      type,
      ...digitsOf(type === 'decimal' ? digits : '')
    }))
    const more: Column = { name: REST, type: 'json', precision: 0, scale: 0 }
    this.columns = rest === 'column' ? [...own, more] : own
    this.#paths = columns.map(({ from }) => from)
    this.#read = this.#paths.map(path => getter(path))
    this.#taken = rest === 'column' ? new Set(this.#paths) : undefined
  }

  asJson(record: object): string | Reason {
    const cells = this.#cells(record)
    return Array.isArray(cells) ? `${JSON.stringify(cells)}\n` : cells
  }

  asCsv(record: object): string | Reason {
    const cells = this.#cells(record)
    if (!Array.isArray(cells)) return cells
    const texts = cells.map((cell, index) => {
      const text = cellText(this.columns[index]!, cell)
      // An empty text is another thing than none.
      return cell === '' ? '""' : quoted(text)
    })
    return `${texts.join(',')}\n`
  }

  #cells(record: object): Cell[] | Reason {
    const cells: Cell[] = []
    for (let index = 0; index < this.#read.length; index++) {
      const value = this.#read[index]!(record)
      const cell = cellOf(this.columns[index]!, value)
      if (cell === undefined) return misfit(this.columns[index]!, this.#paths[index]!)
      cells.push(cell)
    }
    if (this.#taken !== undefined) cells.push(this.#rest(record, this.#taken))
    return cells
  }

  #rest(record: object, taken: ReadonlySet<string>): Cell {
    let rest: Record<string, unknown> | undefined
    for (const [name, value] of Object.entries(record)) {
      if (taken.has(name)) continue
      rest ??= Object.create(null) as Record<string, unknown>
      rest[name] = value
    }
    return rest === undefined ? null : jsonText(rest)!
  }
}

const misfit = ({ name, type, precision, scale }: Column, path: string): Reason => ({
  code: 'ARCHIVE_VALUE_INVALID',
  message: `The value of ${path} does not fit the column "${name}" (${type === 'decimal' ? `decimal of ${precision} digits, ${scale} behind the point` : type}).`,
  path
})

/** RFC 4180. */
const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
