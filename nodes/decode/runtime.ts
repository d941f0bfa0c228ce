import { reasonOf } from '../../core/errors.ts'
import { defineTransform, type Transform } from '../../core/node/define-transform.ts'
import type { SchemaRegistry } from '../../core/registry/schema-registry.ts'
import { type RegistryTrouble, registryTrouble } from '../../core/registry/trouble.ts'
import { learn } from './learn.ts'
import { type Decoder, decoder } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options, node, provided }) => {
    const registry =
      options.format === 'registered' ? provided<SchemaRegistry>('registry') : undefined
    const made = decoder(options, Date.now, registry)
    if (!(made instanceof Promise)) return made
    return whenLoaded(
      made,
      problem => node.error(problem),
      () => registryTrouble(registry?.problem)
    )
  },
  undefined,
  { learn, takes: 'bytes' }
)

/**
 * A format whose library is loaded first: messages wait for it, and a wrong schema is told when it
 * is deployed, in the log and below the node.
 * @param trouble why schemas are not read that payloads may wait for
 */
function whenLoaded(
  made: Promise<Decoder>,
  tell: (problem: string) => void,
  trouble: () => RegistryTrouble | undefined
): Transform {
  let decode: Decoder | undefined
  let wrong: string | undefined
  let waiting = 0
  made.then(
    loaded => {
      decode = loaded
    },
    error => {
      wrong = reasonOf(error)
      tell(wrong)
    }
  )
  const waitFor = async <T>(decoded: Promise<T>): Promise<T> => {
    waiting++
    try {
      return await decoded
    } finally {
      waiting--
    }
  }
  return {
    sort(message) {
      const decoded = decode === undefined ? made.then(loaded => loaded(message)) : decode(message)
      return decoded instanceof Promise ? waitFor(decoded) : decoded
    },
    problem() {
      if (wrong !== undefined) return { mend: wrong }
      const found = waiting > 0 ? trouble() : undefined
      return found?.mend ? { mend: found.words } : found?.words
    }
  }
}
