import { reasonOf } from '../errors.ts'
import type { Context } from '../node/define-node.ts'
import type { NodeSpec } from '../node/spec.ts'

/** Says when the store of a node cannot be used, and when it can again. */
export class StoreTrouble<S extends NodeSpec> {
  #words: string | undefined

  constructor(private readonly context: Pick<Context<S>, 'node' | 'status'>) {}

  /** For the status: a person has to mend it. */
  get problem(): { readonly mend: string } | undefined {
    return this.#words === undefined ? undefined : { mend: this.#words }
  }

  /** Undefined: it can be used. */
  tell(error: unknown): void {
    const { node, status } = this.context
    if (error === undefined) {
      if (this.#words !== undefined) node.log('What the node remembers can be kept again.')
      this.#words = undefined
      return
    }
    if (this.#words === undefined) node.warn(`${reasonOf(error)} Nothing is acknowledged.`)
    this.#words = 'cannot keep its state'
    status.failed(this.#words)
  }
}
