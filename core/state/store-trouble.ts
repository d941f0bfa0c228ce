import { reasonOf } from '../errors.ts'
import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'

const WORDS = 'cannot keep its state'

/** Says when the store of a node cannot be used, and when it can again. */
export class StoreTrouble<S extends NodeSpec> {
  /** The places (partitions, or the one of all) whose store cannot be used. */
  readonly #places = new Set<string>()

  constructor(private readonly context: Pick<Context<S>, 'node' | 'status'>) {}

  /** For the status: a person has to mend it. */
  get problem(): { readonly mend: string } | undefined {
    return this.#places.size === 0 ? undefined : { mend: WORDS }
  }

  /** Undefined: it can be used. */
  tell(error: unknown, place = ''): void {
    const { node, status } = this.context
    if (error === undefined) {
      if (this.#places.delete(place) && this.#places.size === 0)
        node.log('What the node remembers can be kept again.')
      return
    }
    if (this.#places.size === 0) node.warn(`${reasonOf(error)} Nothing is acknowledged.`)
    this.#places.add(place)
    status.failed(WORDS)
  }

  /** It is not ours to keep any more. */
  forget(place: string): void {
    this.#places.delete(place)
  }
}
