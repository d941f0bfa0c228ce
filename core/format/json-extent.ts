import { endOfText, QUOTE } from '../record/json-scan.ts'
import type { Steps } from './decoder.ts'

const isBetween = (code: number) =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0x1e || code === 0x2c

/** The place of the next value, behind what stands between two. */
export function nextValue(text: string, from: number): number {
  let at = from
  while (at < text.length && isBetween(text.charCodeAt(at))) at++
  return at
}

/**
 * The place after the value that begins here: an object or list by its brackets, a text by its
 * quotes, else a word.
 */
export function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfText(text, start)
  if (first !== '{' && first !== '[') {
    let end = start + 1
    while (end < text.length && !isBetween(text.charCodeAt(end)) && !'{["'.includes(text[end]!))
      end++
    return end
  }
  const walk = bracketsFrom(text, start)
  for (let step = walk.next(); ; step = walk.next()) if (step.done === true) return step.value
}

/** Characters that are looked at before others have their turn. */
const STRETCH_CHARACTERS = 1_048_576

/** The place after the object or list that begins here, some of it looked at at each step. */
export function* bracketsFrom(text: string, start: number): Steps<number> {
  let depth = 0
  for (let at = start, from = at; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfText(text, at)
    else {
      at++
      if (code === LEFT_BRACE || code === LEFT_BRACKET) depth++
      else if ((code === RIGHT_BRACE || code === RIGHT_BRACKET) && --depth === 0) return at
    }
    if (at - from < STRETCH_CHARACTERS) continue
    yield
    from = at
  }
  return text.length
}

/** The place behind the list or object that begins here; undefined if that is beyond the limit. */
export function endWithin(text: string, start: number, limit: number): number | undefined {
  let depth = 0
  for (let at = start; at < limit && at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      // No further: else lists in lists would each go through a long text in them.
      at = endOfText(text, at, limit)
      continue
    }
    if (code === LEFT_BRACE || code === LEFT_BRACKET) depth++
    else if ((code === RIGHT_BRACE || code === RIGHT_BRACKET) && --depth === 0) return at + 1
    at++
  }
  return undefined
}

const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const LEFT_BRACE = 0x7b
const RIGHT_BRACE = 0x7d
