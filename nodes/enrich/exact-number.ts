const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
/** As many places as `toFixed` writes. */
const MAX_PLACES = 100
/**
 * A longer text is no number that can be held: with so many digits before the point and MAX_PLACES
 * after it.
 */
const MAX_CHARACTERS = 500

/**
 * The number that a text writes: 52.50 but not 007 or 1e5, which are names, and not more digits
 * than a number holds.
 */
export function exactNumber(text: string): number | undefined {
  if (text.length > MAX_CHARACTERS || !DECIMAL.test(text)) return undefined
  const [whole, fraction = ''] = text.replace('-', '').split('.') as [string, string?]
  const places = fraction.replace(/0+$/, '')
  if (places.length > MAX_PLACES) return undefined
  const number = Number(text)
  // Beyond this every other one could be held: ids of a column must not be now a number and now a
  // text.
  if (places === '' && !Number.isSafeInteger(number)) return undefined
  return Math.abs(number).toFixed(places.length) === (places === '' ? whole : `${whole}.${places}`)
    ? number
    : undefined
}
