import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { ExactDecimal } from './exact-decimal.ts'
import { isExact, isJsonNumber } from './exact-number.ts'
import { markRepeatedNames, membersOf, namesIn } from './json-names.ts'
import { endOfText, QUOTE } from './json-scan.ts'
import { mayChange } from './long-number.ts'
import { ParseFailure } from './parse-failure.ts'

export interface JsonRules {
  /** NUL characters after the text, as firmware sends that writes a whole C buffer. */
  readonly trailingNuls: 'cut' | 'reject'
  /** NaN and Infinity, which are no JSON, become null. */
  readonly nanAsNull: boolean
  /**
   * Numbers that a double does not hold are kept with all digits instead of being refused: integers
   * as BigInt, others as `ExactDecimal`.
   */
  readonly exact: boolean
  /** Fields that a record may have at any depth; what is no record is not looked at for it. */
  readonly maxFields?: number
}

export const JSON_RULES: JsonRules = { trailingNuls: 'cut', nanAsNull: false, exact: false }

/** What `Buffer` puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD'
const BYTE_ORDER_MARK = '\uFEFF'

/** Nobody can send what stands for the numbers that JSON.parse would change. */
const MARK = `${randomUUID()}:`

/**
 * A longer number measures nothing, and making a BigInt of it takes time that grows with the
 * square.
 */
const MAX_CHARACTERS = 1000
/** A power of ten that is written out takes as many digits in a column. */
const MAX_POWER = 1000

/**
 * The text of the bytes. RFC 8259, section 8.1: a byte order mark may be ignored rather than
 * treated as an error.
 */
export function utf8Text(bytes: Buffer): string | ParseFailure {
  if (bytes.length === 0) return new ParseFailure('PAYLOAD_EMPTY', 'The payload has no bytes.')
  const text = bytes.toString()
  if (text.includes(REPLACEMENT) && !isUtf8(bytes)) {
    const wide = utf16Text(bytes)
    if (wide?.isWellFormed()) return wide
    return new ParseFailure('JSON_INVALID', 'The payload is not valid UTF-8.')
  }
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}

/**
 * The text of UTF-16, as Windows programs write it, where a byte order mark says so: its two bytes
 * are never UTF-8.
 */
function utf16Text(bytes: Buffer): string | undefined {
  if (bytes.length % 2 !== 0) return undefined
  const mark = bytes.readUInt16BE(0)
  if (mark === 0xfffe) return bytes.toString('utf16le', 2)
  return mark === 0xfeff ? Buffer.from(bytes.subarray(2)).swap16().toString('utf16le') : undefined
}

/**
 * The value that a JSON text writes. A number that a double would change is a `ParseFailure` in its
 * place, or a BigInt; so is an object that has a name twice. Nothing is thrown.
 */
export function parseJson(text: string, rules: JsonRules = JSON_RULES): unknown {
  try {
    const value: unknown = JSON.parse(text)
    const isPlain = !mayChange(text) && membersOf(value) === namesIn(Buffer.from(text))
    return isPlain ? value : parseClosely(text, rules)
  } catch (error) {
    return mended(text, rules) ?? invalid(text, error)
  }
}

/**
 * The same, where names that stand twice are still to be looked for: who walks over the value
 * counts its members on the way.
 * @param bytes what the text was read from, where they are at hand: they are looked at faster
 */
export function parseUncounted(text: string, rules: JsonRules, bytes?: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return mayChange(text, bytes) ? parseClosely(text, rules) : value
  } catch (error) {
    return mended(text, rules) ?? invalid(text, error)
  }
}

/** The value of a text that was parsed before, each of its names looked at. */
export function parseAnew(text: string, rules: JsonRules): unknown {
  try {
    return parseClosely(text, rules)
  } catch (error) {
    return mended(text, rules) ?? invalid(text, error)
  }
}

/**
 * What the text holds once what real devices add to JSON is taken off; undefined if that does not
 * help.
 */
function mended(text: string, rules: JsonRules): unknown {
  const cut = rules.trailingNuls === 'cut' ? withoutTrailingNuls(text) : text
  const hasNan = /nan|inf/i.test(cut)
  if (cut === '' || (cut === text && !hasNan)) return undefined
  if (!hasNan) return parseJson(cut, { ...rules, trailingNuls: 'reject' })
  try {
    return parseClosely(cut, rules)
  } catch {
    return undefined
  }
}

/** Cut at the first NUL behind which nothing but NULs and white space comes, as of a C string. */
export function withoutTrailingNuls(text: string): string {
  let cut = text.length
  for (let at = text.length - 1; at >= 0; at--) {
    const code = text.charCodeAt(at)
    if (code === NUL) cut = at
    else if (!isBlank(code)) break
  }
  return cut === text.length ? text : text.slice(0, cut)
}

