import { reasonOf } from '../errors.ts'
import type { Message } from '../record/message.ts'
import type { TelemetryRecord } from '../record/record.ts'
import { Clock } from './clock.ts'
import { DueHeap } from './due-heap.ts'
import { ahead, full, NO_TIME, stuck } from './engine-reasons.ts'
import { type Effects, EngineTurn } from './engine-turn.ts'
import { TIMELESS } from './keyed.ts'
import { type Delayed, insert, Remembered } from './remembered.ts'
import type { BoundOptions, ClockOptions, Memory } from './types.ts'

/** More records that wait for the clock are rejected: they are kept in memory and on disk. */
const MAX_WAITING = 200_000
/** How many keys are looked at for old ones before the same is done again. */
const SWEEP_PARTS = 16

/**
 * Holds what is remembered by key, lets time pass and asks the memory. Pure: it reads no clock, and
 * what it is given decides what it does. Milliseconds throughout; `nowMs` is the computer's clock.
 */
export class Engine<State> {
  readonly #keys = new Map<string, Remembered<State>>()
  readonly #clock: Clock
  /** By event time where one clock is for all, else by the time of the computer. */
  readonly #heap = new DueHeap<Remembered<State>>()
  readonly #turn: EngineTurn
  /** Of the record that is being taken. */
  #message: Message | undefined
  #taken: TelemetryRecord | undefined
  #dirty: Remembered<State>[] = []
  #sweptMs = Number.NEGATIVE_INFINITY
  #waiting = 0
  #late = 0

  constructor(
    private readonly memory: Memory<State>,
    private readonly clock: ClockOptions,
    private readonly bounds: BoundOptions,
    private readonly effects: Effects,
    /** A clock of all stands still so long after the start, until each partition has been heard. */
    settleMs = 0
  ) {
    this.#clock = new Clock(clock, settleMs)
    this.#turn = new EngineTurn(effects)
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#keys.size
  }
  /** Records that wait for the clock. */
  get waiting(): number {
    return this.#waiting
  }
  /** Records that came too late so far. */
  get late(): number {
    return this.#late
  }

