import { jsonText } from './json-write.ts'

const MAX_SHOWN = 80

/** A value in JSON, cut where it is long. */
export const shown = (value: unknown): string =>
  jsonText(value)?.slice(0, MAX_SHOWN) ?? String(value)

/** What a value is, as the end of a sentence: `but it is the text "warm"`. */
export function described(value: unknown): string {
  if (typeof value === 'string')
    return value === '' ? 'empty text' : `the text ${JSON.stringify(value.slice(0, MAX_SHOWN))}`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  return typeof value === 'object' && value !== null && !isNumberLike(value)
    ? 'an object'
    : String(value)
}

/** An `ExactDecimal` is a number to those who read. */
const isNumberLike = (value: object) => typeof Object(value)[Symbol.toPrimitive] === 'function'
