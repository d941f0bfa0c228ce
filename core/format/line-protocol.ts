import { isJsonNumber } from '../record/exact-number.ts'
import { integerOf, numberOf, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { tooWide } from '../record/width.ts'
import type { Decode, DecoderOptions } from './decoder.ts'
import { inPieces, PieceFill, type Step } from './pieces.ts'

/**
 * InfluxDB line protocol: `weather,site=a temperature=21.5,ok=t 1708700000000000000`, a point a
 * line. Tags and fields become fields beside `measurement`; the time becomes `ts`, as text, since
 * its 19 digits are more than a number holds.
 */
export function lineProtocol(options: DecoderOptions): Decode {
  return bytes => {
    const text = utf8Text(bytes)
    if (text instanceof ParseFailure) return text
    const cut = withoutTrailingNuls(text)
    const points = new Points(cut, options)
    return points.next()
      ? { pieces: inPieces(points.place, place => pointsFrom(cut, options, place)) }
      : new ParseFailure('PAYLOAD_EMPTY', 'The payload has no points.')
  }
}

interface PointPlace {
  readonly at: number
  readonly line: number
}

type Rules = Pick<DecoderOptions, 'exact' | 'maxFields'>

function pointsFrom(text: string, rules: Rules, place: PointPlace): Step<unknown, PointPlace> {
  const points = new Points(text, rules, place)
  const fill = new PieceFill(place.at)
  let hasMore = true
  while (hasMore && !fill.isFull(points.place.at)) {
    fill.values.push(points.point())
    hasMore = points.next()
  }
  return { values: fill.values, next: hasMore ? points.place : undefined }
}

/** No Error, since its stack would cost more than the line. */
class Wrong {
  constructor(readonly message: string) {}
}
class TooWide {}

const isSpace = (character: string) => character !== '' && ' \n\r\t\v\f'.includes(character)

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a
const isEscapable = (code: number) => code === QUOTE || code === BACKSLASH

const COMMA = ','
const EQUALS = '='
const INTEGER = /^-?\d{1,20}[iu]$/
const WORDS: Readonly<Record<string, boolean>> = {
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false
}

class Points {
  #at: number
  #line: number

  constructor(
    private readonly text: string,
    private readonly rules: Rules,
    { at, line }: PointPlace = { at: 0, line: 1 }
  ) {
    this.#at = at
    this.#line = line
  }

  get place(): PointPlace {
    return { at: this.#at, line: this.#line }
  }

  /** Goes to the next point, over empty lines and comments; false if there is none. */
  next(): boolean {
    for (;;) {
      while (isSpace(this.#here)) this.#step()
      if (this.#here !== '#') return this.#at < this.text.length
      this.#skipLine()
    }
  }

  /** The point that begins here, or why it is none; goes to the end of its line. */
  point(): unknown {
    const line = this.#line
    if (!this.#hasField()) return this.#refused(line, 'it has no fields')
    try {
      return this.#point()
    } catch (error) {
      if (error instanceof TooWide) {
        this.#skipLine()
        return tooWide(this.rules.maxFields)
      }
      if (!(error instanceof Wrong)) throw error
      return this.#refused(line, error.message)
    }
  }

  #refused(line: number, why: string): ParseFailure {
    this.#skipLine()
    return new ParseFailure('FORMAT_INVALID', `Line ${line} is no point of line protocol: ${why}.`)
  }

  /** Much of what is no point is told without the price of an exception. */
  #hasField(): boolean {
    const { text } = this
    for (let at = this.#at; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x3d) return true
      if (code === 0x0a && text.charCodeAt(at - 1) !== 0x5c) return false
    }
    return false
  }

  #point(): unknown {
    const fields = new Map<string, unknown>([['measurement', this.#name(', ')]])
    while (this.#here === COMMA) {
      this.#step()
      const tag = this.#key()
      this.#put(fields, tag, this.#name(', ='))
    }
    this.#space()
    for (;;) {
      const key = this.#key()
      this.#put(fields, key, this.#value())
      if (this.#here !== COMMA) break
      this.#step()
    }
    while (this.#here === ' ') this.#step()
    const time = this.#word()
    if (time !== '') {
      if (!/^-?\d{1,20}$/.test(time)) throw new Wrong('its time is no integer')
      this.#put(fields, 'ts', time)
    }
    while (this.#here === ' ' || this.#here === '\r') this.#step()
    if (this.#here !== '' && this.#here !== '\n')
      throw new Wrong('something stands behind its time')
    return Object.fromEntries(fields)
  }

  #put(fields: Map<string, unknown>, name: string, value: unknown): void {
    if (fields.size >= this.rules.maxFields) throw new TooWide()
    if (fields.has(name)) throw new Wrong(`it has "${name.slice(0, 60)}" twice`)
    fields.set(name, value)
  }

  #key(): string {
    const key = this.#name(', =')
    if (this.#here !== EQUALS) throw new Wrong('a name has no value')
    this.#step()
    return key
  }

  /** Text up to one of these, with `\` before those that belong to it. */
  #name(ends: string): string {
    const { text } = this
    let name = ''
    let from = this.#at
    for (; this.#here !== '' && this.#here !== '\n' && !ends.includes(this.#here); this.#step()) {
      const following = text[this.#at + 1] ?? ''
      if (this.#here !== '\\' || following === '' || !', ='.includes(following)) continue
      name += text.slice(from, this.#at)
      this.#step()
      from = this.#at
    }
    name += text.slice(from, this.#at)
    if (name === '') throw new Wrong('a name or value is empty')
    return name
  }

  #value(): unknown {
    if (this.#here === '"') return this.#quoted()
    const word = this.#word(COMMA)
    if (Object.hasOwn(WORDS, word)) return WORDS[word]
    if (INTEGER.test(word)) return this.#integer(word)
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(word))
      throw new Wrong(`"${word.slice(0, 60)}" is no value`)
    const text = word.replace(/^\+/, '')
    // .5 and 1. are numbers here, but could not be written as such again.
    return numberOf(text, this.rules.exact && isJsonNumber(text))
  }

  /** Of 64 bits, with a sign (`i`) or without (`u`). */
  #integer(word: string): unknown {
    const value = BigInt(word.slice(0, -1))
    const fits = word.endsWith('u') ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)
    if (value !== fits) throw new Wrong(`"${word}" is beyond 64 bits`)
    return integerOf(value, this.rules.exact)
  }

  #quoted(): string {
    const { text } = this
    let made = ''
    let from = this.#at + 1
    for (let at = from; ; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.#at = at + 1
        return made + text.slice(from, at)
      }
      if (code === NEWLINE) this.#line++
      else if (code === BACKSLASH && isEscapable(text.charCodeAt(at + 1))) {
        made += text.slice(from, at)
        from = ++at
      } else if (at >= text.length) {
        this.#at = at
        throw new Wrong('a text has no end')
      }
    }
  }

  #word(end = ''): string {
    const start = this.#at
    while (this.#here !== '' && !isSpace(this.#here) && this.#here !== end) this.#step()
    return this.text.slice(start, this.#at)
  }

  #space(): void {
    if (this.#here !== ' ') throw new Wrong('it has no fields')
    while (this.#here === ' ') this.#step()
  }

  #skipLine(): void {
    const end = this.text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.text.length : end
  }

  get #here(): string {
    return this.text[this.#at] ?? ''
  }

  #step(): void {
    if (this.text.charCodeAt(this.#at) === 0x0a) this.#line++
    this.#at++
  }
}
