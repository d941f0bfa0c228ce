import Papa from 'papaparse'
import { OptionsError } from '../options-error.ts'
import { isExact, isJsonNumber } from '../record/exact-number.ts'
import { utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import type { Decode, DecoderOptions } from './decoder.ts'

const DELIMITERS: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  pipe: '|'
}
/** So many lines are read at a time, so that others can have their turn in between. */
const LINES = 1000

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
  return bytes => {
    const text = utf8Text(bytes)
    if (text instanceof ParseFailure) return text
    const lines = linesOf(withoutTrailingNuls(text), DELIMITERS[options.delimiter] ?? ',')
    const first = lines.next()
    if (first.done) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no lines.')
    const header = named.length > 0 ? named : first.value
    if (header instanceof ParseFailure) return header
    if (new Set(header).size < header.length) return invalid('two columns have the same name')
    return {
      values: recordsOf(header, lines, named.length > 0 ? first.value : undefined),
      isList: true
    }
  }
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is not CSV as expected: ${why}.`)

/** The lines as cells; one that is no CSV by itself is its reason. */
function* linesOf(given: string, delimiter: string): Generator<Line, undefined> {
  const [text, newline] = withOneNewline(given)
  for (let at = 0; at < text.length; ) {
    const { data, errors, meta } = Papa.parse<string[]>(at === 0 ? text : text.slice(at), {
      delimiter,
      newline,
      preview: LINES,
      // The fast mode divides the whole text first.
      fastMode: false
    })
    const problems = new Map(errors.map(({ row, message }) => [row, message]))
    for (const [row, cells] of data.entries()) {
      const problem = problems.get(row)
      if (problem !== undefined) yield invalid(problem)
      else if (cells.length > 1 || cells[0]!.trim() !== '') yield cells.map(cellText)
    }
    at = meta.truncated ? at + meta.cursor : text.length
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

function* recordsOf(
  header: readonly string[],
  lines: Iterable<Line>,
  first: Line | undefined
): Generator<object> {
  const make = maker(header)
  if (first !== undefined) yield make(first)
  for (const line of lines) yield make(line)
}

function maker(header: readonly string[]): (cells: Line) => object {
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
      else record[name] = cellOf(text)
    }
    return record
  }
}

const cellOf = (text: string): string | number =>
  isJsonNumber(text) && isExact(text) ? Number(text) : text
