import type { ServerAnswer } from '../http-client.ts'

/** What an answer to a write says of its lines. */
export type Verdict =
  | { readonly kind: 'stored' }
  /** These lines, by their place, can never be stored. Of the others nothing is known. */
  | { readonly kind: 'lines'; readonly refused: ReadonlyMap<number, string> }
  /** None of the lines can be stored. */
  | { readonly kind: 'all'; readonly says: string }
  /** Some of the lines cannot be stored; which is for fewer at a time to tell. */
  | { readonly kind: 'some'; readonly says: string }
  /** A line may be to blame, or not: others must be seen to be stored meanwhile. */
  | { readonly kind: 'doubtful'; readonly says: string; readonly isTransient: boolean }
  | { readonly kind: 'too large'; readonly says: string }
  | { readonly kind: 'setting'; readonly says: string; readonly words: string }
  | { readonly kind: 'busy'; readonly says: string; readonly waitMs: number | undefined }
  | { readonly kind: 'away'; readonly says: string; readonly words?: string }

const MAX_SAYS = 400

/**
 * Reads an answer by the words of InfluxDB 1, 2 and 3, QuestDB and VictoriaMetrics. Who says that
 * all is well by something else than these do is another server.
 * @param lines what was sent
 */
export function verdictOf(answer: ServerAnswer, lines: readonly string[]): Verdict {
  const { status, body } = answer
  const says = saysOf(answer)
  if (isStored(answer)) return { kind: 'stored' }
  if (status === 413) return { kind: 'too large', says }
  if (status === 429 || status === 503) return { kind: 'busy', says, waitMs: answer.retryAfterMs }
  if (status === 401 || status === 403)
    return { kind: 'setting', says, words: status === 401 ? 'login refused' : 'not allowed' }
  const [, missing] = NOT_THERE.exec(says) ?? []
  if (missing !== undefined)
    return { kind: 'setting', says, words: `${missing.toLowerCase()} missing` }
  if (status >= 400) {
    const named = namedLines(body, lines)
    if (named.size > 0) return { kind: 'lines', refused: named }
  }
  if (status === 400 || status === 422) return ofLines(answer, lines.length, says)
  if (status === 500) return { kind: 'doubtful', says, isTransient: true }
  if (status > 500 || status === 408 || status === 425) return { kind: 'away', says }
  return { kind: 'setting', says, words: status === 404 ? 'not found' : 'no such service' }
}

/** Only what says so in the way of a server of line protocol has stored anything. */
const isStored = ({ status, body }: ServerAnswer) =>
  status === 204 || ((status === 200 || status === 202) && body.trim() === '')

/** At its beginning, so that no name in a line that is cited looks like it. */
const NOT_THERE =
  /^(database|retention policy|bucket|organization)( name| id)?\b[^"]{0,20}("[^"]{0,200}")?[^"]{0,20}(not found|does not exist)/i

/** What each of the servers says where lines are to blame. */
const BLAMES_LINES =
  /partial write|parse|incorrect influx line|type conflict|dropped=|beyond retention|cast error|invalid (field|tag|table|column|number|float|bool|timestamp)|max-values|max-series|missing field|outside (of )?range/i

function ofLines({ body, type }: ServerAnswer, count: number, says: string): Verdict {
  if (type.includes('html')) return { kind: 'setting', says, words: 'no such service' }
  const [, dropped] = /partial write: .* dropped=(\d+)/s.exec(body) ?? []
  if (dropped !== undefined && Number(dropped) === count) return { kind: 'all', says }
  if (BLAMES_LINES.test(body)) return { kind: 'some', says }
  return { kind: 'doubtful', says, isTransient: false }
}

/** Lines that an answer names, by number or by what stood in them. */
function namedLines(body: string, lines: readonly string[]): Map<number, string> {
  const parsed = jsonOf(body)
  const found = new Map<number, string>()
  const add = (number: unknown, says: unknown) => {
    const place = Number(number) - 1
    if (Number.isInteger(place) && place >= 0 && place < lines.length && !found.has(place))
      found.set(place, shortened(String(says)))
  }
  for (const each of [parsed?.data].flat() as Partial<LineError>[])
    if (typeof each === 'object' && each !== null) add(each.line_number, each.error_message)
  if (found.size > 0) return found
  const says = textOf(parsed) ?? body
  for (const [, number, why] of says.matchAll(/^(?:error in )?line (\d+): (.*)$/gm))
    add(number, why)
  if (found.size === 0 && parsed?.line !== undefined) add(parsed.line, says)
  if (found.size === 0) addQuoted(says, lines, found)
  return found
}

/** InfluxDB 1 and 2 repeat the line: `unable to parse 'm v=': missing field value`. */
function addQuoted(says: string, lines: readonly string[], found: Map<number, string>): void {
  if (!says.includes("unable to parse '")) return
  const places = new Map(lines.map((line, place) => [line, place]))
  for (const [, line = '', why] of says.matchAll(/unable to parse '(.*?)': (.*)/g)) {
    const place = places.get(line)
    if (place !== undefined) found.set(place, shortened(String(why)))
  }
}

interface LineError {
  readonly line_number: number
  readonly error_message: string
}

interface Told {
  readonly error?: unknown
  readonly message?: unknown
  readonly line?: unknown
  readonly data?: unknown
}

function jsonOf(body: string): Told | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}

function textOf(told: Told | undefined): string | undefined {
  const text = told?.message ?? told?.error
  return typeof text === 'string' ? text : undefined
}

/** What the server says, in its own words, or by its status where it has none. */
export function saysOf({ status, body, type }: ServerAnswer): string {
  const text = textOf(jsonOf(body)) ?? (type.includes('html') ? 'a page of HTML' : body.trim())
  return text === '' ? `status ${status}` : shortened(text)
}

const shortened = (text: string) => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > MAX_SAYS ? `${line.slice(0, MAX_SAYS)}…` : line
}
