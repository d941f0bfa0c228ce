import { anyText } from '../../core/errors.ts'
import { QueueUnavailable, type StoreFault } from './queue-store.ts'

/**
 * What of a queue fails: to be opened or written, to be read, to be made room in, or to be looked
 * through for what is old.
 */
export type Troubled = 'write' | 'read' | 'room' | 'look'

const WORST_FIRST: readonly Troubled[] = ['write', 'read', 'room', 'look']

const WORDS: Readonly<Record<StoreFault, string>> = {
  damaged: 'queue damaged: see dialog',
  taken: 'queue open elsewhere',
  full: 'disk full',
  other: 'queue cannot be used'
}

/** What is wrong with a queue: told when it begins, and when it is over. */
export class Troubles {
  readonly #now = new Map<Troubled, Error>()

  constructor(
    private readonly node: { warn(sentence: string): void; log(sentence: string): void },
    private readonly onChange: () => void
  ) {}

  /** The worst of it. */
  get worst(): Error | undefined {
    return WORST_FIRST.map(what => this.#now.get(what)).find(each => each !== undefined)
  }

  of = (what: Troubled): Error | undefined => this.#now.get(what)

  /** The worst in a few words, for the status. */
  get words(): string | undefined {
    const { worst } = this
    if (worst === undefined) return undefined
    return WORDS[worst instanceof QueueUnavailable ? worst.fault : 'other']
  }

  /** Undefined: it works. */
  tell(what: Troubled, error: unknown): void {
    const before = this.#now.get(what)
    if (error === undefined) {
      if (before === undefined) return
      this.#now.delete(what)
      this.node.log(OVER[what])
    } else {
      const now = error instanceof Error ? error : new Error(anyText(error))
      this.#now.set(what, now)
      if (before?.message !== now.message) this.node.warn(`${now.message} ${MEANS[what]}`)
    }
    this.onChange()
  }
}

const MEANS: Readonly<Record<Troubled, string>> = {
  write: 'Nothing is acknowledged.',
  read: 'What waits there does not leave. Where this goes on, deploy the node anew.',
  room: 'No room is made in the queue.',
  look: 'Nothing old is left out.'
}
const OVER: Readonly<Record<Troubled, string>> = {
  write: 'The queue can be written again.',
  read: 'The queue can be read again.',
  room: 'Room is made in the queue again.',
  look: 'The queue can be looked through again.'
}
