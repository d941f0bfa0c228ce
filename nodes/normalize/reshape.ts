import { cloneRecord } from '../../core/record/clone-record.ts'
import { getter, setField } from '../../core/record/field-path.ts'
import { inherit, type Reason, type TelemetryRecord } from '../../core/record/record.ts'

export type Conversion = 'keep' | 'number' | 'decimal-comma' | 'text'

/** What becomes of one field: another name, another type, or both. */
export interface Row {
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
    this.message = `${path} is ${JSON.stringify(value).slice(0, 80)}, which is not a number.`
  }
}

/** The function for these rows; undefined if there is nothing to do. */
export function reshaper(given: readonly Row[]): Reshape | undefined {
  if (given.length === 0) return undefined
  // A field is not in the way of itself.
  const rows = given.map(row => (row.to === row.from ? { ...row, to: '' } : row))
  const names = new Map(rows.filter(row => row.to !== '' && !row.from.includes('.')).map(row => [row.from, row.to]))
  const steps = rows.map(step)
  // A field inside an object of the record is changed in a copy, so that a rejected record stays as it came.
  const changesInside = rows.some(row => (row.to || row.from).includes('.'))
  return original => {
    const record = changesInside ? cloneRecord(original) : original
    const reshaped: TelemetryRecord = {}
    // A renamed field leaves its old place, unless a field of the new name is there already: that one is kept.
    for (const key of Object.keys(record)) {
      const to = names.get(key)
      if (to === undefined || Object.hasOwn(record, to)) reshaped[key] = record[key]
    }
    for (const apply of steps) {
      const reason = apply(record, reshaped)
      if (reason) return reason
    }
    return inherit(record, reshaped)
  }
}

type Step = (record: TelemetryRecord, reshaped: TelemetryRecord) => Unconvertible | undefined

function step({ from, to, as }: Row): Step {
  const get = getter(from)
  const target = to || from
  const taken = to === '' ? () => undefined : getter(target)
  const nested = target.includes('.')
  return (record, reshaped) => {
    const value = get(record)
    if (value === undefined || taken(record) !== undefined) return undefined
    const converted = as === 'keep' || value === null ? value : convert(value, as)
    if (converted === undefined) return new Unconvertible(from, value)
    if (nested) setField(reshaped, target, converted)
    else reshaped[target] = converted
    return undefined
  }
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/** Undefined if the value cannot be converted. */
function convert(value: unknown, as: Conversion): unknown {
  if (as === 'text') return typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.length > 400) return undefined
  const text = as === 'decimal-comma' ? value.trim().replace(',', '.') : value.trim()
  const number = NUMBER.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(number) ? number : undefined
}
