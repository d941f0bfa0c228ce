import type { Problem } from '@millrace/node-red-telemetry'

/** Application properties are a map: of two with one name the first would be lost. */
export function problemsBetween({ properties }: Readonly<Record<string, unknown>>): Problem[] {
  const names = Array.isArray(properties)
    ? (properties as { readonly name: string }[]).map(({ name }) => name)
    : []
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [['properties', `row ${index + 1}: there is a property "${name}" already`] as const]
  )
}
