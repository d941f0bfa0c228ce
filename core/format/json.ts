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
  type LongValue,
  one,
  type ReadContent,
  type Steps
} from './decoder.ts'
import { bracketsFrom, endOfValue, endWithin, nextValue } from './json-extent.ts'
import { longJson } from './long-json.ts'
import { NOTHING_YET, PIECE_CHARACTERS, type Piece, PieceFill, type Step } from './pieces.ts'

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
    return listed(text, () => piecesOf({ from: 0, number: 1 }, linesOf(text, options)))
  }
}

/** How a text of several values is read from place to place. */
interface Reading<Place> {
  /** Short values that stand one after the other; none where a long one is next. */
  short(from: Place): Step<unknown, Place>
  /** The long value that begins here, some of which is looked at at each step. */
  long(from: Place): Steps<LongStep<Place>>
}

interface LongStep<Place> {
  readonly value: LongValue
  readonly next: Place | undefined
}

function* piecesOf<Place>(
  first: Place,
  { short, long }: Reading<Place>
): Generator<Piece<unknown> | LongValue> {
  for (let at: Place | undefined = first; at !== undefined; ) {
    const from: Place = at
    const { values, next } = short(from)
    if (values.length > 0 || next !== from) {
      yield { values, again: () => short(from).values }
      at = next
      continue
    }
    const steps = long(from)
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) yield NOTHING_YET
    yield step.value.value
    at = step.value.next
  }
}

interface LinePlace {
  readonly from: number
  readonly number: number
}

function linesOf(text: string, options: DecoderOptions): Reading<LinePlace> {
  const endOf = (from: number) => {
    const end = text.indexOf('\n', from)
    return end < 0 ? text.length : end
  }
  const placeBehind = (end: number, number: number) =>
    end + 1 < text.length ? { from: end + 1, number: number + 1 } : undefined
  return {
    short(place) {
      const fill = new PieceFill(place.from)
      let at: LinePlace | undefined = place
      while (at !== undefined && !fill.isFull(at.from)) {
        const end = endOf(at.from)
        const line = lineIn(text, at.from, end)
        if (line.length >= LONG_BYTES && isContainer(line.charCodeAt(0))) break
        if (line !== '') fill.values.push(parsed(line, `line ${at.number}`, options))
        at = placeBehind(end, at.number)
      }
      return { values: fill.values, next: at }
    },
    *long({ from, number }) {
      const end = endOf(from)
      const line = lineIn(text, from, end)
      yield
      return { value: longValue(line, `line ${number}`, options), next: placeBehind(end, number) }
    }
  }
}

/** RFC 7464: a record separator may stand before each text. */
const lineIn = (text: string, from: number, end: number) =>
  text.slice(text.charCodeAt(from) === SEPARATOR ? from + 1 : from, end).trim()

/**
 * Values one after the other, with or without white space between. What follows an object that has
 * no end is refused.
 */
export function jsonSequence(options: DecoderOptions): Decode {
  return bytes => {
    const text = textOf(bytes, options)
    if (text instanceof ParseFailure) return text
    return listed(text, first => piecesOf(first, valuesOf(text, options)))
  }
}

function valuesOf(text: string, options: DecoderOptions): Reading<number> {
  const next = (end: number) => {
    const at = nextValue(text, end)
    return at < text.length ? at : undefined
  }
  const where = (at: number) => `character ${at + 1}`
  return {
    short(from) {
      const fill = new PieceFill(from)
      let at: number | undefined = from
      while (at !== undefined && !fill.isFull(at)) {
        const end = endOfShort(text, at)
        if (end === undefined) break
        fill.values.push(parsed(text.slice(at, end), where(at), options))
        at = next(end)
      }
      return { values: fill.values, next: at }
    },
    *long(from) {
      const end = yield* bracketsFrom(text, from)
      const value = longValue(text.slice(from, end), where(from), options)
      return { value, next: next(end) }
    }
  }
}

/** The place after a value; undefined where a long object or list begins. */
function endOfShort(text: string, at: number): number | undefined {
  if (!isContainer(text.charCodeAt(at))) return endOfValue(text, at)
  const limit = at + LONG_BYTES
  return endWithin(text, at, limit) ?? (text.length <= limit ? text.length : undefined)
}

const longValue = (text: string, where: string, options: DecoderOptions): LongValue => ({
  *steps() {
    const value = yield* longJson(text, options)
    return value instanceof ParseFailure ? beginningAt(value, where) : value
  }
})

function textOf(bytes: Buffer, { trailingNuls }: DecoderOptions): string | ParseFailure {
  const text = utf8Text(bytes)
  return text instanceof ParseFailure || trailingNuls === 'reject'
    ? text
    : withoutTrailingNuls(text)
}

function listed(
  text: string,
  piecesFrom: (first: number) => InPieces['pieces']
): InPieces | ParseFailure {
  const first = nextValue(text, 0)
  return first < text.length
    ? { pieces: piecesFrom(first) }
    : new ParseFailure('PAYLOAD_EMPTY', 'The payload has only white space.')
}

function parsed(text: string, where: string, options: DecoderOptions): unknown {
  if (isTooWide(text, options)) return tooWide(options.maxFields)
  const value = canBegin(text) ? parsedWithoutStack(text, options) : NO_JSON
  return value instanceof ParseFailure ? beginningAt(value, where) : value
}

const beginningAt = (failure: ParseFailure, where: string) =>
  failure.path === undefined
    ? new ParseFailure(
        failure.code,
        failure.message.replace('The payload', `What begins at ${where}`)
      )
    : failure

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
  // What is no object or list is valid by what was looked at.
  if (!isContainer(text.charCodeAt(0))) return parseJson(text, options)
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return parseJson(text, options)
  } finally {
    Error.stackTraceLimit = before
  }
}

const isContainer = (code: number) => code === OBJECT || code === LIST

const OBJECT = 0x7b
const LIST = 0x5b
const SEPARATOR = 0x1e
