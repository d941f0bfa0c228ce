/** A table as text: what a spreadsheet gives to the clipboard, and CSV. */

export type Cells = readonly (readonly string[])[]

const DELIMITERS = [',', ';', '\t'] as const
/** A larger table is edited where it comes from. */
const MOST_ROWS = 500
const MOST_COLUMNS = 30

/** A header and rows of the same length; undefined for what is no such table, as JSON is. */
export function tableIn(text: string): string[][] | undefined {
  const content = text.replace(/^\uFEFF/, '')
  if (/^\s*[[{]/.test(content)) return undefined
  const cells = cellsIn(content, delimiterOf(content))
  const [header] = cells ?? []
  if (cells === undefined || header === undefined) return undefined
  const fits = cells.length <= MOST_ROWS && header.length <= MOST_COLUMNS
  return fits && cells.every(({ length }) => length === header.length) ? cells : undefined
}

/** What stands in a spreadsheet is tab separated; a text without tabs is CSV. */
export function pastedCells(text: string): string[][] {
  const content = text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '')
  return cellsIn(content, content.includes('\t') ? '\t' : delimiterOf(content)) ?? [[content]]
}

/** The cells as CSV with commas. */
export const csvOf = (cells: Cells): string =>
  cells.map(row => `${row.map(quoted).join(',')}\n`).join('')

const quoted = (cell: string): string =>
  /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell

/** By the first line, as the runtime decides it. */
function delimiterOf(text: string): string {
  const first = text.slice(0, text.search(/[\r\n]|$/))
  const counts = DELIMITERS.map(delimiter => first.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!
}

/** RFC 4180, blank lines left out; undefined where a quote is not closed. */
function cellsIn(text: string, delimiter: string): string[][] | undefined {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  const endRow = () => {
    row.push(cell)
    if (row.length > 1 || row[0]!.trim() !== '') rows.push(row.map(each => each.trim()))
    row = []
    cell = ''
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (isQuoted) {
      if (character !== '"') cell += character
      else if (text[at + 1] === '"') cell += text[++at]
      else isQuoted = false
    } else if (character === '"' && cell.trim() === '') {
      isQuoted = true
      cell = ''
    } else if (character === delimiter) {
      row.push(cell)
      cell = ''
    } else if (character === '\n') endRow()
    else if (character !== '\r') cell += character
  }
  if (isQuoted) return undefined
  endRow()
  return rows
}
