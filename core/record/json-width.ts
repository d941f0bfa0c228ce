import { endOfText, QUOTE } from './json-scan.ts'
import { ELEMENTS_A_FIELD } from './width.ts'

/**
 * Whether a JSON text has more fields than so, at any depth, and elements of lists for a tenth:
 * told before it is parsed, which takes far longer. It is looked at no further than matters, up to
 * the end of the object or list that begins here. A text of some fields more may pass, since the
 * walk over the values counts again.
 */
export function isWide(text: string, maxFields: number, from = 0): boolean {
  const isList: boolean[] = []
  let left = maxFields * ELEMENTS_A_FIELD
  for (let at = from; at < text.length && left >= 0; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at) - 1
    else if (code === COLON) left -= ELEMENTS_A_FIELD
    else if (code === COMMA) {
      if (isList[isList.length - 1]) left--
    } else if (code === LEFT_BRACE || code === LEFT_BRACKET) {
      // Nested deeper it is refused in any case.
      if (isList.push(code === LEFT_BRACKET) > MAX_OPEN) return false
    } else if (code === RIGHT_BRACE || code === RIGHT_BRACKET) {
      isList.pop()
      if (isList.length === 0) break
    }
  }
  return left < 0
}

/** The same of a text that may be a record; a list is none, however short. */
export const isWideRecord = (text: string, maxFields: number): boolean =>
  /^\s*\{/.test(text) && isWide(text, maxFields)

const MAX_OPEN = 1000
const COLON = 0x3a
const COMMA = 0x2c
const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const LEFT_BRACE = 0x7b
const RIGHT_BRACE = 0x7d
