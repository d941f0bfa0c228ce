/** What a reader of JSON would read as a number too: `7`, `-1.5e3`, and not `007`. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/

/** The records of lines of CSV (RFC 4180) as texts of JSON; the first line has the names. */
export async function* csvRows(lines: AsyncIterable<string>): AsyncIterable<string> {
  let names: readonly string[] | undefined
  let whole = ''
  for await (const line of lines) {
    whole = whole === '' ? line : `${whole}\n${line}`
    // A line end in quotes is part of a text.
    if (!isWhole(whole)) continue
    const cells = cellsOf(whole)
    whole = ''
    if (names === undefined) names = cells.map(({ text }) => text)
    else if (cells.length > 1 || cells[0]!.text !== '' || names.length === 1)
      yield jsonOf(names, cells)
  }
  if (whole !== '') throw new Error('a quote is not closed')
}

interface Cell {
  readonly text: string
  readonly isQuoted: boolean
}

const isWhole = (text: string): boolean => {
  let quotes = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) quotes++
  return quotes % 2 === 0
}

function cellsOf(line: string): Cell[] {
  const cells: Cell[] = []
  for (let at = 0; at <= line.length; ) {
    const isQuoted = line[at] === '"'
    let end = isQuoted ? quoteEnd(line, at) + 1 : line.indexOf(',', at)
    if (end < 0) end = line.length
    const text = isQuoted ? line.slice(at + 1, end - 1).replaceAll('""', '"') : line.slice(at, end)
    cells.push({ text, isQuoted })
    at = end + 1
  }
  return cells
}

/** Where the quote that begins here ends. */
function quoteEnd(line: string, start: number): number {
  let at = line.indexOf('"', start + 1)
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2)
  return at < 0 ? line.length : at
}

function jsonOf(names: readonly string[], cells: readonly Cell[]): string {
  if (cells.length !== names.length)
    throw new Error(`a row has ${cells.length} columns in place of ${names.length}`)
  const members = names.flatMap((name, index) => {
    const { text, isQuoted } = cells[index]!
    if (text === '' && !isQuoted) return []
    const isPlain = !isQuoted && (NUMBER.test(text) || text === 'true' || text === 'false')
    return [`${JSON.stringify(name)}:${isPlain ? text : JSON.stringify(text)}`]
  })
  return `{${members.join(',')}}`
}
