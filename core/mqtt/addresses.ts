/**
 * The addresses of one server or cluster, of which the first is preferred: tried in turn until one
 * answers, and again from the first where a connection has ended.
 */
export class Addresses {
  #at = 0

  constructor(private readonly all: readonly [URL, ...URL[]]) {}

  get current(): URL {
    return this.all[this.#at]!
  }
  /** The one to go back to as soon as it answers; undefined while there is none better. */
  get preferred(): URL | undefined {
    return this.#at === 0 ? undefined : this.all[0]
  }

  /** The current one does not answer. True where the next one may be tried at once. */
  failed(): boolean {
    this.#at = (this.#at + 1) % this.all.length
    return this.#at !== 0
  }

  /** A connection that stood has ended. */
  lost(): void {
    this.#at = 0
  }
}
