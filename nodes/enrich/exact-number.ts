const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
/** As many places as `toFixed` writes. */
const MAX_PLACES = 100

/** The number that a text writes: 52.50 but not 007 or 1e5, which are names, and not more digits than a number holds. */
export function exactNumber(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined
  const [whole, fraction = ''] = text.replace('-', '').split('.') as [string, string?]
  const places = fraction.replace(/0+$/, '')
  if (places.length > MAX_PLACES) return undefined
  const number = Number(text)
  // Beyond this every other one could be held: ids of a column must not be now a number and now a text.
  if (places === '' && !Number.isSafeInteger(number)) return undefined
  return Math.abs(number).toFixed(places.length) === (places === '' ? whole : `${whole}.${places}`) ? number : undefined
}
