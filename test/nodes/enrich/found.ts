import { Failure, type Lookup } from '../../../nodes/enrich/answer.ts'
import type { Metadata } from '../../../nodes/enrich/metadata.ts'

/** The devices that there are. @throws the first failure */
export async function found(
  { ask }: Lookup,
  keys: readonly string[]
): Promise<Map<string, Metadata>> {
  const known = new Map<string, Metadata>()
  for (const [key, outcome] of await ask(keys)) {
    if (outcome instanceof Failure) throw outcome.error
    if (outcome !== null) known.set(key, outcome)
  }
  return known
}
