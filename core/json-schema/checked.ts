import { cloneRecord } from '../record/clone-record.ts'
import { COST } from './cost.ts'
import { withNearestDoubles } from './nearest-doubles.ts'
import type { SchemaCheck } from './schema.ts'

/**
 * The record, or its copy with converted types; undefined if it is not valid. The checks know
 * doubles only, so numbers of more digits are checked as the nearest.
 */
export function checkedBy(check: SchemaCheck, record: unknown, coerce: boolean): unknown {
  const checked = coerce ? cloneRecord(record) : record
  if (check(checked)) return checked
  if (check.errors?.[0]?.keyword === COST) return undefined
  const near = withNearestDoubles(record as object)
  if (near === undefined || !check(near.record)) return undefined
  if (!coerce) return record
  near.restore()
  return near.record
}
