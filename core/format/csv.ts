import Papa from 'papaparse'
import { OptionsError } from '../options-error.ts'
import { isExact, isJsonNumber } from '../record/exact-number.ts'
import { utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { withPoint } from '../record/number-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import type { Decode, DecoderOptions } from './decoder.ts'
import { inPieces, type Step } from './pieces.ts'

const DELIMITERS: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  pipe: '|'
}
/** So many lines are read at a time, so that others can have their turn in between. */
const LINES = 500
const QUOTE = 0x22
/** What is searched for their ends: the library looks for a quote in all that it is given. */
const WINDOW = 131_072

/** A line before all others by which spreadsheets tell each other what divides the cells. */
const SEPARATOR = /^sep=([,;\t|])(?:\r\n|\n|\r)/i

type Line = readonly string[] | ParseFailure

/**
 * A record a line, its fields named by the first line or by the settings. A cell that writes a
 * number which a double holds is a number, any other is text; an empty one is no field.
 */
export function csv(options: DecoderOptions): Decode {
  const named = options.columns.split(',').flatMap(name => name.trim() || [])
  const twice = named.find((name, index) => named.indexOf(name) !== index)
  if (twice !== undefined)
    throw new OptionsError('CSV', [`the column "${twice}" stands in it twice`])
  const usual = DELIMITERS[options.delimiter] ?? ','
  const { maxFields } = options
  if (named.length > maxFields)
    throw new OptionsError('CSV', [`there are over ${maxFields} columns`])
  return bytes => {
    const given = utf8Text(bytes)
    if (given instanceof ParseFailure) return given
    const text = withoutTrailingNuls(given)
    const told = SEPARATOR.exec(text)
    const lines = new Lines(text.slice(told?.[0].length ?? 0), told?.[1] ?? usual, maxFields)
    const place = lines.firstPlace()
    if (place === undefined) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no lines.')
    const header = named.length > 0 ? named : lines.from(place).values[0]!
    if (header instanceof ParseFailure) return header
    if (header.length > maxFields) return tooWide(maxFields)
    if (new Set(header).size < header.length) return invalid('two columns have the same name')
    const make = maker(header, options.decimal === 'comma' ? cellWithComma : cellOf)
    return {
      pieces: inPieces(place, from => {
        const { values, next } = lines.from(from)
        const isHeader = from === place && named.length === 0
        return { values: (isHeader ? values.slice(1) : values).map(make), next }
      })
    }
  }
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is not CSV as expected: ${why}.`)

class Lines {
  readonly #text: string
  readonly #newline: '\n' | '\r\n' | '\r'

  constructor(
    given: string,
    private readonly delimiter: string,
    private readonly maxFields: number
  ) {
    ;[this.#text, this.#newline] = withOneNewline(given)
  }

  /** Where those begin that hold the first line which is not empty. */
  firstPlace(): number | undefined {
    for (let at: number | undefined = 0; at !== undefined; ) {
      const { values, next }: Step<Line, number> = this.from(at)
      if (values.length > 0) return at
      at = next
    }
    return undefined
  }

  /** Some lines as cells; one that is no CSV by itself is its reason. */
  from(at: number): Step<Line, number> {
    const parsed = this.#parsed(at)
    if (typeof parsed === 'number')
      return { values: [tooWide(this.maxFields)], next: this.#behind(parsed) }
    const { data, errors, meta, end } = parsed
    const problems = new Map(errors.map(({ row, message }) => [row, message]))
    const values: Line[] = []
    for (const [row, cells] of data.entries()) {
      const problem = problems.get(row)
      if (problem !== undefined) values.push(invalid(problem))
      else if (cells.length > 1 || cells[0]!.trim() !== '') values.push(cells.map(cellText))
    }
    const next = meta.truncated ? at + meta.cursor : end
    return { values, next: this.#behind(next) }
  }

  #behind(place: number): number | undefined {
    return place < this.#text.length ? place : undefined
  }

  /** Some lines; of one that has too many cells the place behind it. */
  #parsed(at: number): (Papa.ParseResult<string[]> & { readonly end: number }) | number {
    const text = this.#text
    if (at + WINDOW >= text.length) return { ...this.#parse(text.slice(at)), end: text.length }
    const cut = text.lastIndexOf(this.#newline, at + WINDOW) + this.#newline.length
    if (cut > at) {
      const window = text.slice(at, cut)
      const found = this.#parse(window)
      // A line may end within a cell that stands in quotes; then there is more to it.
      const open = found.errors.find(({ code }) => code === 'MissingQuotes')?.row
      if (open === undefined) return { ...found, end: cut }
      if (open > 0) return { ...this.#parse(window, open), end: cut }
    }
    return this.#endOfWide(at) ?? { ...this.#parse(text.slice(at), 1), end: text.length }
  }

  /** The place behind the long line that begins here; undefined if it has not too many cells. */
  #endOfWide(at: number): number | undefined {
    const text = this.#text
    const delimiter = this.delimiter.charCodeAt(0)
    const newline = this.#newline.charCodeAt(this.#newline.length - 1)
    let [end, cells, isQuoted] = [at, 0, false]
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (code === QUOTE) isQuoted = !isQuoted
      else if (isQuoted) continue
      else if (code === delimiter) cells++
      else if (code === newline) break
    }
    return cells > this.maxFields ? end + 1 : undefined
  }

  #parse(text: string, lines = LINES): Papa.ParseResult<string[]> {
    return Papa.parse<string[]>(text, {
      delimiter: this.delimiter,
      newline: this.#newline,
      preview: lines,
      // The fast mode divides the whole text first.
      fastMode: false
    })
  }
}

/** Files that were joined have several. */
function withOneNewline(text: string): [text: string, newline: '\n' | '\r\n' | '\r'] {
  if (!text.includes('\r')) return [text, '\n']
  if (!text.includes('\n')) return [text, '\r']
  return /(?<!\r)\n/.test(text) ? [text.replaceAll('\r\n', '\n'), '\n'] : [text, '\r\n']
}

/** Without the blanks around it; quotes behind a blank are quotes all the same. */
export function cellText(cell: string): string {
  const text = cell.trim()
  return text.length > 1 && text[0] === '"' && cell[0] !== '"' && text.endsWith('"')
    ? text.slice(1, -1).replaceAll('""', '"')
    : text
}

type Cell = (text: string) => string | number

function maker(header: readonly string[], read: Cell): (cells: Line) => object {
  return cells => {
    if (cells instanceof ParseFailure) return cells
    const { length } = cells
    if (length !== header.length)
      return invalid(`a line has ${length} cells, and there are ${header.length} columns`)
    const record: Record<string, unknown> = {}
    for (let index = 0; index < length; index++) {
      const name = header[index]!
      const text = cells[index]!
      if (text === '') continue
      // As an own property, which the walk over the record refuses.
      if (name === '__proto__')
        Object.defineProperty(record, name, { value: text, enumerable: true })
      else record[name] = read(text)
    }
    return record
  }
}

/** As ids in hexadecimal are, such as 12e4; a power of ten has a sign or a point beside it. */
const ID = /^\d+e\d+$/i

const cellOf: Cell = text =>
  isJsonNumber(text) && isExact(text) && !ID.test(text) ? Number(text) : text

/** An id with zeros before it stays text, as it does with a point. */
function cellWithComma(text: string): string | number {
  const written = withPoint(text)
  const value = written === undefined ? text : cellOf(written)
  return typeof value === 'number' ? value : text
}