const NUL = 0
/** Space, tab, line feed or carriage return: the white space of JSON. */
const isBlank = (code: number): boolean =>
  code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d

function invalid(text: string, error: unknown): ParseFailure {
  if (error instanceof RangeError)
    return new ParseFailure('PAYLOAD_TOO_DEEP', 'The JSON is nested too deep.')
  const nuls = text.slice(withoutTrailingNuls(text).length).split('\0').length - 1
  const more = nuls > 0 ? ` There are ${nuls} NUL bytes after the JSON.` : ''
  const why =
    nuls > 0 && nuls === text.length
      ? 'it has nothing but NUL bytes'
      : (error as SyntaxError).message
  return new ParseFailure('JSON_INVALID', `The payload is not JSON: ${why}.${more}`)
}

/** @throws SyntaxError; RangeError where it is nested so deep that the stack ends */
function parseClosely(text: string, rules: JsonRules): unknown {
  const marked = replaceWords(text, word => {
    if (isJsonNumber(word)) return isExact(word) || !isFiniteText(word) ? word : `"${MARK}${word}"`
    if (!isNan(word)) return word
    return rules.nanAsNull ? 'null' : `"${MARK}${word}"`
  })
  const named = markRepeatedNames(marked, MARK)
  if (named === text) return JSON.parse(text)
  const isRepeated = named !== marked
  return JSON.parse(named, (_key, value: unknown) => {
    if (typeof value === 'string' && value.startsWith(MARK))
      return unfit(value.slice(MARK.length), rules)
    return isRepeated && typeof value === 'object' ? (repeatedName(value) ?? value) : value
  })
}

/** That an object has a name twice, where one was marked. */
function repeatedName(value: object | null): ParseFailure | undefined {
  for (const name in value) {
    if (name.startsWith(MARK)) return keyRepeated(name.slice(MARK.length))
  }
  return undefined
}

/** The refusal of an object that has a key twice: which of the values was meant nobody can say. */
export function keyRepeated(key: string): ParseFailure {
  const shown = JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key)
  const why = 'all of its values but one would be lost'
  return new ParseFailure('KEY_REPEATED', `The key ${shown} stands in it twice, so ${why}.`, '')
}

/** What is too large for a double altogether is told by the walk over the values. */
const isFiniteText = (word: string) => Number.isFinite(Number(word))

const NAN = /^[+-]?(?:nan|inf|infinity)$/i
const isNan = (word: string) => NAN.test(word)

function unfit(word: string, rules: JsonRules): unknown {
  if (isNan(word))
    return new ParseFailure('JSON_INVALID', `The number is ${word}, which JSON does not have.`, '')
  return longNumber(word, rules.exact)
}

/** A number, as JSON writes it, that no double holds: with all digits, or its refusal. */
export function longNumber(text: string, exact: boolean): bigint | ExactDecimal | ParseFailure {
  if (!exact || text.length > MAX_CHARACTERS) return inexact(text)
  if (/^-?\d+$/.test(text)) return BigInt(text)
  const power = /e(.*)$/i.exec(text)?.[1] ?? 0
  return Math.abs(Number(power)) > MAX_POWER ? inexact(text) : new ExactDecimal(text)
}

/** The number that a JSON number writes. */
export const numberOf = (text: string, exact: boolean): number | ReturnType<typeof longNumber> =>
  isExact(text) ? Number(text) : longNumber(text, exact)

/** The refusal of a number that would be changed. */
export function inexact(number: string | bigint): ParseFailure {
  const text = String(number)
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  const why = 'has more digits than a number holds; a device would have to send it as text'
  return new ParseFailure('NUMBER_INEXACT', `The number ${shown} ${why}.`, '')
}

/** An integer of 64 bits or more as a record holds it. */
export function integerOf(value: bigint, exact: boolean): number | bigint | ParseFailure {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  return exact ? value : inexact(value)
}

/** Numbers and other words outside of texts, each replaced. Linear, whatever the text is. */
function replaceWords(text: string, replace: (word: string) => string): string {
  let made = ''
  let from = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at)
    else if (isWordCode(code)) {
      let end = at + 1
      while (end < text.length && isWordCode(text.charCodeAt(end))) end++
      const word = text.slice(at, end)
      const other = replace(word)
      if (other !== word) {
        made += text.slice(from, at) + other
        from = end
      }
      at = end
    } else at++
  }
  return from === 0 ? text : made + text.slice(from)
}

/** Letters, digits, `+`, `-` and `.`. */
const isWordCode = (code: number) =>
  (code >= 0x30 && code <= 0x39) ||
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  code === 0x2b ||
  code === 0x2d ||
  code === 0x2e
