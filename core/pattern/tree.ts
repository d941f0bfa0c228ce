/**
 * A regular expression as a tree. A `char` is whatever takes one character: a letter, an escape, a
 * class, a dot.
 */
export type Tree =
  | { readonly kind: 'char'; readonly source: string }
  | { readonly kind: 'sequence'; readonly items: readonly Tree[] }
  | { readonly kind: 'choice'; readonly options: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly item: Tree; readonly least: number; readonly most: number }
  | { readonly kind: 'edge'; readonly at: Edge }
  | {
      readonly kind: 'look'
      readonly item: Tree
      readonly ahead: boolean
      readonly negative: boolean
    }

export type Edge = '^' | '$' | '\\b' | '\\B'

/** Why a regular expression cannot be used, in words that go on after "the pattern …: ". */
export class PatternError extends Error {}

/**
 * The start of a group, a character after a backslash (two of them where they are the halves of one
 * character), a class, a quantifier, or one character.
 */
const TOKENS = new RegExp(
  [
    String.raw`\(\?(?:<?[=!]|<[^>]*>|[a-z-]*:)`,
    String.raw`\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}`,
    String.raw`\\(?:u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|[1-9]\d*|.)`,
    String.raw`\[(?:\\.|[^\]\\])*\]`,
    String.raw`\{\d+(?:,\d*)?\}\??`,
    String.raw`[*+?]\??`,
    '.'
  ].join('|'),
  'gsu'
)
const QUANTIFIER = /^(?:[*+?]|\{\d)/
const EDGES: ReadonlySet<string> = new Set<Edge>(['^', '$', '\\b', '\\B'])

/**
 * Reads an expression that `RegExp` has taken already, so that it need not look for mistakes.
 * @throws PatternError for references back, which no automaton can follow, and for flags inside
 */
export const parsePattern = (pattern: string): Tree => new Parser(pattern).tree()

class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(pattern: string) {
    this.#tokens = pattern.match(TOKENS) ?? []
  }

  tree(): Tree {
    const tree = this.#choice()
    if (this.#at < this.#tokens.length) throw new PatternError('it has a ) too many')
    return tree
  }

  #choice(): Tree {
    const options = [this.#sequence()]
    while (this.#tokens[this.#at] === '|') {
      this.#at++
      options.push(this.#sequence())
    }
    return options.length === 1 ? options[0]! : { kind: 'choice', options }
  }

  #sequence(): Tree {
    const items: Tree[] = []
    for (
      let token = this.#tokens[this.#at];
      token !== undefined && token !== '|' && token !== ')';
      token = this.#tokens[this.#at]
    ) {
      this.#at++
      const item = token.startsWith('(') ? this.#group(token) : single(token)
      items.push(this.#repeated(item))
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items }
  }

  #repeated(item: Tree): Tree {
    const quantifier = this.#tokens[this.#at]
    if (quantifier === undefined || !QUANTIFIER.test(quantifier)) return item
    this.#at++
    return { kind: 'repeat', item, ...timesOf(quantifier) }
  }

  #group(opening: string): Tree {
    if (/^\(\?[a-z-]+:/.test(opening))
      throw new PatternError('flags inside it, such as (?i:…), are not supported')
    const item = this.#choice()
    this.#at++
    const look = /^\(\?(<?)([=!])$/.exec(opening)
    return look ? { kind: 'look', item, ahead: look[1] === '', negative: look[2] === '!' } : item
  }
}

function single(token: string): Tree {
  if (/^\\[1-9k]/.test(token))
    throw new PatternError('references back such as \\1 are not supported')
  return EDGES.has(token) ? { kind: 'edge', at: token as Edge } : { kind: 'char', source: token }
}

function timesOf(quantifier: string): { least: number; most: number } {
  const [, least = '0', comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier) ?? []
  if (comma !== undefined) {
    const endless = comma === ',' && most === ''
    return {
      least: Number(least),
      most: endless ? Number.POSITIVE_INFINITY : Number(most || least)
    }
  }
  const sign = quantifier.charAt(0)
  return { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Number.POSITIVE_INFINITY }
}

/** True if it can match at the start of a text only. */
export function isAnchored(tree: Tree): boolean {
  if (tree.kind === 'edge') return tree.at === '^'
  if (tree.kind === 'choice') return tree.options.every(isAnchored)
  return tree.kind === 'sequence' && tree.items.length > 0 && isAnchored(tree.items[0]!)
}
