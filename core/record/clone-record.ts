type Container = Record<string, unknown>

/**
 * A copy of a record that can be changed without changing the first. Plain objects and arrays are
 * copied however deep they nest; buffers, dates and what symbols hold (provenance) are shared.
 */
export function cloneRecord<T>(record: T): T {
  if (!isPlain(record)) return record
  const copy = shallow(record)
  const pending = [copy as Container]
  let copies: Map<object, object> | undefined
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const key of Object.keys(at)) {
      const value = at[key]
      if (!isPlain(value)) continue
      copies ??= new Map<object, object>([[record, copy]])
      let inner = copies.get(value)
      if (inner === undefined) {
        inner = shallow(value)
        copies.set(value, inner)
        pending.push(inner as Container)
      }
      at[key] = inner
    }
  }
  return copy
}

/** Spreading defines properties, so that an own `__proto__` stays an own property. */
const shallow = <T extends object>(value: T): T =>
  Array.isArray(value) ? ([...value] as unknown as T) : { ...value }

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
