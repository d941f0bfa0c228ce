import { isJsonNumber } from '../record/exact-number.ts'
import { parseJson, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { isWideRecord } from '../record/json-width.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import {
  type AtOnce,
  type Decode,
  type DecoderOptions,
  type InPieces,
  type InSteps,
  LONG_BYTES,
  one,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { endOfValue, nextValue } from './json-extent.ts'
import { longJson } from './long-json.ts'
import { inPieces, PIECE_CHARACTERS, type Piece, PieceFill, type Step } from './pieces.ts'

export function json(options: DecoderOptions): Decode {
  return bytes => {
    if (bytes.length >= LONG_BYTES) return long(bytes, options)
    const text = utf8Text(bytes)
    if (text instanceof ParseFailure) return text
    if (isTooWide(text, options)) return tooWide(options.maxFields)
    return onlyValue(parseJson(text, options))
  }
}

function long(bytes: Buffer, options: DecoderOptions): InSteps | ParseFailure {
  const text = textOf(bytes, options)
  if (text instanceof ParseFailure) return text
  function* steps(): Steps<ReadContent | ParseFailure> {
    return onlyValue(yield* longJson(text as string, options))
  }
  return { steps: steps() }
}

const onlyValue = (value: unknown): AtOnce | ParseFailure =>
  value instanceof ParseFailure && value.path === undefined ? value : one(value)

/** A value a line; a line that holds none is refused by itself. */
export function jsonLines(options: DecoderOptions): Decode {
  return bytes => {
    const text = textOf(bytes, options)
    if (text instanceof ParseFailure) return text
    return listed(text, () =>
      inPieces({ from: 0, number: 1 }, place => linesFrom(text, place, options))
    )
  }
}

interface LinePlace {
  readonly from: number
  readonly number: number
}

function linesFrom(
  text: string,
  place: LinePlace,
  options: DecoderOptions
): Step<unknown, LinePlace> {
  const fill = new PieceFill(place.from)
  let { from, number } = place
  for (; from < text.length && !fill.isFull(from); number++) {
    const end = text.indexOf('\n', from)
    const line = text.slice(from, end < 0 ? text.length : end)
    // RFC 7464: a record separator may stand before each text.
    const value = line.replace(/^\x1e/, '').trim()
    if (value !== '') fill.values.push(parsed(value, `line ${number}`, options))
    from = end < 0 ? text.length : end + 1
  }
  return { values: fill.values, next: from < text.length ? { from, number } : undefined }
}

/**
 * Values one after the other, with or without white space between. What follows an object that has
 * no end is refused.
 */
export function jsonSequence(options: DecoderOptions): Decode {
  return bytes => {
    const text = textOf(bytes, options)
    if (text instanceof ParseFailure) return text
    return listed(text, first => inPieces(first, at => valuesFrom(text, at, options)))
  }
}

function valuesFrom(text: string, from: number, options: DecoderOptions): Step<unknown, number> {
  const fill = new PieceFill(from)
  let at = from
  while (at < text.length && !fill.isFull(at)) {
    const end = endOfValue(text, at)
    fill.values.push(parsed(text.slice(at, end), `character ${at + 1}`, options))
    at = nextValue(text, end)
  }
  return { values: fill.values, next: at < text.length ? at : undefined }
}

function textOf(bytes: Buffer, { trailingNuls }: DecoderOptions): string | ParseFailure {
  const text = utf8Text(bytes)
  return text instanceof ParseFailure || trailingNuls === 'reject'
    ? text
    : withoutTrailingNuls(text)
}

function listed(
  text: string,
  piecesFrom: (first: number) => Iterable<Piece<unknown>>
): InPieces | ParseFailure {
  const first = nextValue(text, 0)
  return first < text.length
    ? { pieces: piecesFrom(first) }
    : new ParseFailure('PAYLOAD_EMPTY', 'The payload has only white space.')
}

function parsed(text: string, where: string, options: DecoderOptions): unknown {
  if (isTooWide(text, options)) return tooWide(options.maxFields)
  const value = canBegin(text) ? parsedWithoutStack(text, options) : NO_JSON
  if (!(value instanceof ParseFailure) || value.path !== undefined) return value
  return new ParseFailure(
    value.code,
    value.message.replace('The payload', `What begins at ${where}`)
  )
}

/** A shorter one is parsed faster than it is looked at before. */
const isTooWide = (text: string, { at, maxFields }: DecoderOptions) =>
  at === 'message' && text.length >= PIECE_CHARACTERS && isWideRecord(text, maxFields)

const NO_JSON = new ParseFailure('JSON_INVALID', 'The payload is not JSON.')

const TEXT = /^"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"$/
const BEGINS_OBJECT = /^\{\s*(?:\}|"[\s\S]{4,})/
const BEGINS_LIST = /^\[\s*[\]"[{\-+\dtfni]/i
const WORD = /^(?:true|false|null|[+-]?(?:nan|inf|infinity))$/i

/**
 * Whether it may be a JSON value: a text, number or word is told for certain, an object or list by
 * its beginning and end. What is none costs no exception so.
 */
function canBegin(text: string): boolean {
  const first = text[0]!
  if (first === '{') return text.endsWith('}') && BEGINS_OBJECT.test(text)
  if (first === '[') return text.endsWith(']') && BEGINS_LIST.test(text)
  return first === '"' ? TEXT.test(text) : isJsonNumber(text) || WORD.test(text)
}

/**
 * A payload may have ten thousand lines that are no JSON: the stack of each exception would cost
 * more than the line.
 */
function parsedWithoutStack(text: string, options: DecoderOptions): unknown {
  const first = text.charCodeAt(0)
  // What is no object or list is valid by what was looked at.
  if (first !== OBJECT && first !== LIST) return parseJson(text, options)
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return parseJson(text, options)
  } finally {
    Error.stackTraceLimit = before
  }
}

const OBJECT = 0x7b
const LIST = 0x5b
