/** Longer texts are not searched: the time that an expression may take grows with the length, up to its third power. */
export const MAX_SEARCHED_CHARACTERS = 256
/** How many repetitions without an end may follow each other; finding no start (`^`) counts as one. */
const MAX_REPETITIONS = 3
/** How many options (`?`, `|` in a group) there may be; each can double the ways to try. */
const MAX_OPTIONS = 10

interface Group {
  /** It has a repetition, an option or an alternative in it, at any depth. */
  branches: boolean
  /** It has a `|` of its own. */
  alternatives: boolean
}

/**
 * What is wrong with a regular expression, in words; empty if nothing is. Besides broken ones this refuses what can take
 * exponential time on a text that a device made up: a repeated group that can match the same text in several ways, such as
 * `(a+)+` or `(a|a)*`, and whatever this simple look at it cannot judge (references back, looks ahead and behind).
 */
export function patternProblems(pattern: string): string[] {
  try {
    new RegExp(pattern, 'u')
  } catch (error) {
    return [(error as Error).message]
  }
  const groups: Group[] = [{ branches: false, alternatives: false }]
  let closed: Group | undefined
  let repetitions = pattern.startsWith('^') ? 0 : 1
  let options = 0
  for (const token of pattern.match(TOKENS) ?? []) {
    const within = groups.at(-1)!
    const before = closed
    closed = undefined
    if (/^\\[1-9k]/.test(token)) return ['references back such as \\1 are not supported']
    if (/^\(\?(?:=|!|<=|<!)/.test(token)) return ['looking ahead and behind is not supported']
    if (token.startsWith('(')) groups.push({ branches: false, alternatives: false })
    else if (token === ')') {
      closed = groups.pop()!
      if (closed.alternatives) options++
      groups.at(-1)!.branches ||= closed.branches
    } else if (token === '|') {
      within.branches = true
      within.alternatives = true
    } else if (QUANTIFIER.test(token)) {
      within.branches = true
      const { atMost, fixed } = timesOf(token)
      if (before?.branches && atMost > 1) return [`the repeated group before ${token} must not have *, +, ?, {…} or | in it`]
      if (atMost > 10 && !fixed) repetitions++
      else if (!fixed) options += atMost
    }
  }
  if (repetitions > MAX_REPETITIONS) return [`it has more than ${MAX_REPETITIONS} repetitions such as .* (begin with ^ to save one)`]
  return options > MAX_OPTIONS ? [`it has more than ${MAX_OPTIONS} options such as ? and (a|b)`] : []
}

/** A character after a backslash (`\d`, `\u{1F600}`, `\p{L}`, `\k<name>`), a class, the start of a group, a quantifier, or one character. */
const TOKENS = /\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|k<[^>]*>|.)|\[(?:\\.|[^\]\\])*\]|\(\?(?:<?[=!]|:|<[^>]*>)|\{[^}]*\}\??|[*+?]\??|./gsu
const QUANTIFIER = /^(?:[*+?]\??|\{[^}]*\}\??)$/

function timesOf(quantifier: string): { atMost: number; fixed: boolean } {
  if (quantifier.startsWith('?')) return { atMost: 1, fixed: false }
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier) ?? []
  if (least === undefined) return { atMost: Number.POSITIVE_INFINITY, fixed: false }
  const atMost = comma === '' ? Number(least) : most === '' ? Number.POSITIVE_INFINITY : Number(most)
  return { atMost, fixed: atMost === Number(least) }
}
