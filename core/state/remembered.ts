import { jsonText } from '../record/json-write.ts'
import type { TelemetryRecord } from '../record/record.ts'
import { recordOf, textOf } from './answer.ts'

/** A record that waits for the clock. */
export interface Delayed {
  readonly record: TelemetryRecord
  readonly timeMs: number
  /** In the order of arrival, over restarts. */
  readonly number: number
  /** The store has it. */
  isKept: boolean
}

/** Puts it behind those of its time and before. */
export function insert(list: Delayed[], added: Delayed): void {
  let at = list.length
  while (at > 0 && list[at - 1]!.timeMs > added.timeMs) at--
  if (at === list.length) list.push(added)
  else list.splice(at, 0, added)
}

const FAR = Number.POSITIVE_INFINITY

/** What is remembered of one key, and when it has something to do. */
export class Remembered<State> {
  state: State | undefined
  /** When something is due, in event time. */
  dueMs = FAR
  /** Under which time it stands in the heap. */
  scheduledMs = FAR
  /** In the order of their times. */
  waiting: Delayed[] = []
  /** How far its clock had come by itself when something was due. */
  clockMs = Number.NEGATIVE_INFINITY
  /** From when it was waited for, while nothing of it has come. */
  awaitedMs = Number.NEGATIVE_INFINITY
  isDirty = false
  /** The store has it. */
  isKept = false
  #taken: number[] | undefined
  /** Under which the store has it. Made once: each checkpoint looks names up. */
  readonly #name: string

  constructor(
    readonly key: string,
    /** The newest record, in event time. */
    public newestMs: number,
    /** When the last record came, by the computer's clock; NaN if that was not kept. */
    public seenMs: number
  ) {
    this.#name = `k:${key}`
  }

  /** Nothing of it has come yet. */
  get isAwaited(): boolean {
    return this.newestMs === Number.NEGATIVE_INFINITY && this.awaitedMs !== this.newestMs
  }
  /** The newest record, or when it was waited for before one came. */
  get heardMs(): number {
    return this.newestMs === Number.NEGATIVE_INFINITY ? this.awaitedMs : this.newestMs
  }
  get isEmpty(): boolean {
    return this.state === undefined && this.waiting.length === 0
  }
  /** Nothing will happen to it without a record. */
  get isAtRest(): boolean {
    return this.dueMs === FAR && this.waiting.length === 0
  }

  takeFirst(): void {
    const { number, isKept } = this.waiting.shift()!
    if (!isKept) return
    this.#taken ??= []
    this.#taken.push(number)
  }

  /**
   * Adds what the store has to change.
   * @param downMs see `Clock.downMs`
   */
  write(changes: Map<string, string | undefined>, isGone: boolean, downMs: number): void {
    this.isDirty = false
    for (const number of this.#taken ?? []) changes.set(nameOf(number), undefined)
    this.#taken = undefined
    const name = this.#name
    if (isGone) {
      // The key may have come again meanwhile, and then says itself what the store has.
      if (this.isKept && !changes.has(name)) changes.set(name, undefined)
      this.isKept = false
      return
    }
    this.isKept = true
    const seenMs = this.seenMs - downMs
    const kept: unknown[] = [this.newestMs, this.dueMs, this.state, this.clockMs, seenMs]
    if (this.isAwaited) kept.push(this.awaitedMs)
    changes.set(name, jsonText(kept))
    for (const each of this.waiting) {
      if (each.isKept) continue
      each.isKept = true
      changes.set(nameOf(each.number), JSON.stringify([this.key, each.timeMs, textOf(each.record)]))
    }
  }

  static read<State>(key: string, value: string): Remembered<State> {
    const [newestMs, dueMs, state, clockMs, seenMs, awaitedMs] = recordOf(value) as unknown as [
      number | null,
      number | null,
      State | null | undefined,
      number | null,
      // What was kept by an earlier version has none.
      number | null | undefined,
      number | undefined
    ]
    const entry = new Remembered<State>(
      key,
      newestMs ?? Number.NEGATIVE_INFINITY,
      seenMs ?? Number.NaN
    )
    entry.state = state ?? undefined
    entry.dueMs = dueMs ?? FAR
    entry.clockMs = clockMs ?? Number.NEGATIVE_INFINITY
    entry.awaitedMs = awaitedMs ?? Number.NEGATIVE_INFINITY
    entry.isKept = true
    return entry
  }

  static readWaiting(name: string, value: string): [key: string, waiting: Delayed] {
    const [key, timeMs, text] = JSON.parse(value) as [string, number, string]
    const number = Number(name.slice(2))
    return [key, { record: recordOf(text), timeMs, number, isKept: true }]
  }
}

const nameOf = (number: number) => `w:${number}`