  /**
   * @param partition of the input; those without one are one partition
   * @param arrivedMs when the record came into the system, for what is too far ahead of that
   * @param message what it has come in
   */
  take(
    record: TelemetryRecord,
    partition: string,
    nowMs: number,
    arrivedMs = nowMs,
    message?: Message
  ): void {
    const { memory } = this
    this.#message = message
    this.#taken = record
    this.#clock.nowMs = nowMs
    const timeMs = memory.timeOf(record)
    const key = memory.keyOf(record)
    if (typeof timeMs !== 'number') this.effects.rejected(record, timeMs)
    else if (!Number.isFinite(timeMs)) this.effects.rejected(record, NO_TIME)
    else if (timeMs > arrivedMs + this.clock.aheadMs)
      this.effects.rejected(record, ahead(timeMs, arrivedMs))
    else if (typeof key !== 'string') this.effects.rejected(record, key)
    else {
      const entry = this.#entryOf(key, timeMs, nowMs)
      if (entry === undefined) this.effects.rejected(record, full(this.#keys.size, this.#waiting))
      else if (this.clock.ordered && timeMs < this.#clockOf(entry))
        this.#takeLate(entry, record, timeMs)
      else if (this.clock.ordered && this.#waiting >= MAX_WAITING)
        this.effects.rejected(record, full(this.#keys.size, this.#waiting))
      else this.#enter(entry, record, timeMs, partition, nowMs)
      if (entry?.isEmpty) this.#drop(entry)
    }
    this.#message = this.#taken = undefined
  }

  /** Time passes without a record: what is due by now happens. */
  pass(nowMs: number): void {
    this.#clock.nowMs = nowMs
    if (this.clock.runs === 'all') this.#advanceAll(this.#clock.advanceSilent(nowMs))
    else this.#advanceSilent(nowMs)
    this.#sweep()
  }

  /** Everything that changed since the last call, as a store keeps it. */
  changes(): Map<string, string | undefined> {
    const changes = new Map<string, string | undefined>()
    for (const entry of this.#dirty)
      entry.write(changes, this.#keys.get(entry.key) !== entry, this.#clock.downMs)
    this.#dirty = []
    changes.set('clock', JSON.stringify(this.#clock.saved()))
    return changes
  }

  /** Takes up what was kept, before the first record. Time and silences go on from `nowMs`. */
  load(kept: Iterable<readonly [key: string, value: string]>, nowMs: number): void {
    const waiting: [key: string, waiting: Delayed][] = []
    for (const [name, value] of kept) {
      if (name === 'clock') this.#clock.load(JSON.parse(value), nowMs)
      else if (name.startsWith('k:')) {
        const entry = Remembered.read<State>(name.slice(2), value)
        this.#keys.set(entry.key, entry)
      } else if (name.startsWith('w:')) waiting.push(Remembered.readWaiting(name, value))
    }
    for (const [key, each] of waiting.sort(([, a], [, b]) => a.number - b.number)) {
      const entry = this.#keys.get(key)
      if (entry === undefined) continue
      insert(entry.waiting, each)
      this.#clock.number = Math.max(this.#clock.number, each.number)
      this.#waiting++
    }
    for (const entry of this.#keys.values()) {
      entry.seenMs = this.#clock.resumedMs(entry.seenMs, nowMs)
      this.#schedule(entry)
    }
  }

  /**
   * Remembers these keys though nothing came of them yet, and asks the memory what becomes of those
   * that were kept. What is not expected any more, and never came, is forgotten.
   */
  expect(keys: readonly string[], nowMs: number): void {
    if (this.memory.expect === undefined) return
    this.#clock.nowMs = nowMs
    const expected = new Set(keys)
    for (const entry of this.#keys.values())
      if (entry.isAwaited && !expected.has(entry.key)) this.#drop(entry)
    for (const key of expected) {
      if (this.#keys.has(key) || this.#keys.size >= this.bounds.maxKeys) continue
      const entry = new Remembered<State>(key, Number.NEGATIVE_INFINITY, nowMs)
      entry.awaitedMs = nowMs
      this.#keys.set(key, entry)
    }
    for (const entry of this.#keys.values()) {
      const { key, heardMs } = entry
      const state = this.memory.expect(entry.state, key, heardMs, expected.has(key))
      if (state === undefined) continue
      this.#mark(entry)
      this.#remember(entry, state ?? undefined)
      if (entry.isEmpty) this.#drop(entry)
      else this.#schedule(entry)
    }
  }

  /** Forgets everything; the store has to as well. */
  clear(): void {
    this.#keys.clear()
    this.#heap.clear()
    this.#clock.clear()
    this.#dirty = []
    this.#waiting = 0
  }

  #entryOf(key: string, timeMs: number, nowMs: number): Remembered<State> | undefined {
    const known = this.#keys.get(key)
    if (known !== undefined) {
      if (known.isAtRest && timeMs - known.heardMs > this.bounds.maxAgeMs) known.state = undefined
      return known
    }
    if (this.#keys.size >= this.bounds.maxKeys) {
      this.#sweepNow()
      if (this.#keys.size >= this.bounds.maxKeys) return undefined
    }
    const entry = new Remembered<State>(key, Number.NEGATIVE_INFINITY, nowMs)
    this.#keys.set(key, entry)
    return entry
  }

  #enter(
    entry: Remembered<State>,
    record: TelemetryRecord,
    timeMs: number,
    partition: string,
    nowMs: number
  ): void {
    const { ordered, runs } = this.clock
    const isTimeless = timeMs === TIMELESS
    if (!isTimeless) this.#clock.see(timeMs, partition, nowMs)
    if (timeMs > entry.newestMs) entry.newestMs = timeMs
    if (!isTimeless) entry.seenMs = nowMs
    this.#mark(entry)
    if (ordered) this.#wait(entry, record, timeMs)
    if (runs === 'all') this.#advanceAll(this.#clock.advance(nowMs), entry)
    else this.#advance(entry, this.#clockOf(entry))
    if (!ordered) {
      const isNow = isTimeless && runs === 'key'
      const clockMs = isNow ? this.#nowOf(entry, nowMs) : this.#clockOf(entry)
      this.#ask(entry, record, timeMs, clockMs, this.#message)
      // What it made of the past is due at once.
      this.#advance(entry, this.#clockOf(entry))
    }
    this.#schedule(entry)
  }

  #takeLate(entry: Remembered<State>, record: TelemetryRecord, timeMs: number): void {
    this.#late++
    this.effects.late()
    const turn = this.#turn.begin(record, this.#clockOf(entry), this.#message)
    this.memory.late?.(record, timeMs, turn)
    turn.end()
  }

  #wait(entry: Remembered<State>, record: TelemetryRecord, timeMs: number): void {
    this.#waiting++
    this.effects.waits()
    insert(entry.waiting, { record, timeMs, number: ++this.#clock.number, isKept: false })
    this.#schedule(entry)
  }

  /**
   * Everything of a key up to this time, in the order of time; what is due comes first. Gives the
   * time of the last that happened.
   */
  #advance(entry: Remembered<State>, untilMs: number): number {
    let reachedMs = Number.NEGATIVE_INFINITY
    for (;;) {
      const dueMs = entry.dueMs
      const first = entry.waiting[0]
      const recordMs = first === undefined ? Number.POSITIVE_INFINITY : first.timeMs
      if (Math.min(dueMs, recordMs) > untilMs) return reachedMs
      reachedMs = Math.min(dueMs, recordMs)
      this.#mark(entry)
      if (dueMs <= recordMs) this.#fire(entry, dueMs)
      else {
        entry.takeFirst()
        this.#waiting--
        this.effects.resumes()
        const { record, timeMs } = first!
        // One that has waited does not know any more what it came in.
        const message = record === this.#taken ? this.#message : undefined
        this.#ask(entry, record, timeMs, timeMs, message)
      }
    }
  }

  #fire(entry: Remembered<State>, dueMs: number): void {
    const clockMs = this.clock.ordered ? dueMs : Math.max(dueMs, this.#clockOf(entry))
    const turn = this.#turn.begin(undefined, clockMs)
    try {
      this.#remember(entry, this.memory.due?.(entry.state as State, dueMs, turn))
      if (entry.dueMs <= dueMs) throw stuck(dueMs)
    } catch (error) {
      this.#failed(entry, error)
    }
  }

  #ask(
    entry: Remembered<State>,
    record: TelemetryRecord,
    timeMs: number,
    clockMs: number,
    message?: Message
  ): void {
    const turn = this.#turn.begin(record, clockMs, message)
    try {
      const state = this.memory.take(entry.state, record, timeMs, turn)
      turn.end()
      this.#remember(entry, state)
    } catch (error) {
      this.#failed(entry, error)
      turn.reject({ code: 'STATE_FAILED', message: reasonOf(error) })
    }
  }

  /**
   * A fault of the node that comes again with the same state would come for ever, also after each
   * start: so the key begins anew.
   */
  #failed(entry: Remembered<State>, error: unknown): void {
    entry.state = undefined
    entry.dueMs = Number.POSITIVE_INFINITY
    this.effects.failed(entry.key, error)
  }

  #remember(entry: Remembered<State>, state: State | undefined): void {
    entry.state = state
    const dueMs = state === undefined ? undefined : this.memory.dueMs?.(state)
    entry.dueMs = dueMs === undefined || Number.isNaN(dueMs) ? Number.POSITIVE_INFINITY : dueMs
  }

  /** As far as records have brought it, or what happened in a silence. */
  #clockOf(entry: Remembered<State>): number {
    if (this.clock.runs === 'all') return this.#clock.allMs
    const clockMs = entry.newestMs - this.clock.latenessMs
    return clockMs > entry.clockMs ? clockMs : entry.clockMs
  }

  /** In a silence that is later than what was heard last. */
  #nowOf(entry: Remembered<State>, nowMs: number): number {
    const silentMs = this.#clock.silentOfKey(entry.heardMs, entry.seenMs, nowMs)
    return Math.max(this.#clockOf(entry), silentMs)
  }

  /**
   * One clock for all: the keys that have something to do up to this time, in the order of that.
   * @param needed stays, though nothing be left of it, since a record of it is being taken
   */
  #advanceAll(untilMs: number, needed?: Remembered<State>): void {
    while (this.#heap.firstMs <= untilMs) {
      const entry = this.#nextInHeap()
      if (entry === undefined) continue
      // No further than to what another key has to do before that.
      const reachedMs = this.#advance(entry, Math.min(untilMs, this.#heap.firstMs))
      this.#clock.reach(reachedMs)
      this.#schedule(entry)
      if (entry.isEmpty && entry !== needed) this.#drop(entry)
    }
  }

  /**
   * A clock for each key: those that have been silent for so long that something is due. Their
   * clocks go on to that and no further, so that what comes after a time without any connection is
   * not late.
   */
  #advanceSilent(nowMs: number): void {
    const silent: Remembered<State>[] = []
    try {
      while (this.#heap.firstMs <= nowMs) {
        const entry = this.#nextInHeap()
        if (entry === undefined) continue
        silent.push(entry)
        const untilMs = this.#clock.silentOfKey(entry.heardMs, entry.seenMs, nowMs)
        entry.clockMs = Math.max(entry.clockMs, this.#advance(entry, untilMs))
      }
    } finally {
      for (const entry of silent) {
        if (entry.isEmpty) this.#drop(entry)
        else this.#schedule(entry)
      }
    }
  }

  #nextInHeap(): Remembered<State> | undefined {
    const entry = this.#heap.take()!
    entry.scheduledMs = Number.POSITIVE_INFINITY
    return this.#keys.get(entry.key) === entry ? entry : undefined
  }

  /** A key stands in the heap once, at its time or an earlier one. */
  #schedule(entry: Remembered<State>): void {
    const nextMs = Math.min(entry.dueMs, entry.waiting[0]?.timeMs ?? Number.POSITIVE_INFINITY)
    if (nextMs === Number.POSITIVE_INFINITY) return
    const atMs =
      this.clock.runs === 'all'
        ? nextMs
        : this.#clock.wallOfKey(nextMs, entry.heardMs, entry.seenMs)
    if (atMs >= entry.scheduledMs || atMs === Number.POSITIVE_INFINITY) return
    entry.scheduledMs = atMs
    this.#heap.add(atMs, entry)
  }

  #mark(entry: Remembered<State>): void {
    if (entry.isDirty) return
    entry.isDirty = true
    this.#dirty.push(entry)
  }

  #drop(entry: Remembered<State>): void {
    this.#keys.delete(entry.key)
    if (entry.isKept) this.#mark(entry)
  }

  /** Forgets old keys now and then, as event time goes on. */
  #sweep(): void {
    const { maxAgeMs } = this.bounds
    if (maxAgeMs === Number.POSITIVE_INFINITY) return
    if (this.#clock.newestMs - this.#sweptMs < maxAgeMs / SWEEP_PARTS) return
    this.#sweepNow()
  }

  #sweepNow(): void {
    const before = this.#clock.newestMs - this.bounds.maxAgeMs
    this.#sweptMs = this.#clock.newestMs
    if (before === Number.NEGATIVE_INFINITY) return
    for (const entry of this.#keys.values())
      if (entry.heardMs < before && entry.isAtRest) this.#drop(entry)
  }
}
