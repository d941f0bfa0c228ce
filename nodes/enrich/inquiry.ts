import { pause } from '../../core/backoff.ts'
import { Failure, KeyRefusal, type Known, type Lookup } from './answer.ts'

export interface Source {
  readonly lookup: Lookup
  /** Told of every device that has an answer or is blamed. */
  keep(key: string, known: Known): void
  /**
   * Some devices to ask in order to tell whether the source answers: those that it has answered
   * before, and those that wait.
   */
  others(not: (key: string) => boolean): {
    readonly answered: readonly string[]
    readonly waiting: readonly string[]
  }
}

/** Between two tries of what failed while others were answered. */
const PAUSE_MS = 250

/**
 * The devices of one message, looked up until each has an answer, or is blamed for having none. A
 * device is blamed only while others are answered; where nobody is, the source is away, and that is
 * thrown.
 */
export class Inquiry {
  readonly #found = new Map<string, Known>()
  /**
   * The devices that have no answer yet, with how often each has failed while others were answered.
   */
  readonly #open: Map<string, number>

  constructor(
    keys: readonly string[],
    private readonly source: Source
  ) {
    this.#open = new Map(keys.map(key => [key, 0]))
  }

  /**
   * Resolves when every device has an answer. What was found stays found when it is called again.
   * @throws what is wrong with the source
   */
  async run(): Promise<ReadonlyMap<string, Known>> {
    while (this.#open.size > 0) await this.#round()
    return this.#found
  }

  async #round(): Promise<void> {
    const keys = [...this.#open].sort(([, a], [, b]) => a - b).map(([key]) => key)
    const outcomes = await this.source.lookup.ask(keys)
    const failed: [key: string, failure: Failure][] = []
    for (const [key, outcome] of outcomes) {
      if (!(outcome instanceof Failure)) this.#settle(key, outcome)
      else if (outcome.blame === 'key') this.#settle(key, new KeyRefusal(outcome.error.message))
      else failed.push([key, outcome])
    }
    if (failed.length === 0) return
    const away = failed.find(([, { blame }]) => blame === 'source')
    if (away) throw away[1].error
    if (failed.length === outcomes.size && !(await this.#othersAreAnswered(failed)))
      throw failed[0]![1].error
    for (const [key, failure] of failed) this.#strike(key, failure)
    if (failed.some(([key]) => this.#open.has(key))) await pause(PAUSE_MS)
  }

  #strike(key: string, { error, tries }: Failure): void {
    const strikes = this.#open.get(key)! + 1
    if (strikes >= tries) this.#settle(key, new KeyRefusal(error.message))
    else this.#open.set(key, strikes)
  }

  #settle(key: string, known: Known): void {
    this.#open.delete(key)
    this.#found.set(key, known)
    this.source.keep(key, known)
  }

  async #othersAreAnswered(failed: readonly [key: string, failure: Failure][]): Promise<boolean> {
    const { lookup } = this.source
    const { answered, waiting } = this.source.others(key => this.#open.has(key))
    const denied = failed.every(([, { blame }]) => blame === 'denied')
    // Who waits may never have had the right; who was answered before had it.
    const others = answered.length > 0 || denied ? answered : waiting
    if (others.length === 0) return denied || lookup.answers()
    let any = false
    for (const [key, outcome] of await lookup.ask(others)) {
      if (outcome instanceof Failure && outcome.blame !== 'key') continue
      any = true
      if (!(outcome instanceof Failure)) this.source.keep(key, outcome)
    }
    return any
  }
}
