/**
 * What a pattern may be made of: the letters of
 * https://moment.github.io/luxon/#/parsing?id=table-of-tokens that say one thing.
 */
const TOKENS = /^(?:'[^']*'|y+|k+|L+|M+|d+|o+|E+|c+|W+|H+|h+|m+|s+|S+|u+|a|Z+|z|[^A-Za-z'])*$/

/** Why a pattern cannot give a time for certain; undefined if it can. */
export function patternProblem(pattern: string): string | undefined {
  if (!TOKENS.test(pattern))
    return "has letters that mean nothing; words stand in apostrophes, as in yyyy-MM-dd'T'HH:mm"
  const tokens = pattern.replace(/'[^']*'/g, '')
  const has = (letters: string) => [...letters].some(letter => tokens.includes(letter))
  const isWeek = has('k') && has('W') && has('Ec')
  if (!isWeek && !has('y')) return 'has no year (yyyy)'
  if (!isWeek && !has('o') && !(has('ML') && has('d'))) return 'has no day (dd) of a month (MM)'
  if (!has('Hh')) return 'has no hour (HH): a date alone is not a time'
  if (has('h') && !has('a'))
    return 'has an hour of twelve (hh), and does not say which half of the day (a)'
  return undefined
}

/** True if there is a language of this name. */
export function isLanguage(name: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(name).length > 0
  } catch {
    return false
  }
}
