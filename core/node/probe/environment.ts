/**
 * Variables of the environment that a probe has read, so that its answer shows their names instead
 * of their values.
 */
export class Environment {
  readonly #read = new Map<string, string>()

  /** Reads variables by `evaluate`, and remembers them. */
  reader(evaluate: (name: string) => unknown): (name: string) => unknown {
    return name => {
      const value = evaluate(name)
      if (value !== undefined && value !== null && value !== '') this.#read.set(name, String(value))
      return value
    }
  }

  /** Whether a variable was read that has a value. */
  get isRead(): boolean {
    return this.#read.size > 0
  }

  /**
   * The text with `${NAME}` in place of a value, or of what a value is made of: host, port, user
   * and so on of a URL.
   */
  hide(text: string): string {
    const long = [...this.#read].find(([, value]) => value.length > MAX_VALUE)
    if (long) return `The answer is not shown, since it may hold what \${${long[0]}} stands for.`
    const names = new Map<string, string>()
    for (const [name, value] of this.#read)
      for (const part of partsOf(value)) if (!names.has(part)) names.set(part, name)
    if (names.size === 0) return text
    const parts = [...names.keys()].sort((a, b) => b.length - a.length).map(escaped)
    const one = `(?:${parts.join('|')})`
    const run = new RegExp(
      `(?<![\\p{L}\\p{N}_-])(${one})(?:[^\\p{L}\\p{N}\\s"()]+${one})*(?![\\p{L}\\p{N}_-])`,
      'gu'
    )
    return text.replace(run, (_whole, first: string) => `\${${names.get(first)}}`)
  }
}

/** Longer than any address: a pattern is made of the values. */
const MAX_VALUE = 4_000

/**
 * The value, and the words between its delimiters, as they are written and as a URL's parser would
 * give them.
 */
function partsOf(value: string): Set<string> {
  const words = value.split(/[\s,;:/@?&=#|[\]]+/)
  const host = URL.canParse(value) ? [new URL(value).hostname] : []
  const all = [value.trim(), ...words, ...host].flatMap(word => [
    word,
    word.toLowerCase(),
    decoded(word)
  ])
  return new Set(all.filter(word => /[\p{L}\p{N}]/u.test(word)))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const escaped = (text: string) =>
  text.replace(/[^\p{L}\p{N}]/gu, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)
