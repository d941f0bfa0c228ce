import { stepsOf } from '../record/field-path.ts'
import type { DecoderOptions } from './decoder.ts'

/**
 * What stands where a long payload is being read: the whole is `around` the records or `holds` them
 * right away; a value is one of the records, or of what stands beside them.
 */
export type Spot =
  /** On the way to what holds the records, by the steps that are left. */
  | { readonly is: 'around'; readonly steps: readonly string[]; readonly at: 'list' | 'object' }
  /** A list or an object of records. */
  | { readonly is: 'list' | 'object' }
  | { readonly is: 'record' | 'beside' }
  /** In a record that has too many fields: it is read, but nothing of it is kept. */
  | { readonly is: 'passed' }

/** What a record is, is looked at before it is read. */
export const IN_RECORD: Spot = { is: 'record' }
export const PASSED: Spot = { is: 'passed' }
const BESIDE: Spot = { is: 'beside' }

/** The spot of the whole payload. */
export function firstSpot({ at, path }: Pick<DecoderOptions, 'at' | 'path'>): Spot {
  const steps = path === '' ? [] : stepsOf(path)
  return at === 'message' || steps === undefined ? IN_RECORD : spotAt(steps, at)
}

const spotAt = (steps: readonly string[], at: 'list' | 'object'): Spot =>
  steps.length === 0 ? { is: at } : { is: 'around', steps, at }

/** The spot of a member of what stands at this one. */
export function spotIn(spot: Spot, name: string | undefined, isList: boolean): Spot {
  if (spot.is === 'around')
    return name === spot.steps[0] ? spotAt(spot.steps.slice(1), spot.at) : BESIDE
  if (spot.is === 'passed') return PASSED
  // Of an object each value is a record, or a list of them.
  return spot.is === 'object' && isList ? { is: 'list' } : IN_RECORD
}
