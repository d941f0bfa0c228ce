import type { ServerAnswer } from '../http-client.ts'
import { bodyOf, namedLines, shortened } from './named-lines.ts'
import type { ProductName } from './products.ts'

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

/**
 * Reads an answer by the words of InfluxDB 1, 2 and 3, QuestDB and VictoriaMetrics. Who says that
 * all is well by something else than these do is another server.
 * @param lines what was sent
 * @param service whom it was sent to
 */
export function verdictOf(
  answer: ServerAnswer,
  lines: readonly string[],
  service: ProductName
): Verdict {
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
    const named = namedLines(body, lines, service)
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

const PARTIAL = /^(?:failure writing points to database: )?partial write: /
const DROPPED = / dropped=(\d{1,9})$/

/** How many lines were not stored: by the two ends, as a line may be repeated in between. */
function droppedOf(text: string): number | undefined {
  const [, dropped] = (PARTIAL.test(text) && DROPPED.exec(text.slice(-40).trimEnd())) || []
  return dropped === undefined ? undefined : Number(dropped)
}

/** Where a server repeats long lines, its own words are before or behind them. */
const SEARCHED = 65_536
const endsOf = (text: string) =>
  text.length <= 2 * SEARCHED ? text : `${text.slice(0, SEARCHED)}\n${text.slice(-SEARCHED)}`

function ofLines({ body, type }: ServerAnswer, count: number, says: string): Verdict {
  if (type.includes('html')) return { kind: 'setting', says, words: 'no such service' }
  if (droppedOf(bodyOf(body).text) === count) return { kind: 'all', says }
  if (BLAMES_LINES.test(endsOf(body))) return { kind: 'some', says }
  return { kind: 'doubtful', says, isTransient: false }
}

/** What the server says, in its own words, or by its status where it has none. */
export function saysOf({ status, body, type }: ServerAnswer): string {
  const { told, text } = bodyOf(body)
  const says = told === undefined && type.includes('html') ? 'a page of HTML' : text
  return says === '' ? `status ${status}` : shortened(says)
}
