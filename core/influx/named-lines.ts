import { type ProductName, productOf } from './products.ts'

const MAX_SAYS = 400

/** Fields of an answer in JSON. */
interface Told {
  readonly error?: unknown
  readonly message?: unknown
  readonly line?: unknown
  readonly data?: unknown
}

interface LineError {
  readonly line_number: number
  readonly error_message: string
}

/**
 * Lines that an answer surely names, by their place, and why. A server repeats in its answer what
 * records hold, which may look like its own words: these are read only where it begins to speak.
 * @param lines what was sent
 */
export function namedLines(
  body: string,
  lines: readonly string[],
  service: ProductName
): Map<number, string> {
  const { told, text } = bodyOf(body)
  const found = new Map<number, string>()
  const add = (number: unknown, says: unknown) => {
    const place = Number(number) - 1
    if (Number.isInteger(place) && place >= 0 && place < lines.length && !found.has(place))
      found.set(place, shortened(String(says)))
  }
  for (const each of [told?.data].flat() as Partial<LineError>[])
    if (typeof each === 'object' && each !== null) add(each.line_number, each.error_message)
  if (found.size > 0) return found
  const { blames } = productOf(service)
  if (blames === 'by number') {
    const [whole, number] = NUMBERED.exec(text) ?? []
    if (whole !== undefined) add(number, firstLine(text, whole.length))
  }
  if (found.size === 0 && told?.line !== undefined) add(told.line, text)
  return found.size === 0 && blames === 'by quote' ? quotedLines(text, lines) : found
}

/** `errors encountered on line(s):`, then the first of them. */
const NUMBERED =
  /^(?:failed to parse line protocol:)?\s{0,4}(?:errors encountered on line\(s\):)?\s{0,4}(?:error in )?line (\d{1,9}): /

/** InfluxDB 1 and 2 repeat the line: `unable to parse 'm v=': missing field value`. */
const QUOTES = /^(?:failure writing points to database: )?(?:partial write: )?unable to parse '/
const NEXT_QUOTE = "\nunable to parse '"
const QUOTE_ENDS = "': "
/** A line may hold what looks like the end of a quote; so many are tried. */
const MOST_ENDS = 16

/**
 * Lines that are repeated whole, one behind the other from the beginning on. No line begins with
 * another one and a quote, so what is found first is meant. Each character is looked at MOST_ENDS
 * times at most.
 */
function quotedLines(text: string, lines: readonly string[]): Map<number, string> {
  const found = new Map<number, string>()
  let from = QUOTES.exec(text)?.[0].length
  if (from === undefined) return found
  const places = new Map(lines.map((line, place) => [line, place]))
  while (from !== undefined) {
    const end = quoteEnd(text, from, places)
    if (end === undefined) break
    const why = end + QUOTE_ENDS.length
    found.set(places.get(text.slice(from, end))!, shortened(firstLine(text, why)))
    const next = text.indexOf('\n', why)
    from = text.startsWith(NEXT_QUOTE, next) && next >= 0 ? next + NEXT_QUOTE.length : undefined
  }
  return found
}

function quoteEnd(
  text: string,
  from: number,
  places: ReadonlyMap<string, number>
): number | undefined {
  let end = text.indexOf(QUOTE_ENDS, from)
  for (let tries = 0; end >= 0 && tries < MOST_ENDS; tries++) {
    if (places.has(text.slice(from, end))) return end
    end = text.indexOf(QUOTE_ENDS, end + 1)
  }
  return undefined
}

function firstLine(text: string, from: number): string {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.slice(from) : text.slice(from, end)
}

/** What an answer says in JSON, and its message; the whole of one that has none. */
export function bodyOf(body: string): { readonly told: Told | undefined; readonly text: string } {
  const told = jsonOf(body)
  const text = told?.message ?? told?.error
  return { told, text: typeof text === 'string' ? text : body.trim() }
}

function jsonOf(body: string): Told | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

/** So much of a text that a person reads it. */
export function shortened(text: string): string {
  const line = text
    .slice(0, 10 * MAX_SAYS)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > MAX_SAYS ? `${line.slice(0, MAX_SAYS)}…` : line
}
