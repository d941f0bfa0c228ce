import { endOfText } from '../record/json-scan.ts'
import { type JsonRules, keyRepeated, parseJson } from '../record/json-text.ts'
import { isWide } from '../record/json-width.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { MAX_DEPTH } from '../record/parse-record.ts'
import { tooWide } from '../record/width.ts'
import type { DecoderOptions, Steps } from './decoder.ts'
import { bracketsFrom, endWithin } from './json-extent.ts'
import { Growing } from './members.ts'
import { PIECE_CHARACTERS } from './pieces.ts'
import { firstSpot, type Spot, spotIn } from './spot.ts'

export type LongJsonOptions = JsonRules & Pick<DecoderOptions, 'at' | 'path' | 'maxFields'>

/**
 * The value of a long text in JSON. What is short in it is parsed together with its neighbours by
 * `JSON.parse`; only lists and objects that are long themselves are gone through here. Of a record
 * with too many fields nothing is read.
 */
export function* longJson(text: string, options: LongJsonOptions): Steps<unknown> {
  try {
    return yield* new LongJson(text, { ...options, trailingNuls: 'reject' }).all()
  } catch (error) {
    if (error instanceof Broken) return error.failure
    throw error
  }
}

/** Ends the reading of a text that is no JSON. */
class Broken {
  constructor(readonly failure: ParseFailure) {}
}

/** Takes neighbours that were parsed together: a list of them, or an object of them. */
type Take = (parsed: object) => void

class LongJson {
  #at = 0

  constructor(
    private readonly text: string,
    private readonly options: LongJsonOptions
  ) {}

  *all(): Steps<unknown> {
    this.#skipBlanks()
    const spot = firstSpot(this.options)
    const isObject = this.text.charCodeAt(this.#at) === LEFT_BRACE
    if (spot.is === 'record' && isObject && this.#isWide()) throw this.#tooWide()
    const value = yield* this.#value(0, spot)
    this.#skipBlanks()
    if (this.#at < this.text.length) throw this.#broken('something stands behind the value')
    return value
  }

  *#value(depth: number, spot: Spot): Steps<unknown> {
    const code = this.text.charCodeAt(this.#at)
    if (code !== LEFT_BRACE && code !== LEFT_BRACKET) return this.#whole()
    if (depth >= MAX_DEPTH) throw new Broken(tooDeep())
    this.#at++
    return yield* code === LEFT_BRACE ? this.#object(depth, spot) : this.#list(depth, spot)
  }

  /** A text, number or word. */
  #whole(): unknown {
    const from = this.#at
    this.#at = this.#end()
    return this.#parsed(from, this.#at)
  }

  *#list(depth: number, spot: Spot): Steps<unknown[]> {
    const made: unknown[] = []
    const add = (value: unknown) => made.push(value)
    yield* this.#members(
      RIGHT_BRACKET,
      parsed => (parsed as unknown[]).forEach(add),
      () => (this.#passShort() ? undefined : this.#long(depth, spot, undefined, add))
    )
    return made
  }

  *#object(depth: number, spot: Spot): Steps<object | ParseFailure> {
    const made = new Growing(this.options.maxFields)
    let failure: ParseFailure | undefined
    const set = (key: string, value: unknown) => {
      if (!made.add(key, value)) failure ??= keyRepeated(key)
      if (spot.is === 'around' && made.isWide) throw this.#tooWide()
    }
    yield* this.#members(
      RIGHT_BRACE,
      parsed => {
        if (parsed instanceof ParseFailure) failure ??= parsed
        else for (const [key, value] of Object.entries(parsed)) set(key, value)
      },
      () => {
        const start = this.#at
        const name = this.#passName()
        if (this.#passShort()) return undefined
        const key = this.#parsed(start, name) as string
        return this.#long(depth, spot, key, value => set(key, value))
      }
    )
    return failure ?? made.object
  }

  #long(depth: number, around: Spot, key: string | undefined, add: (value: unknown) => void): Long {
    const isList = this.text.charCodeAt(this.#at) === LEFT_BRACKET
    const spot = spotIn(around, key, isList)
    const isLooked = spot.is === 'beside' || (spot.is === 'record' && around.is !== 'record')
    if (!isLooked || !this.#isWide()) return { read: this.#value(depth + 1, spot), add }
    // What stands beside the records goes into each of them.
    if (spot.is === 'beside') throw this.#tooWide()
    return { read: this.#passWide(), add }
  }

  #isWide(): boolean {
    const { text } = this
    return isWide(text, this.options.maxFields, this.#at)
  }

  *#passWide(): Steps<ParseFailure> {
    this.#at = yield* bracketsFrom(this.text, this.#at)
    return tooWide(this.options.maxFields)
  }

  #tooWide(): Broken {
    return new Broken(tooWide(this.options.maxFields))
  }

