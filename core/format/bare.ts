import { OptionsError } from '../options-error.ts'
import { isJsonNumber } from '../record/exact-number.ts'
import { numberOf, parseJson, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { type Decode, type DecoderOptions, one } from './decoder.ts'

/** A payload that is a value by itself: `23.5`, `ON`, `open`. It becomes a record of one field. */
export function bare(options: DecoderOptions): Decode {
  const words = new Map<string, boolean>()
  for (const word of wordsOf(options.offWords)) words.set(word, false)
  for (const word of wordsOf(options.onWords)) {
    if (words.has(word))
      throw new OptionsError('Words for true', [`"${word}" is one of those for false as well`])
    words.set(word, true)
  }
  return bytes => {
    const text = utf8Text(bytes)
    if (text instanceof ParseFailure) return text
    const cut = (options.trailingNuls === 'cut' ? withoutTrailingNuls(text) : text).trim()
    if (cut === '') return new ParseFailure('PAYLOAD_EMPTY', 'The payload has only white space.')
    return one({ [options.valueField]: meaningOf(unquoted(cut), words, options) })
  }
}

/** A text as JSON writes it is that text; a number in quotes stays a text. */
function unquoted(text: string): string | Quoted {
  if (text.length < 2 || text[0] !== '"' || !text.endsWith('"')) return text
  const value = parseJson(text)
  return typeof value === 'string' ? new Quoted(value) : text
}

class Quoted {
  constructor(readonly text: string) {}
}

const wordsOf = (list: string) =>
  list
    .split(',')
    .map(word => word.trim().toLowerCase())
    .filter(word => word !== '')

function meaningOf(
  given: string | Quoted,
  words: ReadonlyMap<string, boolean>,
  { nanAsNull, exact }: DecoderOptions
): unknown {
  const text = typeof given === 'string' ? given : given.text
  const word = words.get(text.toLowerCase())
  if (word !== undefined) return word
  if (typeof given !== 'string') return text
  if (isJsonNumber(text)) return numberOf(text, exact)
  if (nanAsNull && /^[+-]?(?:nan|inf|infinity)$/i.test(text)) return null
  return text
}
