import type { Written } from '../samples/written.ts'

/** A value that is not as it came in, by its path of names and places. */
export interface Change {
  readonly path: readonly string[]
  readonly kind: 'added' | 'changed' | 'removed'
}

const MOST_CHANGES = 1_000
const NONE = Symbol('none')

/** What differs between two written records, deepest values only. */
export function changesBetween(before: Written, after: Written): Change[] {
  const changes: Change[] = []
  compare(before, after, [], changes)
  return changes
}

function compare(
  before: unknown,
  after: unknown,
  path: readonly string[],
  changes: Change[]
): void {
  if (changes.length >= MOST_CHANGES) return
  if (before === NONE) changes.push({ path, kind: 'added' })
  else if (after === NONE) changes.push({ path, kind: 'removed' })
  else if (
    isContainer(before) &&
    isContainer(after) &&
    Array.isArray(before) === Array.isArray(after)
  ) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(at(before, key), at(after, key), [...path, key], changes)
    }
  } else if (before !== after) changes.push({ path, kind: 'changed' })
}

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const at = (container: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(container, key) ? container[key] : NONE
