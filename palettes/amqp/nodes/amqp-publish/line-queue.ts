/** To shift an array takes a time that grows with it, so what has left is cut off now and then. */
const CUT_FROM = 1024

/** What waits, or has left and may come back. */
export interface InLine {
  /** Its place among all that ever came; of the queue. */
  turn?: number
}

/** What waits in a line, of which some come back: each before all that came after it. */
export class LineQueue<T extends InLine> {
  #turns = 0
  #items: T[] = []
  #next = 0
  /** Before the others, the first one last. */
  #back: T[] = []

  get size(): number {
    return this.#items.length - this.#next + this.#back.length
  }

  push(item: T): void {
    item.turn = this.#turns++
    this.#items.push(item)
  }

  /** To where they were; the first of them first, where there are many. */
  giveBack(items: readonly T[]): void {
    for (const item of items.toReversed()) {
      let at = this.#back.length
      while (at > 0 && this.#back[at - 1]!.turn! < item.turn!) at--
      this.#back.splice(at, 0, item)
    }
  }

  shift(): T | undefined {
    if (this.#back.length > 0) return this.#back.pop()
    if (this.#next === this.#items.length) return undefined
    const item = this.#items[this.#next++]
    if (this.#next >= CUT_FROM && 2 * this.#next >= this.#items.length) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return item
  }

  /** All of them, in their order; then there is none. */
  takeAll(): T[] {
    const all = [...this.#back.toReversed(), ...this.#items.slice(this.#next)]
    this.#items = []
    this.#back = []
    this.#next = 0
    return all
  }
}
