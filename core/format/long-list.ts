import { randomUUID } from 'node:crypto'
import { stepsOf } from '../record/field-path.ts'
import { endOfText } from '../record/json-scan.ts'
import { type JsonRules, parseJson, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { isWide } from '../record/json-width.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import { LONG_BYTES, type Steps } from './decoder.ts'
import { endOfValue } from './json-extent.ts'
import type { Format } from './names.ts'
import { NOTHING_YET, PIECE_CHARACTERS, type Piece } from './pieces.ts'
import { elementsOf, type Item, type Placing } from './records-at.ts'

type ListOptions = Placing & Omit<JsonRules, 'trailingNuls'> & { format: Format; cutNuls: boolean }

/** Whether it is JSON with a list of records that is parsed element by element. */
export const isLongList = (bytes: Buffer, { format, at }: ListOptions): boolean =>
  format === 'json' && at === 'list' && bytes.length >= LONG_BYTES

/** Some elements of the list. */
interface Stretch {
  readonly from: number
  readonly to: number
  /** The number of its first element. */
  readonly first: number
}

interface Ends {
  readonly to: number
  readonly isLast: boolean
}

/** Stands for the list in what is around it; nobody can send it. */
const LIST = randomUUID()

/**
 * The records of a long list in JSON. It is parsed twice, some elements at a time: first to see
 * that all of it is JSON, since nothing is taken of a message that is none; then for its records.
 * So neither takes long in one turn of the event loop, nor does all of it stand in memory at once.
 * Undefined where the list is not where it should be, or it has to be parsed as a whole to tell.
 */
export function longListIn(bytes: Buffer, options: ListOptions): Iterable<Piece<Item>> | undefined {
  const given = utf8Text(bytes)
  if (given instanceof ParseFailure) return undefined
  const text = options.cutNuls ? withoutTrailingNuls(given) : given
  const start = listStart(text, options.path === '' ? [] : (stepsOf(options.path) ?? []))
  return start === undefined ? undefined : new LongList(text, start, options).pieces()
}

/** The place of the bracket that begins the list. */
function listStart(text: string, steps: readonly string[]): number | undefined {
  let at = afterBlanks(text, 0)
  for (const step of steps) {
    const found = namedValue(text, at, step)
    if (found === undefined) return undefined
    at = found
  }
  return text[at] === '[' ? at : undefined
}

/** The place of the value that the object which begins here has by this name. */
function namedValue(text: string, start: number, name: string): number | undefined {
  if (text[start] !== '{') return undefined
  for (let at = afterBlanks(text, start + 1); text[at] === '"'; ) {
    const endOfName = endOfText(text, at)
    const colon = afterBlanks(text, endOfName)
    if (text[colon] !== ':') return undefined
    const value = afterBlanks(text, colon + 1)
    if (isName(text.slice(at, endOfName), name)) return value
    const comma = afterBlanks(text, endOfValue(text, value))
    if (text[comma] !== ',') return undefined
    at = afterBlanks(text, comma + 1)
  }
  return undefined
}

const isName = (written: string, name: string) =>
  written === `"${name}"` || (written.includes('\\') && parseJson(written) === name)

function afterBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++
  return at
}

class LongList {
  readonly #stretches: Stretch[] = []
  #length = 0
  /** The place behind the list. */
  #end = 0
  readonly #rules: JsonRules

  constructor(
    private readonly text: string,
    private readonly start: number,
    private readonly options: ListOptions
  ) {
    this.#rules = { ...options, trailingNuls: 'reject' }
  }

