import { isJsonNumber } from '../record/exact-number.ts'
import { numberOf, utf8Text, withoutTrailingNuls } from '../record/json-text.ts'
import { ParseFailure } from '../record/parse-failure.ts'
import { type Decode, type DecoderOptions, one } from './decoder.ts'

/** A payload that is a value by itself: `23.5`, `ON`, `open`. It becomes a record of one field. */
export function bare(options: DecoderOptions): Decode {
  const words = new Map<string, boolean>()
  for (const word of wordsOf(options.offWords)) words.set(word, false)
  for (const word of wordsOf(options.onWords)) words.set(word, true)
  return bytes => {
    const text = utf8Text(bytes)
    if (text instanceof ParseFailure) return text
    const cut = (options.trailingNuls === 'cut' ? withoutTrailingNuls(text) : text).trim()
    if (cut === '') return new ParseFailure('PAYLOAD_EMPTY', 'The payload has only white space.')
    return one({ [options.valueField]: meaningOf(cut, words, options) })
  }
}

const wordsOf = (list: string) =>
  list
    .split(',')
    .map(word => word.trim().toLowerCase())
    .filter(word => word !== '')

function meaningOf(
  text: string,
  words: ReadonlyMap<string, boolean>,
  { nanAsNull, exact }: DecoderOptions
): unknown {
  const word = words.get(text.toLowerCase())
  if (word !== undefined) return word
  if (isJsonNumber(text)) return numberOf(text, exact)
  if (nanAsNull && /^[+-]?(?:nan|inf|infinity)$/i.test(text)) return null
  return text
}
