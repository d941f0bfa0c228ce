/** A field of a record by its dotted path, compiled once: `location.lat`, `readings.0.value`, or a plain name. */
export type Get = (record: unknown) => unknown

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

/** True if the path is non-empty and names nothing that could reach a prototype. */
export const isFieldPath = (path: string): boolean => path.split('.').every(step => step !== '' && !FORBIDDEN.has(step))

/** Compiles a path to a getter, which gives undefined where a step is missing. Only own properties are seen. */
export function getter(path: string): Get {
  const steps = path.split('.')
  const [first] = steps
  if (steps.length === 1 && first !== undefined) return record => own(record, first)
  return record => steps.reduce(own, record)
}

function own(value: unknown, step: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
}

/** Sets a field by its dotted path, in place; objects on the way are made where they are missing. */
export function setField(record: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.')
  const last = steps.pop()!
  let at = record
  for (const step of steps) {
    const next = own(at, step)
    if (typeof next === 'object' && next !== null) at = next as Record<string, unknown>
    else {
      const made: Record<string, unknown> = {}
      at[step] = made
      at = made
    }
  }
  at[last] = value
}
