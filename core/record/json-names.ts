import { endOfText, isBlank, QUOTE } from './json-scan.ts'

/**
 * Names that a JSON text has, or more: each ends with a quote, blanks and a colon. Where there are
 * more than the parsed value has members, two members of an object may have one name, of which
 * `JSON.parse` keeps the last; whoever asks looks closely then. Of bytes, since that takes half as
 * long as of the text: 60 ns for a reading.
 */
export function namesIn(bytes: Uint8Array): number {
  const { length } = bytes
  let names = 0
  for (let at = 1; at < length; at++) {
    if (bytes[at] !== COLON) continue
    let before = at - 1
    while (before > 0 && isBlank(bytes[before]!)) before--
    if (bytes[before] === QUOTE) names++
  }
  return names
}

/** Where names are rarer, looking for the next colon takes less than looking at each byte. */
const SPARSE_BYTES = 64

/**
 * The same for a text that may have so many names, which somebody has counted in its value. A long
 * text in a field is passed over.
 */
export function namesAmong(bytes: Uint8Array, text: string, members: number): number {
  if (bytes.length < members * SPARSE_BYTES) return namesIn(bytes)
  let names = 0
  let left = bytes.length / SPARSE_BYTES
  for (let at = text.indexOf(':', 1); at > 0; at = text.indexOf(':', at + 1)) {
    if (left-- < 0) return namesIn(bytes)
    let before = at - 1
    while (before > 0 && isBlank(text.charCodeAt(before))) before--
    if (text.charCodeAt(before) === QUOTE) names++
  }
  return names
}

/** Members of a value and of all that it holds. */
export function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const each of value) if (typeof each === 'object') members += membersOf(each)
    return members
  }
  for (const name in value) {
    members++
    const each = (value as Record<string, unknown>)[name]
    if (typeof each === 'object') members += membersOf(each)
  }
  return members
}

/** What is nested deeper is refused in any case. */
const MAX_OPEN = 1000

/**
 * The text with a mark in each name that its object has already; the text itself where there is
 * none. Linear, whatever the text is.
 */
export function markRepeatedNames(text: string, mark: string): string {
  let made = ''
  let from = 0
  eachRepeatedName(text, (_name, at) => {
    made += text.slice(from, at + 1) + mark
    from = at + 1
  })
  return from === 0 ? text : made + text.slice(from)
}

/** The names that an object in a JSON text has twice, each once. */
export function repeatedNames(text: string): string[] {
  const names = new Set<string>()
  eachRepeatedName(text, name => names.add(name))
  return [...names]
}

/** Tells the names that their object has already, and where each begins. */
function eachRepeatedName(text: string, tell: (name: string, at: number) => void): void {
  /** The names of the objects that are open; of a list undefined. */
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length && open.length < MAX_OPEN; at++) {
    const code = text.charCodeAt(at)
    if (code === LEFT_BRACE) open.push(new Set())
    else if (code === LEFT_BRACKET) open.push(undefined)
    else if (code === RIGHT_BRACE || code === RIGHT_BRACKET) open.pop()
    else if (code === QUOTE) {
      const end = endOfText(text, at)
      const names = open.at(-1)
      if (names !== undefined && isFollowedByColon(text, end)) {
        const name = nameIn(text.slice(at, end))
        if (names.has(name)) tell(name, at)
        names.add(name)
      }
      at = end - 1
    }
  }
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from
  while (isBlank(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === COLON
}

/** The same name may be written in several ways. */
const nameIn = (written: string): string =>
  written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1)

const COLON = 0x3a
const LEFT_BRACKET = 0x5b
const RIGHT_BRACKET = 0x5d
const LEFT_BRACE = 0x7b
const RIGHT_BRACE = 0x7d
