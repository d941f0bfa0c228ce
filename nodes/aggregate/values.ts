import { ExactDecimal, isExactNumber } from '../../core/record/exact-decimal.ts'
import { type Get, getter } from '../../core/record/field-path.ts'
import type { Reason, TelemetryRecord } from '../../core/record/record.ts'
import type { FieldPart, Functions } from './functions.ts'

/** Squares of larger numbers, and sums of many of them, would be infinite. */
const MAX_MAGNITUDE = 1e140

/** A field, and the parts that take its values. */
export interface ReadField {
  readonly path: string
  readonly get: Get
  readonly needsNumber: boolean
  readonly takesAny: boolean
}

export function valueFields({ fields, parts }: Functions): readonly ReadField[] {
  return fields.map((path, field) => {
    const own = parts.filter((part: FieldPart) => part.field === field)
    return {
      path,
      get: getter(path),
      needsNumber: own.some(({ part }) => part.takesAny === undefined),
      takesAny: own.some(({ part }) => part.takesAny === true)
    }
  })
}

/** A value as parts take it; undefined where there is none. */
export type Value = number | string | undefined

export function readValue({ get }: ReadField, record: TelemetryRecord): Value {
  const value = get(record)
  if (typeof value === 'number') return isUsable(value) ? value : undefined
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return isExactNumber(value) ? String(value) : undefined
}

const isUsable = (value: number) => value <= MAX_MAGNITUDE && value >= -MAX_MAGNITUDE

/** Why the value of a record cannot be taken by all parts of its field. */
export function reasonOf({ path, get }: ReadField, record: TelemetryRecord): Reason {
  const value = get(record)
  const what =
    value === undefined || value === null
      ? `There is no ${path}.`
      : typeof value === 'number'
        ? `${path} is ${value}, with which nothing can be calculated.`
        : `${path} is ${shown(value)}, not a number.`
  return { code: 'NOT_A_NUMBER', message: what, path }
}

/** A number that a double cannot hold would be another in every sum, so it is never left out. */
export function inexactReason(
  { path, get }: ReadField,
  record: TelemetryRecord
): Reason | undefined {
  const value = get(record)
  if (typeof value !== 'bigint' && !(value instanceof ExactDecimal)) return undefined
  return {
    code: 'NUMBER_INEXACT',
    message: `${path} is ${shown(String(value))}, which has more digits than a number to calculate with holds.`,
    path
  }
}

function shown(value: unknown): string {
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}
