import { cloneRecord } from '../../core/record/clone-record.ts'
import { isExactNumber } from '../../core/record/exact-decimal.ts'
import { getter, isOneName, setter, stepsOf } from '../../core/record/field-path.ts'
import { jsonText } from '../../core/record/json-write.ts'
import { numberIn, numberWithComma } from '../../core/record/number-text.ts'
import { inherit, type Reason, type TelemetryRecord } from '../../core/record/record.ts'

export type Conversion = 'keep' | 'number' | 'decimal-comma' | 'text'

/** What becomes of one field: another name, another type, or both. */
export interface NormalizedRow {
  /** A name, or a path into objects of the record. */
  readonly from: string
  /** Its new name; empty to keep it. */
  readonly to: string
  readonly as: Conversion
}

/** A record with its fields renamed and converted, as a new object; or why it cannot be. */
export type Reshape = (record: TelemetryRecord) => TelemetryRecord | Unconvertible

export class Unconvertible implements Reason {
  readonly code = 'NOT_A_NUMBER'
  readonly message: string
  constructor(
    readonly path: string,
    value: unknown
  ) {
    const why =
      isExactNumber(value) || (typeof value === 'string' && /\d{16}/.test(value))
        ? 'has more digits than a number holds'
        : 'is not a number'
    this.message = `${path} is ${String(jsonText(value)).slice(0, 80)}, which ${why}.`
  }
}

/** The function for these rows; undefined if there is nothing to do. */
export function reshaper(given: readonly NormalizedRow[]): Reshape | undefined {
  if (given.length === 0) return undefined
  // A field is not in the way of itself.
  const rows = given.map(row => (row.to === row.from ? { ...row, to: '' } : row))
  const taken = rows.map(takenBefore)
  const names = new Map(
    rows.flatMap(({ from, to }, index) =>
      to !== '' && isOneName(from) ? [[stepsOf(from)![0]!, taken[index]!]] : []
    )
  )
  const steps = rows.map((row, index) => step(row, taken[index]!))
  // A field inside an object of the record is changed in a copy, so that a rejected record stays as
  // it came.
  const changesInside = rows.some(row => !isOneName(row.to || row.from))
  return original => {
    const record = changesInside ? cloneRecord(original) : original
    const reshaped: TelemetryRecord = {}
    // A renamed field leaves its old place, unless a field of the new name is there already: that
    // one is kept.
    for (const key of Object.keys(record)) {
      const isTaken = names.get(key)
      if (isTaken === undefined || isTaken(record)) reshaped[key] = record[key]
    }
    for (const apply of steps) {
      const reason = apply(record, reshaped)
      if (reason) return reason
    }
    return inherit(record, reshaped)
  }
}

/** Whether something else has the new name of a row: a field, or one that a row before renames. */
function takenBefore(
  { to }: NormalizedRow,
  index: number,
  rows: readonly NormalizedRow[]
): (record: TelemetryRecord) => boolean {
  if (to === '') return () => false
  const others = rows.slice(0, index).filter(row => row.to === to)
  const [own, ...before] = [to, ...others.map(({ from }) => from)].map(getter)
  if (before.length === 0) return record => own!(record) !== undefined
  return record => own!(record) !== undefined || before.some(get => get(record) !== undefined)
}

type Step = (record: TelemetryRecord, reshaped: TelemetryRecord) => Unconvertible | undefined

function step(
  { from, to, as }: NormalizedRow,
  isTaken: (record: TelemetryRecord) => boolean
): Step {
  const get = getter(from)
  const put = setter(to || from)
  return (record, reshaped) => {
    const value = get(record)
    if (value === undefined || isTaken(record)) return undefined
    const converted = as === 'keep' || value === null ? value : convert(value, as)
    if (converted === undefined) return new Unconvertible(from, value)
    put(reshaped, converted)
    return undefined
  }
}

/** Undefined if the value cannot be converted. */
function convert(value: unknown, as: Conversion): unknown {
  if (as === 'text') return typeof value === 'object' ? jsonText(value) : String(value)
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  return as === 'decimal-comma' ? numberWithComma(value) : numberIn(value)
}
