import { reasonOf } from '../../core/errors.ts'
import { defineTransform, type Transform } from '../../core/node/define-transform.ts'
import { learn } from './learn.ts'
import { type Decoder, decoder } from './logic.ts'
import { spec } from './spec.ts'

export default defineTransform(
  spec,
  ({ options, node }) => {
    const made = decoder(options, Date.now)
    if (!(made instanceof Promise)) return made
    return whenLoaded(made, problem => node.error(problem))
  },
  undefined,
  { learn, takes: 'bytes' }
)

/**
 * A format whose library is loaded first: messages wait for it, and a wrong schema is told when it
 * is deployed, in the log and below the node.
 */
function whenLoaded(made: Promise<Decoder>, tell: (problem: string) => void): Transform {
  let decode: Decoder | undefined
  let wrong: string | undefined
  made.then(
    loaded => {
      decode = loaded
    },
    error => {
      wrong = reasonOf(error)
      tell(wrong)
    }
  )
  return {
    sort: message =>
      decode === undefined ? made.then(loaded => loaded(message)) : decode(message),
    problem: () => (wrong === undefined ? undefined : { mend: wrong })
  }
}
