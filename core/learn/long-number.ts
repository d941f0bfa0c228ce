import { isExactNumber } from '../record/exact-decimal.ts'
import { isObject } from './survey.ts'

/** What is looked through of one message. */
const MOST_VALUES = 5_000
const MAX_DEPTH = 12

/** The first number of more digits than a double holds, as it is written; undefined without one. */
export function longNumberIn(value: unknown): string | undefined {
  let left = MOST_VALUES
  const search = (inner: unknown, depth: number): string | undefined => {
    if (--left < 0 || depth > MAX_DEPTH) return undefined
    if (isExactNumber(inner)) return String(inner)
    if (!Array.isArray(inner) && !isObject(inner)) return undefined
    for (const each of Object.values(inner)) {
      const found = search(each, depth + 1)
      if (found !== undefined || left < 0) return found
    }
    return undefined
  }
  return search(value, 0)
}
