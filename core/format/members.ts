import { Entries } from './entries.ts'

/**
 * An object that is made of members a few at a time. One that has more of them than a record grows
 * no further, but goes on as the list of its entries.
 */
export class Growing {
  #object: Entries | Record<string, unknown> = {}
  #length = 0

  constructor(private readonly maxFields: number) {}

  get object(): Entries | Record<string, unknown> {
    return this.#object
  }
  get isWide(): boolean {
    return this.#object instanceof Entries
  }

  /** False if there is one of this name. */
  add(name: string, value: unknown): boolean {
    const object = this.#object
    if (object instanceof Entries) return object.add(name, value)
    if (Object.hasOwn(object, name)) return false
    // As an own property, which the walk over the record refuses.
    if (name === '__proto__')
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true })
    else object[name] = value
    if (++this.#length > this.maxFields)
      this.#object = entriesOf(Object.entries(object), this.maxFields)
    return true
  }
}

/** The entries of what has more members than a record. */
export function entriesOf(
  members: Iterable<readonly [string, unknown]>,
  maxFields: number
): Entries {
  const entries = new Entries(maxFields)
  for (const [name, value] of members) entries.add(name, value)
  return entries
}
