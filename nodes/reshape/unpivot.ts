import type { Steps } from '../../core/format/decoder.ts'
import { cloneRecord } from '../../core/record/clone-record.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import {
  type Get,
  getter,
  isOneName,
  type Put,
  setter,
  stepsOf
} from '../../core/record/field-path.ts'
import {
  PROVENANCE,
  type Provenance,
  provenanceOf,
  type Reason,
  type TelemetryRecord
} from '../../core/record/record.ts'
import type { Settings } from './settings.ts'
import { FieldProblem } from './sources.ts'
import { type Treatment, treatments } from './values.ts'

/** Takes what is made of a record: a row, or what cannot be one and why. */
export interface UnpivotedRows {
  row(row: TelemetryRecord): void
  refused(row: TelemetryRecord, reason: Reason): void
}

/**
 * Names that are no measurements, as a tree: true where the field itself is meant, else what is
 * meant inside it; `*` is any name.
 */
interface Names {
  readonly named: Map<string, Names | true>
}

const makeNames = (): Names => ({ named: new Map() })

function add(names: Names, [step, ...rest]: readonly string[]): void {
  const there = names.named.get(step!)
  if (there === true) return
  if (rest.length === 0) {
    names.named.set(step!, true)
    return
  }
  const inner = there ?? makeNames()
  names.named.set(step!, inner)
  add(inner, rest)
}

const inside = (names: Names, name: string): Names | true | undefined =>
  names.named.get(name) ?? names.named.get('*')

/** The fields that every row has are no measurements, wherever they stand. */
function leftOut(settings: Settings, fields: readonly string[]): Names | undefined {
  const at = settings.at === '' ? [] : stepsOf(settings.at)!
  const names = makeNames()
  for (const path of [...settings.keep.map(({ from }) => from), ...fields]) {
    const steps = stepsOf(path)!
    if (at.length < steps.length && at.every((step, index) => steps[index] === step))
      add(names, steps.slice(at.length))
  }
  if (settings.which === 'except')
    for (const { field } of settings.names) add(names, stepsOf(field)!)
  return names.named.size === 0 ? undefined : names
}

/**
 * Makes the function that gives a row for each measurement of a record, some at each step, since
 * there may be very many. `base` is what every row has; it gives why the record cannot be taken
 * apart, or nothing.
 */
export function unpivoter(
  settings: Settings,
  fields: readonly string[]
): (
  record: TelemetryRecord,
  base: TelemetryRecord,
  rows: UnpivotedRows
) => Steps<Reason | undefined> {
  const get: Get = settings.at === '' ? record => record : getter(settings.at)
  const walker = walkerOf(settings, leftOut(settings, fields))
  const only =
    settings.which === 'only'
      ? settings.names.map(each => onlyOf(each, settings.separator))
      : undefined
  return function* (record, base, rows) {
    const walk = walker(base, rows)
    const found = get(record)
    if (only === undefined) {
      if (typeof found === 'object' && found !== null)
        yield* walk.inside(found, '', walk.names, undefined)
    } else {
      for (const { get: read, metric } of only) yield* walk.named(read(found), metric)
    }
    return walk.tooMany
  }
}

function onlyOf({ field, metric }: Settings['names'][number], separator: string) {
  return { get: getter(field), metric: metric || stepsOf(field)!.join(separator) }
}

function walkerOf(
  settings: Settings,
  names: Names | undefined
): (base: TelemetryRecord, rows: UnpivotedRows) => Walk {
  const how = howOf(settings)
  return (base, rows) => new Walk(how, names, base, rows)
}

/** The settings as they are needed for each value. */
interface How {
  readonly settings: Settings
  readonly treatment: ((metric: string) => Treatment | undefined) | undefined
  readonly put: (row: TelemetryRecord, metric: string, value: unknown) => void
  readonly own:
    | { readonly value: Get; readonly parts: readonly (readonly [Get, Put])[] }
    | undefined
}

function howOf(settings: Settings): How {
  const { timeTo, each, valueAt, timeAt, unitAt, qualityAt } = settings
  const parts = [
    [timeAt, timeTo],
    [unitAt, 'unit'],
    [qualityAt, 'quality']
  ].filter(([from]) => from !== '')
  const own = {
    value: getter(valueAt),
    parts: parts.map(([from, to]) => [getter(from!), setter(to!)] as const)
  }
  return {
    settings,
    treatment: treatments(settings.values),
    put: putterOf(settings),
    own: each === 'object' ? own : undefined
  }
}

