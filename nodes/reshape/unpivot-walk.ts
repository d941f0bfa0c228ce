import { cloneRecord } from '../../core/record/clone-record.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import type { Get, Put } from '../../core/record/field-path.ts'
import {
  PROVENANCE,
  type Provenance,
  provenanceOf,
  type Reason,
  type TelemetryRecord
} from '../../core/record/record.ts'
import type { MeasuredName, MeasuredNames } from './measured-names.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'

/** Takes what is made of a record: a row, or what cannot be one and why. */
export interface UnpivotedRows {
  row(row: TelemetryRecord): void
  refused(row: TelemetryRecord, reason: Reason): void
}

/** The settings as they are needed for each value. */
export interface How {
  readonly settings: Settings
  readonly names: MeasuredNames
  readonly put: (row: TelemetryRecord, metric: string, value: unknown) => void
  readonly own:
    | { readonly value: Get; readonly parts: readonly (readonly [Get, Put])[] }
    | undefined
}

/** Where measurements stand in a record. */
export interface Measured {
  readonly get: Get
  readonly name: MeasuredName
  /** It was asked for by name: then it is one, whatever it is. */
  readonly asked: boolean
}

/** An object or list whose fields are being looked at. */
interface Level {
  readonly object: TelemetryRecord
  readonly keys: readonly string[]
  next: number
  readonly name: MeasuredName
  /** What stands around a value of its own time. */
  readonly whole: object | undefined
}

/** So many fields of one record are looked at before others have their turn. */
const FIELDS_A_STEP = 512

/**
 * Values inside of what every row has that may be copied into the rows of one record: enough for
 * 1,000 rows of 300.
 */
const MAX_COPIED = 300_000
/** So many of them are copied in the time that a field takes. */
const COPIES_A_FIELD = 10

/**
 * The way through one record. It is no generator: that would cost a fifth of what a record of
 * twenty fields takes.
 */
export class UnpivotWalk {
  /** Why the record cannot be taken apart. */
  tooMany: FieldProblem | undefined
  #count = 0
  #left = 0
  #measured = 0
  readonly #levels: Level[] = []
  /** The names so far, once two of them could be the same. */
  #seen: Set<string> | undefined
  readonly #metrics: string[] = []
  /** Values that stand inside of the fields that every row has. */
  readonly #nested: number
  #copied = 0
  readonly #from: Provenance | undefined

  constructor(
    private readonly how: How,
    private readonly measured: readonly Measured[],
    private readonly record: TelemetryRecord,
    private readonly base: TelemetryRecord,
    private readonly rows: UnpivotedRows
  ) {
    this.#from = provenanceOf(base)
    // A copy that has both fields from the start takes 25 ns, one to which they are added 800.
    how.put(base, '', undefined)
    this.#nested = nestedIn(base)
  }

