import { createHash } from 'node:crypto'
import { durationMs } from '../../core/duration.ts'
import { type Get, getter } from '../../core/record/field-path.ts'
import type { TelemetryRecord } from '../../core/record/record.ts'
import type { Turn } from '../../core/state/types.ts'
import type { FieldPart, Functions } from './functions.ts'
import type { KeyFields } from './identity.ts'
import type { WindowPart } from './parts.ts'
import { resultsOf } from './results.ts'
import type { AggregateSettings } from './settings.ts'
import { inexactReason, readValue, reasonOf, type Value, valueFields } from './values.ts'
import { type Windows, windowsOf } from './windows.ts'

const RESULTS = 0
const LATE = 1

/** A session that would last longer ends, and another begins. */
const MAX_SESSION_MS = 31 * 86_400_000

/** A window that is open. It is stored for every key, so its names are short. */
export interface OpenWindow {
  /** Start, milliseconds since 1970. */
  s: number
  /** End; of a session, if nothing more came. */
  e: number
  /** How many records it has. */
  n: number
  /** The fields that stay; null where the records do not agree. */
  f: unknown[]
  /** The states of the parts. */
  a: unknown[]
  /** When the next early result is due. */
  q?: number
}

/** What is remembered of a key. */
export interface KeyState {
  /** Tells the settings that it was made by. */
  v: string
  /** The values of the key fields. */
  k: unknown[]
  /** Open windows, the earliest first. */
  w: OpenWindow[]
  /** The last value of each part with its time, where the order counts. */
  c?: ([timeMs: number, value: number | string] | null)[]
}

/** The windows of a key as a function of its records. */
export class WindowMemory {
  readonly #version: string
  readonly #windows: Windows | undefined
  readonly #gapMs: number
  readonly #earlyMs: number | undefined
  readonly #holdMs: number
  readonly #opensSilent: boolean
  readonly #keeps: readonly Get[]
  readonly #fields
  readonly #values: Value[] = []
  readonly #results
  readonly #skips: boolean
  readonly #maxOpen: number
  readonly #parts: readonly FieldPart[]
  readonly #ordered: boolean

  constructor(
    settings: AggregateSettings,
    functions: Functions,
    private readonly key: KeyFields
  ) {
    this.#version = versionOf(settings)
    this.#windows = windowsOf(settings)
    this.#gapMs = durationMs(settings.gap) ?? 0
    this.#earlyMs = durationMs(settings.early)
    this.#holdMs = durationMs(settings.hold) ?? 0
    this.#parts = functions.parts
    this.#ordered = functions.ordered
    this.#opensSilent = settings.silent && functions.ordered && this.#windows?.only !== undefined
    this.#keeps = settings.keep.map(({ field }) => getter(field))
    this.#fields = valueFields(functions)
    this.#skips = settings.unusable === 'skip'
    this.#maxOpen = settings.maxOpen
    this.#results = resultsOf(settings, functions)
  }

