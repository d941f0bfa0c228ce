import { inherit } from '../record/record.ts'
import { isObject } from './survey.ts'

/** What a person would look at of a message; the rest is more of the same. */
const MOST_ITEMS = 100
const MOST_VALUES = 20_000
const MAX_DEPTH = 12
/** Fields of one object. */
export const MOST_FIELDS = 500

/**
 * A payload cut to what is needed to learn from it: long lists by their first elements, so that
 * nothing that is tried with it takes long. Records keep where they came from.
 * @param cut is told where an object has more fields than are looked at
 */
export function trimmed(payload: unknown, cut: () => void = () => undefined): unknown {
  let left = MOST_VALUES
  const trim = (value: unknown, depth: number): unknown => {
    if (--left < 0 || depth > MAX_DEPTH) return null
    if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map(item => trim(item, depth + 1))
    if (!isObject(value)) return value
    const made: Record<string, unknown> = {}
    let fields = 0
    for (const name in value) {
      if (!Object.hasOwn(value, name)) continue
      if (++fields > MOST_FIELDS || left <= 0) {
        cut()
        break
      }
      Object.defineProperty(made, name, {
        value: trim(value[name], depth + 1),
        enumerable: true,
        configurable: true,
        writable: true
      })
    }
    return inherit(value, made)
  }
  return trim(payload, 0)
}