  /** There was no measurement. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Looks at some hundred fields; true once there are no more. */
  go(): boolean {
    this.#left = FIELDS_A_STEP
    while (this.tooMany === undefined) {
      const level = this.#levels.at(-1)
      if (level === undefined) {
        if (!this.#begin()) return true
      } else if (!this.#inside(level)) return false
    }
    return true
  }

  /** Begins at the next place where measurements stand; false if there is none. */
  #begin(): boolean {
    const measured = this.measured[this.#measured++]
    if (measured === undefined) return false
    const { get, name, asked } = measured
    const value = get(this.record)
    if (asked) {
      this.#seen ??= new Set()
      this.#left--
      if (value !== undefined) this.#field(value, name, undefined, true)
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
      this.#enter(value, name, undefined)
    return true
  }

  #enter(object: object, name: MeasuredName, whole: object | undefined): void {
    const keys = Object.keys(object)
    this.#levels.push({ object: object as TelemetryRecord, keys, next: 0, name, whole })
  }

  /** Looks at the fields up to one that has fields itself; false if that is enough for now. */
  #inside(level: Level): boolean {
    const { object, keys, name: around, whole } = level
    const { names } = this.how
    const levels = this.#levels.length
    while (level.next < keys.length) {
      if (this.tooMany !== undefined) return true
      if (this.#left-- <= 0) return false
      const key = keys[level.next++]!
      const name = names.in(around, key, keys.length)
      if (name.isLeftOut) continue
      if (this.#seen === undefined && name.mayRepeat) this.#seen = new Set(this.#metrics)
      this.#field(object[key], name, whole, false)
      if (this.#levels.length > levels) return true
    }
    this.#levels.pop()
    return true
  }

  #field(value: unknown, name: MeasuredName, whole: object | undefined, asked: boolean): void {
    if (typeof value !== 'number' && !isExactNumber(value)) {
      if (typeof value === 'object') {
        if (value !== null) this.#object(value, name, whole, asked)
        return
      }
      if (!asked && name.treatment?.named !== true) {
        const { booleans, texts } = this.how.settings
        if (typeof value === 'string' ? !texts : typeof value !== 'boolean' || !booleans) return
      }
    }
    this.#emit(value, name, whole)
  }

  #object(value: object, name: MeasuredName, whole: object | undefined, asked: boolean): void {
    // The bytes of a buffer are no measurements.
    if (ArrayBuffer.isView(value)) return
    const inner = this.how.own?.value(value)
    if (inner !== undefined && whole === undefined) this.#field(inner, name, value, asked)
    else if (!Array.isArray(value) || this.how.settings.lists || asked)
      this.#enter(value, name, whole)
  }

  #emit(value: unknown, { metric, treatment }: MeasuredName, whole: object | undefined): void {
    const { maxMeasurements } = this.how.settings
    const { base, rows, how } = this
    if (++this.#count > maxMeasurements) {
      const message = `The record has more than ${maxMeasurements} measurements.`
      this.tooMany = new FieldProblem('MEASUREMENTS_TOO_MANY', message, '')
      return
    }
    if (this.#nested > 0 && !this.#copies()) return
    const row = this.#nested > 0 ? cloneRecord(base) : { ...base }
    // Each is a part of its own, so that several rejected ones are known as of one message.
    if (this.#from !== undefined)
      (row as { [PROVENANCE]?: Provenance })[PROVENANCE] = this.#from.part(metric)
    const result = treatment === undefined ? value : treatment.apply(value)
    how.put(row, metric, result instanceof FieldProblem ? value : result)
    if (whole !== undefined) this.#addParts(row, whole)
    if (result instanceof FieldProblem) rows.refused(row, result)
    else if (this.#isTwice(metric)) rows.refused(row, twice(metric))
    else rows.row(row)
  }

  /** Counts the copies that a row takes of what stands inside of the fields of all. */
  #copies(): boolean {
    this.#copied += this.#nested
    this.#left -= this.#nested / COPIES_A_FIELD
    if (this.#copied <= MAX_COPIED) return true
    const message = `Each row of the record would get a copy of ${this.#nested} values, more than ${MAX_COPIED} in all.`
    this.tooMany = new FieldProblem('PAYLOAD_TOO_LARGE', message, '')
    return false
  }

  #addParts(row: TelemetryRecord, whole: object): void {
    for (const [get, put] of this.how.own!.parts) {
      const part = get(whole)
      if (part !== undefined && part !== null) put(row, part)
    }
  }

  #isTwice(metric: string): boolean {
    if (this.#seen === undefined) {
      this.#metrics.push(metric)
      return false
    }
    if (this.#seen.has(metric)) return true
    this.#seen.add(metric)
    return false
  }
}

/** Values that stand inside of others, at any depth. */
function nestedIn(base: TelemetryRecord): number {
  let nested = 0
  for (const key in base) {
    const value = base[key]
    if (hasValues(value)) nested += 1 + valuesIn(value)
  }
  return nested
}

function valuesIn(object: object): number {
  let values = 0
  const open = [object]
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const value of Object.values(at)) {
      values++
      if (hasValues(value)) open.push(value)
    }
  return values
}

const hasValues = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

const twice = (metric: string) =>
  new FieldProblem(
    'METRIC_TWICE',
    `The record has two measurements with the name "${metric}"; the first is kept.`,
    metric
  )
