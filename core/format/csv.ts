import { parse } from 'csv-parse/sync'
import { reasonOf } from '../errors.ts'
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
    if (lines instanceof ParseFailure) return lines
    const [first, ...others] = lines
    if (first === undefined) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no lines.')
    const header = named.length > 0 ? named : first
    if (header instanceof ParseFailure) return header
    if (new Set(header).size < header.length) return invalid('two columns have the same name')
    const rows = named.length > 0 ? lines : others
    return {
      values: rows.map(row => (row instanceof ParseFailure ? row : recordOf(row, header))),
      isList: true
    }
  }
}

const invalid = (why: string) =>
  new ParseFailure('FORMAT_INVALID', `The payload is not CSV as expected: ${why}.`)

/** The lines as cells; one that is no CSV by itself is its reason. */
function linesOf(text: string, delimiter: string): (string[] | ParseFailure)[] | ParseFailure {
  const lines: (string[] | ParseFailure)[] = []
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    parse(text, {
      delimiter,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      skip_records_with_error: true,
      on_skip: error => void lines.push(invalid(error?.message ?? 'a line cannot be read')),
      on_record: (cells: string[]) => {
        lines.push(cells)
        return null
      }
    })
    return lines
  } catch (error) {
    return invalid(reasonOf(error))
  } finally {
    Error.stackTraceLimit = before
  }
}

function recordOf(cells: readonly string[], header: readonly string[]): object {
  if (cells.length !== header.length)
    return invalid(`a line has ${cells.length} cells, and there are ${header.length} columns`)
  return Object.fromEntries(
    header.flatMap((name, index) => (cells[index] ? [[name, cellOf(cells[index])]] : []))
  )
}

const cellOf = (text: string): string | number =>
  isJsonNumber(text) && isExact(text) ? Number(text) : text
