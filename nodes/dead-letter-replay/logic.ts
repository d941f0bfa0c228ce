import { type DeadLetter, noteOf, recordOf } from '../../core/dead-letter/decode.ts'
import { HEADER } from '../../core/dead-letter/headers.ts'
import { compact } from '../../core/node/status.ts'
import { problemsBetween } from './check.ts'

export interface Filter {
  /** Empty: every code. */
  readonly codes: ReadonlySet<string>
  readonly sinceMs: number
  readonly untilMs: number
}

/** What a filter is set by, as the dialog has it: texts, empty for no bound. */
export interface FilterTexts {
  /** Separated by commas. */
  readonly codes: string
  /** ISO 8601. */
  readonly since: string
  readonly until: string
}

/** Gives the filter, or what is wrong in words. */
export function filterOf({ codes, since, until }: FilterTexts): Filter | { problems: string[] } {
  const sinceMs = since === '' ? Number.NEGATIVE_INFINITY : Date.parse(since)
  const untilMs = until === '' ? Number.POSITIVE_INFINITY : Date.parse(until)
  const problems: string[] = []
  for (const [label, text, ms] of [
    ['Since', since, sinceMs],
    ['Until', until, untilMs]
  ] as const)
    if (Number.isNaN(ms))
      problems.push(`${label}: "${text}" is not a time such as 2026-01-31T00:00:00Z`)
  if (problems.length === 0)
    problems.push(...problemsBetween({ since, until }).map(([, problem]) => `Until: ${problem}`))
  if (problems.length > 0) return { problems }
  return { codes: new Set(codes.split(',').flatMap(code => code.trim() || [])), sinceMs, untilMs }
}

const PARTS = ['codes', 'since', 'until'] as const
type Part = (typeof PARTS)[number]

/** What one replay goes by: the dialog, and what the message says otherwise. */
export interface Chosen {
  readonly filter: Filter
  readonly texts: FilterTexts
  /** The parts that the message decided. */
  readonly byMessage: readonly Part[]
}

/**
 * The filter of one replay. A payload that is an object may decide parts of it, and what it says
 * wins; any other payload leaves it to the dialog. What such an object holds besides is not
 * ignored, since the replay would do more than was meant.
 */
export function chosenBy(dialog: FilterTexts, payload: unknown): Chosen | { problems: string[] } {
  const given = isObject(payload) ? payload : {}
  const problems = Object.entries(given).flatMap(([name, value]) => {
    if (!PARTS.includes(name as Part))
      return [`"${name}" decides nothing in a replay; ${PARTS.join(', ')} do`]
    return typeof value === 'string' ? [] : [`${name} must be a text such as the dialog has`]
  })
  if (problems.length > 0) return { problems }
  const texts = { codes: dialog.codes, since: dialog.since, until: dialog.until, ...given }
  const filter = filterOf(texts)
  if ('problems' in filter) return filter
  return { filter, texts, byMessage: PARTS.filter(part => Object.hasOwn(given, part)) }
}

const isObject = (value: unknown): value is Partial<FilterTexts> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * For the log: "Replays UNKNOWN_DEVICE since 2026-01-31T00:00:00Z; codes by the message, the rest
 * by the dialog."
 */
export function sentenceOf({ texts: { codes, since, until }, byMessage }: Chosen): string {
  const what = codes === '' ? 'all dead letters' : codes
  const when = `${since === '' ? '' : ` since ${since}`}${until === '' ? '' : ` until ${until}`}`
  const rest = byMessage.length === PARTS.length ? '' : ', the rest by the dialog'
  const who =
    byMessage.length === 0 ? 'as the dialog says' : `${byMessage.join(', ')} by the message${rest}`
  return `Replays ${what}${when}; ${who}.`
}

/** What the replay went by, for whoever reads its progress. */
export const shownFilter = ({ texts, byMessage }: Chosen) => ({ ...texts, byMessage })

/** For the status, which is short. */
export function shortTextOf({ texts, byMessage }: Chosen): string {
  const codes = texts.codes.split(',').filter(code => code.trim() !== '')
  const what =
    codes.length === 0 ? 'all' : codes.length === 1 ? codes[0]!.trim() : `${codes.length} codes`
  return byMessage.length === 0 ? what : `${what}, by message`
}

export function matches(letter: DeadLetter, { codes, sinceMs, untilMs }: Filter): boolean {
  const rejectedMs = Number(letter.timestamp)
  if (rejectedMs < sinceMs || rejectedMs >= untilMs) return false
  return codes.size === 0 || codes.has(noteOf(letter.headers, HEADER.code))
}

/** Which dead letters of a topic were replayed already. */
export class Ledger {
  readonly #done = new Set<string>()

  constructor(private readonly topic: string) {}

  /**
   * Key of the ledger entry of a dead letter. The time is part of it: a topic that is made anew has
   * the old offsets again.
   */
  key({
    partition,
    offset,
    timestamp
  }: Pick<DeadLetter, 'partition' | 'offset' | 'timestamp'>): string {
    return `${this.topic}:${partition}:${offset}:${timestamp}`
  }
  /**
   * Takes in an entry by its key and the record it names; those of other topics are nobody's
   * concern here.
   */
  read(key: string, record: string): void {
    if (!key.startsWith(`${this.topic}:`)) return
    this.#done.add(key)
    if (record !== '') this.#done.add(record)
  }
  note(letter: DeadLetter): void {
    this.read(this.key(letter), recordOf(letter) ?? '')
  }
  /** It was replayed, or another dead letter of the same record was. */
  has(letter: DeadLetter): boolean {
    return this.#done.has(this.key(letter)) || this.#done.has(recordOf(letter) ?? '')
  }
}

/** Spreads records evenly over time. */
export class ReplayPace {
  #dueMs: number
  constructor(
    private readonly perSecond: number,
    startMs: number
  ) {
    this.#dueMs = startMs
  }
  /** How many records a transaction may carry: a quarter of a second's worth, at most 500. */
  get batchSize(): number {
    return Math.max(1, Math.min(500, Math.floor(this.perSecond / 4)))
  }
  /** Milliseconds to wait before this many records may go; a pause is not caught up on. */
  waitMs(records: number, nowMs: number): number {
    const waitMs = Math.max(0, this.#dueMs - nowMs)
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (records * 1000) / this.perSecond
    return waitMs
  }
}

export interface Progress {
  replayed: number
  /** Match the filter, but they or their record were replayed before. */
  alreadyReplayed: number
  /** Do not match the filter. */
  others: number
  /** Match the filter, but their value was cut: there is no original to send. */
  truncated: number
  /** Of the dead letters there were at the start, not looked at yet. */
  remaining: number
}

/** Without progress for so long it stands still. */
export const STILL_MS = 8_000

export const stillText = ({ remaining }: Progress): string =>
  `${compact(remaining)} wait in Kafka, none come`

export function progressText({ replayed, remaining }: Progress, chosen: Chosen): string {
  const left = remaining > 0 ? `, ${compact(remaining)} left` : ''
  return `${compact(replayed)} replayed${left} · ${shortTextOf(chosen)}`
}
