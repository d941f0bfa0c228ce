import type { MillraceError } from '../errors.ts'

/** In a few words what records wait for, and whether a person must mend it. */
export interface RegistryTrouble {
  readonly words: string
  readonly mend: boolean
}

/** What a schema that records wait for is not read for. */
export function registryTrouble(problem: MillraceError | undefined): RegistryTrouble | undefined {
  if (problem === undefined) return undefined
  if (problem.code === 'REGISTRY_REFUSED')
    return { words: 'registry refuses the login', mend: true }
  const words = problem.code === 'SCHEMA_ID_UNKNOWN' ? 'waits for a schema' : 'registry away'
  return { words, mend: false }
}
