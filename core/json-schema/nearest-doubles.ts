import { cloneRecord } from '../record/clone-record.ts'
import { type ExactDecimal, isExactNumber } from '../record/exact-decimal.ts'

type Container = Record<string, unknown>
interface Place {
  readonly container: Container
  readonly key: string
  readonly exact: bigint | ExactDecimal
}

/** A record with doubles in place of the numbers of which a double does not hold all digits. */
export interface Approximate {
  readonly record: object
  /** Puts the numbers back; one that was converted to text has all its digits. */
  restore(): void
}

/** Undefined for a record that has none, so for all but a few. */
export function withNearestDoubles(record: object): Approximate | undefined {
  if (!holdsExactNumber(record)) return undefined
  const places: Place[] = []
  const copy = cloneRecord(record)
  const pending = [copy as Container]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const key of Object.keys(at)) {
      const value = at[key]
      if (isExactNumber(value)) places.push({ container: at, key, exact: value })
      else if (typeof value === 'object' && value !== null) pending.push(value as Container)
    }
  }
  for (const { container, key, exact } of places) container[key] = Number(exact)
  return {
    record: copy,
    restore() {
      for (const { container, key, exact } of places) {
        const checked = container[key]
        if (typeof checked === 'number') container[key] = exact
        else if (typeof checked === 'string') container[key] = String(exact)
      }
    }
  }
}

/** Without a copy and without the keys of long lists, since most invalid records have none. */
function holdsExactNumber(value: unknown): boolean {
  if (isExactNumber(value)) return true
  if (Array.isArray(value)) return value.some(holdsExactNumber)
  if (typeof value !== 'object' || value === null) return false
  for (const key in value) if (holdsExactNumber((value as Container)[key])) return true
  return false
}