  *pieces(): Generator<Piece<Item>> {
    for (const failure of this.#looked()) {
      yield failure === undefined ? NOTHING_YET : one(failure)
      if (failure !== undefined) return
    }
    const rest = this.#rest()
    const itemsOf =
      rest instanceof ParseFailure ? rest : elementsOf(rest, this.options, this.#length)
    if (itemsOf instanceof ParseFailure) {
      yield one(itemsOf)
      return
    }
    for (const stretch of this.#stretches) {
      const again = () => itemsOf(this.#parsed(stretch) as readonly unknown[], stretch.first)
      yield { values: again(), again }
    }
  }

  /** Looks at the whole list, some of it at each step; gives why it is none. */
  *#looked(): Generator<ParseFailure | undefined> {
    for (let from: number | undefined = this.start + 1; from !== undefined; ) {
      const { to, isLast }: Ends = yield* stretchFrom(this.text, from)
      const stretch = { from, to, first: this.#length }
      const values = this.#parsed(stretch)
      if (values instanceof ParseFailure) {
        yield values
        return
      }
      const { length } = values
      // A comma stands before it.
      if (length === 0 && this.#length > 0) yield this.#broken(to)
      this.#stretches.push(stretch)
      this.#length += length
      this.#end = to + 1
      from = isLast ? undefined : to + 1
      yield undefined
    }
  }

  #parsed({ from, to }: Stretch): readonly unknown[] | ParseFailure {
    const { text } = this
    const { maxFields } = this.options
    if (to >= text.length) return this.#broken(text.length)
    if (to - from > LONG_ELEMENT && isWide(text, maxFields, from)) return [tooWide(maxFields)]
    const values = parseJson(`[${text.slice(from, to)}]`, this.#rules)
    if (!(values instanceof ParseFailure)) return values as unknown[]
    const message = values.message.replace('The payload', `What begins at character ${from + 1}`)
    return new ParseFailure(values.code, message)
  }

  #broken(at: number): ParseFailure {
    return new ParseFailure(
      'JSON_INVALID',
      `The payload is not JSON: the list in it is broken off at character ${at + 1}.`
    )
  }

  /** What stands around the list. */
  #rest(): unknown {
    const { text, start } = this
    const { maxFields } = this.options
    if (text.length - this.#end + start > PIECE_CHARACTERS) {
      const isTooWide = isWide(text.slice(0, start) + text.slice(this.#end), maxFields)
      if (isTooWide) return tooWide(maxFields)
    }
    const rest = parseJson(
      `${text.slice(0, start)}["${LIST}"]${text.slice(this.#end)}`,
      this.#rules
    )
    return rest instanceof ParseFailure ? new ParseFailure(rest.code, rest.message) : rest
  }
}

/** Characters of one element that are looked at before others have their turn. */
const LOOKED_AT_ONCE = 1_048_576
/** Longer is a stretch only where its last element is. */
const LONG_ELEMENT = 2 * PIECE_CHARACTERS

/**
 * The elements from here on, up to a comma or the bracket that ends the list; one that is long
 * itself stands alone.
 */
function* stretchFrom(text: string, from: number): Steps<Ends> {
  const enough = from + PIECE_CHARACTERS
  let depth = 0
  let at = from
  let comma = from
  for (let looked = from; at < text.length; ) {
    if (at - looked > LOOKED_AT_ONCE) {
      yield
      looked = at
    }
    if (comma > from && at - comma > PIECE_CHARACTERS) return { to: comma, isLast: false }
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfText(text, at)
      continue
    }
    if (code === LEFT_BRACE || code === LEFT_BRACKET) depth++
    else if (code === RIGHT_BRACE || code === RIGHT_BRACKET) {
      if (depth === 0) return { to: code === RIGHT_BRACKET ? at : text.length, isLast: true }
      depth--
    } else if (code === COMMA && depth === 0) {
      if (at >= enough) return { to: at, isLast: false }
      comma = at
    }
    at++
  }
  return { to: text.length, isLast: true }
}

const QUOTE = 0x22
const COMMA = 0x2c
const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const LEFT_BRACE = 0x7b
const RIGHT_BRACE = 0x7d

function one(failure: ParseFailure): Piece<Item> {
  const values = [{ record: failure, place: '' }]
  return { values, again: () => values }
}
