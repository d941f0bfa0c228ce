/** Parts of lanes that the flow has dealt with, and whose acknowledgement a sink holds back. */
export class HeldParts {
  readonly #lanes = new Map<string, Set<{ readonly from: string }>>()

  get lanes(): Iterable<string> {
    return this.#lanes.keys()
  }

  /** Where the first of the lane begins. */
  firstOf(lane: string): string | undefined {
    for (const { from } of this.#lanes.get(lane) ?? []) return from
    return undefined
  }

  /** Gives what says whether the part is still ours, and forgets it. */
  add(lane: string, from: string): { isOurs(): boolean; take(): boolean } {
    const part = { from }
    const parts = this.#lanes.get(lane) ?? new Set()
    this.#lanes.set(lane, parts.add(part))
    const isOurs = () => this.#lanes.get(lane)?.has(part) ?? false
    const take = () => {
      if (!isOurs()) return false
      parts.delete(part)
      if (parts.size === 0) this.#lanes.delete(lane)
      return true
    }
    return { isOurs, take }
  }

  /** The lane is not ours any more. */
  drop(lane: string): void {
    this.#lanes.delete(lane)
  }
}
