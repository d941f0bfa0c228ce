/**
 * Adds a member to an object that is made of many, a few at a time: all at once would take long.
 * False if there is one of this name.
 */
export function addMember(made: Record<string, unknown>, name: string, value: unknown): boolean {
  if (Object.hasOwn(made, name)) return false
  // As an own property, which the walk over the record refuses.
  if (name === '__proto__')
    Object.defineProperty(made, name, { value, enumerable: true, configurable: true })
  else made[name] = value
  return true
}
