import { ParseFailure } from '../record/parse-failure.ts'
import type { Integer } from './types.ts'

export interface ValueRules {
  /** NaN and Infinity, which JSON does not have, become null. */
  readonly nanAsNull: boolean
}

export const invalid = (what: string) => new ParseFailure('SPARKPLUG_VALUE_INVALID', what, '')

/** That the datatype is missing, or none that Sparkplug has. */
export function unknownType(datatype: number | undefined): ParseFailure {
  const what = datatype ? `the datatype ${datatype}, which Sparkplug does not have` : 'no datatype'
  return new ParseFailure('SPARKPLUG_TYPE_UNKNOWN', `The metric has ${what}.`, '')
}

/** A BigInt only where a double would change it. */
export function plainInteger(value: bigint): Integer {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

export function finite(value: number, { nanAsNull }: ValueRules): number | null | ParseFailure {
  if (Number.isFinite(value)) return value
  return nanAsNull ? null : invalid(`The number is ${value}, which JSON does not have.`)
}

export function timeText(ms: Integer): string | ParseFailure {
  const time = new Date(Number(ms))
  return Number.isNaN(time.getTime())
    ? invalid(`The time ${ms} does not exist.`)
    : time.toISOString()
}
