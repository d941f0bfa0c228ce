import { createHash } from 'node:crypto'
import { type Matcher, rowOf } from './matcher.ts'
import { type RowMemory, type RowState, rowMemoryOf } from './row-memory.ts'
import { isGroup, type Rule, type RuleCondition } from './rules.ts'
import { isTimeOperator, spanMs } from './time-operators.ts'

/** What a rule remembers of a key. */
export interface RuleState {
  /** Of its rows that look at what came before, in their order. */
  readonly rows: RowState[]
  /** Since when its rows hold; absent while they do not. */
  sinceMs?: number
  /** They have held for as long as they must. */
  isLasting?: boolean
  /** When it was met, as often as it counts. */
  hits?: number[]
  /** When a record left by it last. */
  firedMs?: number
}

/** A record as a rule sees it. */
export interface Seen {
  readonly record: unknown
  readonly topic: string
  readonly timeMs: number
}

/** A row, or a group of them: whether it holds, which is known of each row by then. */
type Holds = (met: readonly boolean[]) => boolean

type Row = { readonly matches: Matcher } | { readonly memory: RowMemory; readonly at: number }

/** A rule that looks at what came before. It keeps nothing itself. */
export class TimedRule {
  readonly #rows: Row[] = []
  readonly #memories: RowMemory[] = []
  readonly #missingRows: { readonly at: number; readonly field: string }[] = []
  readonly #holds: Holds
  readonly #lastsMs: number
  readonly #pauseMs: number
  readonly #withinMs: number
  /** Reused for each record. */
  readonly #met: boolean[]

  /** @param atTime makes the test of a row that looks at the time of the records */
  constructor(
    private readonly rule: Rule,
    private readonly atTime: (condition: RuleCondition) => Matcher = rowOf
  ) {
    const { lasts, pause, within } = rule.time ?? {}
    this.#holds = this.#group(rule)
    this.#met = this.#rows.map(() => false)
    this.#lastsMs = lasts === undefined ? 0 : spanMs(lasts)
    this.#pauseMs = pause === undefined ? 0 : spanMs(pause)
    this.#withinMs = within === undefined ? 0 : spanMs(within)
  }

  begin(): RuleState {
    return { rows: this.#memories.map(() => ({})) }
  }

  /** What is missing is so from then on, though nothing came yet. */
  expect(state: RuleState, timeMs: number): void {
    for (const { at } of this.#missingRows) state.rows[at]!.timeMs ??= timeMs
  }

  /** Whether a record is one of those that leave by this rule; `fired` is told when it did. */
  take(state: RuleState, seen: Seen): boolean {
    const { record, topic, timeMs } = seen
    for (const [index, row] of this.#rows.entries()) {
      if ('matches' in row) this.#met[index] = row.matches(record, topic)
      else {
        const rowState = state.rows[row.at]!
        rowState.isMet = row.memory.take(rowState, record, topic, timeMs)
        this.#met[index] = rowState.isMet
      }
    }
    const wasLasting = state.isLasting === true
    return this.#settle(state, timeMs) && this.#counts(state, timeMs, wasLasting)
  }

  /** When it changes though nothing comes. */
  dueMs(state: RuleState): number {
    let dueMs =
      state.sinceMs === undefined || state.isLasting
        ? Number.POSITIVE_INFINITY
        : state.sinceMs + this.#lastsMs
    for (const [at, memory] of this.#memories.entries())
      dueMs = Math.min(dueMs, memory.dueMs?.(state.rows[at]!) ?? Number.POSITIVE_INFINITY)
    return dueMs
  }

  /**
   * That time has come; `seen` is the last record, at that time.
   * @returns whether it is met now and was not before
   */
  due(state: RuleState, seen: Seen): boolean {
    const { record, topic, timeMs } = seen
    for (const [at, memory] of this.#memories.entries()) {
      const rowState = state.rows[at]!
      if ((memory.dueMs?.(rowState) ?? Number.POSITIVE_INFINITY) <= timeMs) memory.due?.(rowState)
    }
    for (const [index, row] of this.#rows.entries())
      this.#met[index] =
        'matches' in row ? row.matches(record, topic) : state.rows[row.at]!.isMet === true
    const wasLasting = state.isLasting === true
    return this.#settle(state, timeMs) && !wasLasting && this.#counts(state, timeMs, wasLasting)
  }

  /** Of the rows that are met since something is missing, since when it is. */
  missing(state: RuleState): { readonly field: string; readonly timeMs: number } | undefined {
    for (const row of this.#missingRows) {
      const rowState = state.rows[row.at]!
      if (rowState.isTold && rowState.isMet && rowState.timeMs !== undefined)
        return { field: row.field, timeMs: rowState.timeMs }
    }
    return undefined
  }

  fired(state: RuleState, timeMs: number): void {
    if (this.#pauseMs > 0) state.firedMs = timeMs
  }

  /** Whether the rows hold, and have for as long as they must. */
  #settle(state: RuleState, timeMs: number): boolean {
    if (!this.#holds(this.#met)) {
      delete state.sinceMs
      delete state.isLasting
      return false
    }
    state.sinceMs ??= timeMs
    if (timeMs - state.sinceMs >= this.#lastsMs) state.isLasting = true
    return state.isLasting === true
  }

  /** What holds counts: at its beginning, often enough, and not too soon after the last time. */
  #counts(state: RuleState, timeMs: number, wasLasting: boolean): boolean {
    const { begins, times } = this.rule.time ?? {}
    if (begins && wasLasting) return false
    if (times !== undefined) {
      state.hits ??= []
      state.hits.push(timeMs)
      if (state.hits.length > times) state.hits.shift()
      if (state.hits.length < times || timeMs - state.hits[0]! > this.#withinMs) return false
    }
    return state.firedMs === undefined || timeMs - state.firedMs >= this.#pauseMs
  }

  #group({ match, conditions }: Pick<Rule, 'match' | 'conditions'>): Holds {
    const parts = conditions.map(row => (isGroup(row) ? this.#group(row) : this.#row(row)))
    const decides = match === 'any'
    return met => parts.some(holds => holds(met) === decides) === decides
  }

  #row(condition: RuleCondition): Holds {
    const index = this.#rows.length
    if (isTimeOperator(condition.operator)) {
      const at = this.#memories.length
      const memory = rowMemoryOf(condition)
      this.#memories.push(memory)
      this.#rows.push({ memory, at })
      if (condition.operator === 'missing_for')
        this.#missingRows.push({ at, field: condition.field })
    } else this.#rows.push({ matches: this.atTime(condition) })
    return met => met[index]!
  }
}

/** What tells a rule from others: what it remembers is forgotten once this changes. */
export function idOf({ match, conditions, time }: Rule): string {
  const text = JSON.stringify([match, conditions, time])
  return createHash('sha256').update(text).digest('base64').slice(0, 8)
}