  /**
   * The members of a list or object up to what ends it. Short ones are parsed together; `next`
   * passes one of them, or says how a long one is read.
   */
  *#members(end: number, take: Take, next: () => Long | undefined): Steps<void> {
    this.#skipBlanks()
    if (this.text.charCodeAt(this.#at) === end) {
      this.#at++
      return
    }
    let from = this.#at
    for (let to = from; ; ) {
      const long = next()
      if (long === undefined) to = this.#at
      else {
        this.#takeFrom(from, to, end, take)
        yield
        long.add(yield* long.read)
        from = to = this.#at
      }
      this.#skipBlanks()
      const code = this.text.charCodeAt(this.#at)
      if (code !== COMMA && code !== end) throw this.#broken('a comma or a bracket is missing')
      this.#at++
      const isFull = to - from > PIECE_CHARACTERS
      if (isFull || code === end) this.#takeFrom(from, to, end, take)
      if (code === end) return
      if (isFull) yield
      this.#skipBlanks()
      if (isFull || from === to) from = to = this.#at
    }
  }

  #takeFrom(from: number, to: number, end: number, take: Take): void {
    if (to === from) return
    const begin = end === RIGHT_BRACE ? '{' : '['
    take(this.#parsed(from, to, begin, String.fromCharCode(end)) as object)
  }

  /** Passes a value that is short, or a text; false where a long list or object begins. */
  #passShort(): boolean {
    const { text } = this
    const code = text.charCodeAt(this.#at)
    if (code === LEFT_BRACE || code === LEFT_BRACKET) {
      const end = endWithin(text, this.#at, this.#at + PIECE_CHARACTERS)
      if (end !== undefined) this.#at = end
      return end !== undefined
    }
    const start = this.#at
    this.#at = this.#end()
    if (this.#at === start) throw this.#broken('a value is missing')
    return true
  }

  /** Passes the name of a member and its colon; gives the place behind the name. */
  #passName(): number {
    if (this.text.charCodeAt(this.#at) !== QUOTE) throw this.#broken('a name is missing')
    const end = endOfText(this.text, this.#at)
    this.#at = end
    this.#skipBlanks()
    if (this.text.charCodeAt(this.#at) !== COLON) throw this.#broken('a colon is missing')
    this.#at++
    this.#skipBlanks()
    return end
  }

  /** The place behind the text, number or word that begins here. */
  #end(): number {
    const { text } = this
    if (text.charCodeAt(this.#at) === QUOTE) return endOfText(text, this.#at)
    let at = this.#at
    while (at < text.length && !ENDS_WORD.has(text.charCodeAt(at))) at++
    return at
  }

  #skipBlanks(): void {
    while (BLANKS.has(this.text.charCodeAt(this.#at))) this.#at++
  }

  #parsed(from: number, to: number, begin = '', end = ''): unknown {
    const value = parseJson(begin + this.text.slice(from, to) + end, this.options)
    if (!(value instanceof ParseFailure) || value.path !== undefined) return value
    const message = value.message.replace('The payload', `What begins at character ${from + 1}`)
    throw new Broken(new ParseFailure(value.code, message))
  }

  #broken(why: string): Broken {
    const message = `The payload is not JSON: ${why} at character ${this.#at + 1}.`
    return new Broken(new ParseFailure('JSON_INVALID', message))
  }
}

/** A list or object that is long itself. */
interface Long {
  readonly read: Steps<unknown>
  add(value: unknown): void
}

const tooDeep = () =>
  new ParseFailure('PAYLOAD_TOO_DEEP', `The JSON is nested more than ${MAX_DEPTH} levels deep.`)

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const LEFT_BRACE = 0x7b
const RIGHT_BRACE = 0x7d
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
const ENDS_WORD: ReadonlySet<number> = new Set([
  ...BLANKS,
  COMMA,
  COLON,
  LEFT_BRACKET,
  RIGHT_BRACKET,
  LEFT_BRACE,
  RIGHT_BRACE,
  QUOTE
])
