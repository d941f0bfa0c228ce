import { Entries } from './entries.ts'
import type { Spot } from './spot.ts'

/** The object of these members, or what stands in its place where they are more than a record has. */
export function objectOf(
  members: Iterable<readonly [string, unknown]> & { readonly length: number },
  maxFields: number
): Entries | Record<string, unknown> {
  if (members.length <= maxFields) return Object.fromEntries(members)
  const entries = new Entries(maxFields)
  for (const [name, value] of members) entries.add(name, value)
  return entries
}

/** An object that is made of many members, a few at a time: all at once would take long. */
export class Growing {
  readonly object: Entries | Record<string, unknown>
  length = 0

  constructor({ is }: Spot, maxFields: number) {
    this.object = is === 'object' ? new Entries(maxFields) : {}
  }

  /** False if there is one of this name. */
  add(name: string, value: unknown): boolean {
    const { object } = this
    if (object instanceof Entries) return object.add(name, value)
    if (Object.hasOwn(object, name)) return false
    this.length++
    // As an own property, which the walk over the record refuses.
    if (name === '__proto__')
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true })
    else object[name] = value
    return true
  }
}