function putterOf({ metricTo, valueTo }: Settings): How['put'] {
  const [metricKey, valueKey] = [stepsOf(metricTo)![0]!, stepsOf(valueTo)![0]!]
  if (isOneName(metricTo) && isOneName(valueTo)) {
    return (row, metric, value) => {
      row[metricKey] = metric
      row[valueKey] = value
    }
  }
  const [putMetric, putValue] = [setter(metricTo), setter(valueTo)]
  return (row, metric, value) => {
    putMetric(row, metric)
    putValue(row, value)
  }
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

/** The way through one record. */
class Walk {
  tooMany: FieldProblem | undefined
  #count = 0
  #sinceStep = 0
  /** The names so far, once two of them could be the same. */
  #seen: Set<string> | undefined
  readonly #metrics: string[] = []
  /** Values that stand inside of the fields that every row has. */
  readonly #nested: number
  #copied = 0
  readonly #from: Provenance | undefined

  constructor(
    readonly how: How,
    readonly names: Names | undefined,
    readonly base: TelemetryRecord,
    readonly rows: UnpivotedRows
  ) {
    this.#from = provenanceOf(base)
    // A copy that has both fields from the start takes 25 ns, one to which they are added 800.
    how.put(base, '', undefined)
    this.#nested = nestedIn(base)
  }

  /**
   * Takes the fields of an object or the elements of a list; `whole` is what stands around a value
   * of its own time.
   */
  *inside(
    object: object,
    prefix: string,
    names: Names | undefined,
    whole: object | undefined
  ): Steps<void> {
    const { separator } = this.how.settings
    for (const key of Object.keys(object)) {
      if (this.tooMany !== undefined) return
      const within = names === undefined ? undefined : inside(names, key)
      if (within === true) continue
      // Only such a name can be made twice: of "a.b", and of "b" in "a".
      if (this.#seen === undefined && key.includes(separator)) this.#seen = new Set(this.#metrics)
      const deeper = this.#field(
        (object as TelemetryRecord)[key],
        prefix === '' ? key : prefix + separator + key,
        within,
        whole,
        false
      )
      if (deeper !== undefined) yield* deeper
      if (++this.#sinceStep < FIELDS_A_STEP) continue
      this.#sinceStep = 0
      yield
    }
  }

  /** Takes a value that was asked for by name, whatever it is. */
  *named(value: unknown, metric: string): Steps<void> {
    this.#seen ??= new Set()
    if (this.tooMany !== undefined || value === undefined) return
    const deeper = this.#field(value, metric, undefined, undefined, true)
    if (deeper !== undefined) yield* deeper
  }

  /** Takes a field, or gives the way into it. */
  #field(
    value: unknown,
    metric: string,
    names: Names | undefined,
    whole: object | undefined,
    asked: boolean
  ): Steps<void> | undefined {
    const isExact = isExactNumber(value)
    if (typeof value === 'object' && !isExact)
      return value === null ? undefined : this.#object(value, metric, names, whole, asked)
    const treatment = this.how.treatment?.(metric)
    if (typeof value !== 'number' && !isExact && !asked && treatment?.named !== true) {
      const { booleans, texts } = this.how.settings
      if (typeof value === 'string' ? !texts : typeof value !== 'boolean' || !booleans)
        return undefined
    }
    this.#emit(value, metric, treatment, whole)
    return undefined
  }

  #object(
    value: object,
    metric: string,
    names: Names | undefined,
    whole: object | undefined,
    asked: boolean
  ): Steps<void> | undefined {
    // The bytes of a buffer are no measurements.
    if (ArrayBuffer.isView(value)) return undefined
    const inner = this.how.own?.value(value)
    if (inner !== undefined && whole === undefined)
      return this.#field(inner, metric, names, value, asked)
    if (Array.isArray(value) && !this.how.settings.lists && !asked) return undefined
    return this.inside(value, metric, names, whole)
  }

  #emit(
    value: unknown,
    metric: string,
    treatment: Treatment | undefined,
    whole: object | undefined
  ): void {
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
    this.#sinceStep += this.#nested / COPIES_A_FIELD
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

function nestedIn(base: TelemetryRecord): number {
  let nested = 0
  const open: object[] = [base]
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const value of Object.values(at)) {
      if (at !== base) nested++
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
        if (at === base) nested++
        open.push(value)
      }
    }
  return nested
}

export const twice = (metric: string) =>
  new FieldProblem(
    'METRIC_TWICE',
    `The record has two measurements with the name "${metric}"; the first is kept.`,
    metric
  )