  take(
    state: KeyState | undefined,
    record: TelemetryRecord,
    timeMs: number,
    turn: Turn
  ): KeyState | undefined {
    const known = state?.v === this.#version ? state : undefined
    if (!this.#read(record, turn)) return known
    const now = known ?? { v: this.#version, k: this.key.values(record), w: [] }
    const opened = this.#open(now, timeMs, turn)
    if (opened !== undefined) {
      // what was opened for nothing is empty, and goes again
      now.w = now.w.filter(({ n }) => n > 0 || this.#opensSilent)
      if (opened === 'late') turn.emit(LATE, record)
      else turn.reject(FULL)
      return known
    }
    if (this.#ordered) this.#holdUntil(now, timeMs)
    for (const window of now.w)
      if (timeMs >= window.s && timeMs < window.e) this.#add(now, window, record, timeMs)
    if (this.#ordered) this.#remember(now, timeMs)
    turn.absorb()
    return now
  }

  late(record: TelemetryRecord, turn: Turn): void {
    turn.emit(LATE, record)
  }

  dueMs({ w: windows }: KeyState): number | undefined {
    let due: number | undefined
    for (let index = 0; index < windows.length; index++) {
      const { e, q = e } = windows[index]!
      if (due === undefined || q < due) due = q
    }
    return due
  }

  due(state: KeyState, timeMs: number, turn: Turn): KeyState | undefined {
    // of other settings, which have counted something else
    if (state.v !== this.#version) return undefined
    const ended = state.w.filter(({ e }) => e <= timeMs)
    if (ended.length > 0) {
      state.w = state.w.filter(({ e }) => e > timeMs)
      for (const window of ended) {
        this.#hold(state, window, window.e)
        this.#emit(state, window, turn, this.#earlyMs === undefined ? undefined : true)
        if (this.#opensSilent) this.#openSilent(state, window.e)
      }
    }
    for (const window of state.w) {
      if (window.q === undefined || window.q > timeMs) continue
      // what holds until now is not known to hold any longer, so it is added to a copy
      const copy = this.#ordered ? { ...window, a: structuredClone(window.a) } : window
      this.#hold(state, copy, window.q)
      this.#emit(state, copy, turn, false)
      this.#nextEarly(window, timeMs)
    }
    return state
  }

  /** Reads the values of a record; false if nothing can be made of it. */
  #read(record: TelemetryRecord, turn: Turn): boolean {
    let isUsable = false
    for (let index = 0; index < this.#fields.length; index++) {
      const field = this.#fields[index]!
      const value = readValue(field, record)
      this.#values[index] = value
      const isWhole = typeof value === 'number' || (value !== undefined && !field.needsNumber)
      if (isWhole || (value !== undefined && field.takesAny)) isUsable = true
      if (isWhole) continue
      const reason = inexactReason(field, record)
      if (reason === undefined && this.#skips) continue
      turn.reject(reason ?? reasonOf(field, record))
      return false
    }
    return isUsable
  }

  /** Opens the windows of a time where they are not; or says why it cannot. */
  #open(state: KeyState, timeMs: number, turn: Turn): 'late' | 'full' | undefined {
    if (this.#windows === undefined) {
      this.#openSession(state, timeMs)
      return undefined
    }
    if (this.#windows.only !== undefined) {
      const { startMs, endMs } = this.#windows.only(timeMs)
      if (endMs <= turn.clockMs) return 'late'
      return this.#openOne(state, startMs, endMs, timeMs) ? undefined : 'full'
    }
    let outcome: 'late' | 'full' | undefined = 'late'
    this.#windows.each(timeMs, (startMs, endMs) => {
      if (endMs <= turn.clockMs || outcome === 'full') return
      outcome = this.#openOne(state, startMs, endMs, timeMs) ? undefined : 'full'
    })
    return outcome
  }

  /** False if there would be one too many. */
  #openOne({ w: windows }: KeyState, startMs: number, endMs: number, timeMs: number): boolean {
    let at = windows.length
    while (at > 0 && windows[at - 1]!.s > startMs) at--
    if (at > 0 && windows[at - 1]!.s === startMs) return true
    if (windows.length >= this.#maxOpen) return false
    windows.splice(at, 0, this.#begin(startMs, endMs, timeMs))
    return true
  }

  #begin(startMs: number, endMs: number, timeMs: number): OpenWindow {
    const window: OpenWindow = {
      s: startMs,
      e: endMs,
      n: 0,
      f: [],
      a: this.#parts.map(({ part }) => part.begin())
    }
    this.#nextEarly(window, timeMs)
    return window
  }

  #openSession({ w: windows }: KeyState, timeMs: number): void {
    const last = windows.at(-1)
    const endMs = timeMs + this.#gapMs
    if (last !== undefined && timeMs < last.e && endMs - last.s <= MAX_SESSION_MS) {
      last.e = endMs
      if (last.q === undefined) this.#nextEarly(last, timeMs)
    } else {
      if (last !== undefined && last.e > timeMs) last.e = timeMs
      windows.push(this.#begin(timeMs, endMs, timeMs))
    }
  }

  #add(state: KeyState, window: OpenWindow, record: TelemetryRecord, timeMs: number): void {
    const { a: states, f: kept } = window
    for (let index = 0; index < this.#parts.length; index++) {
      const { part, field } = this.#parts[index]!
      const value = this.#values[field]
      if (!takes(part, value)) continue
      const before = part.ordered ? sampleOf(state.c?.[index]) : undefined
      states[index] = part.add(states[index], value, timeMs, before)
    }
    for (let index = 0; index < this.#keeps.length; index++) {
      const value = this.#keeps[index]!(record)
      if (window.n === 0) kept[index] = isPlain(value) ? value : null
      else if (kept[index] !== value) kept[index] = null
    }
    window.n++
  }

  /** The values before hold in all open windows until the ones of this record. */
  #holdUntil(state: KeyState, timeMs: number): void {
    for (const window of state.w) this.#hold(state, window, timeMs, true)
  }

  #hold({ c: carried }: KeyState, window: OpenWindow, untilMs: number, isTaking = false): void {
    if (carried === undefined) return
    for (let index = 0; index < this.#parts.length; index++) {
      const { part, field } = this.#parts[index]!
      const last = carried[index]
      if (part.hold === undefined || last === undefined || last === null) continue
      // what the record says nothing of holds on, and is added with the next value or at the end
      if (isTaking && !takes(part, this.#values[field])) continue
      const from = Math.max(last[0], window.s)
      const until = Math.min(untilMs, window.e, last[0] + this.#holdMs)
      if (until > from) window.a[index] = part.hold(window.a[index], sampleOf(last)!, until - from)
    }
  }

  /** Keeps the values as those before the next ones. */
  #remember(state: KeyState, timeMs: number): void {
    state.c ??= this.#parts.map(() => null)
    for (let index = 0; index < this.#parts.length; index++) {
      const { part, field } = this.#parts[index]!
      const value = this.#values[field]
      if (part.ordered && takes(part, value)) state.c[index] = [timeMs, value]
    }
  }

  /** The window after one that has ended, for the values that hold. */
  #openSilent(state: KeyState, startMs: number): void {
    const holds = state.c?.some(last => last !== null && last[0] + this.#holdMs > startMs)
    if (!holds || state.w.some(({ s }) => s === startMs)) return
    const span = this.#windows!.only!(startMs)
    state.w.unshift(this.#begin(span.startMs, span.endMs, startMs))
  }

  #nextEarly(window: OpenWindow, timeMs: number): void {
    if (this.#earlyMs === undefined) return
    const passed = Math.floor((timeMs - window.s) / this.#earlyMs)
    const next = window.s + (passed + 1) * this.#earlyMs
    if (next < window.e) window.q = next
    else delete window.q
  }

  #emit(state: KeyState, window: OpenWindow, turn: Turn, final: boolean | undefined): void {
    const ended = {
      startMs: window.s,
      endMs: window.e,
      key: state.k,
      kept: window.f,
      count: window.n,
      states: window.a,
      final
    }
    for (const record of this.#results(ended)) turn.emit(RESULTS, record)
  }
}

/** The settings by which windows are made, in short: windows of others cannot be gone on with. */
function versionOf(settings: AggregateSettings): string {
  const { window, length, every, calendar, zone, begins, gap, early } = settings
  const functions = settings.functions.map(({ function: name, field, parameter }) => [
    name,
    field || settings.valueField,
    parameter
  ])
  const rest = [functions, settings.key, settings.keep]
  const text = JSON.stringify([window, length, every, calendar, zone, begins, gap, early, ...rest])
  return createHash('sha256').update(text).digest('base64').slice(0, 8)
}

const FULL = {
  code: 'STATE_FULL',
  message: 'More windows of this key are open than the node may keep.'
}

const takes = (part: WindowPart, value: Value): value is number | string =>
  typeof value === 'number' || (value !== undefined && part.takesAny === true)

const isPlain = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const sampleOf = (last: [timeMs: number, value: number | string] | null | undefined) =>
  last === undefined || last === null ? undefined : { timeMs: last[0], value: last[1] }
