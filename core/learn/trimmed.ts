import { inherit } from '../record/record.ts'
import { isObject } from './survey.ts'

/** What a person would look at of a message; the rest is more of the same. */
const MOST_ITEMS = 100
const MOST_VALUES = 20_000
const MAX_DEPTH = 12

/**
 * A payload cut to what is needed to learn from it: long lists by their first elements, so that
 * nothing that is tried with it takes long. Records keep where they came from.
 */
export function trimmed(payload: unknown): unknown {
  let left = MOST_VALUES
  const trim = (value: unknown, depth: number): unknown => {
    if (--left < 0 || depth > MAX_DEPTH) return null
    if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map(item => trim(item, depth + 1))
    if (!isObject(value)) return value
    const made: Record<string, unknown> = {}
    for (const [name, inner] of Object.entries(value)) {
      if (left <= 0) break
      Object.defineProperty(made, name, {
        value: trim(inner, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true
      })
    }
    return inherit(value, made)
  }
  return trim(payload, 0)
}
