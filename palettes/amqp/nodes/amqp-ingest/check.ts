import { type AddressKind, sourceProblems } from '../../core/address.ts'
import type { ServerKind } from '../../core/settings.ts'

/** What is wrong between several fields, and with an address that this server does not serve. */
export function problemsBetween(
  { kind, address, taken }: Readonly<Record<string, unknown>>,
  server: ServerKind = 'any'
): (readonly [field: string, problem: string])[] {
  const rows = Array.isArray(taken) ? (taken as { part?: string; name?: string }[]) : []
  const nameless = rows.findIndex(
    ({ part, name }) => (part === 'property' || part === 'annotation') && !name
  )
  return [
    ...sourceProblems(server, kind as AddressKind, String(address ?? '')).map(
      problem => ['address', problem] as const
    ),
    ...(nameless < 0
      ? []
      : [['taken', `row ${nameless + 1}: name the property or annotation`] as const])
  ]
}
