/** A place in a line; `release` is called once, when this one and all before it are done. */
export interface InOrderEntry {
  done: boolean
  release(): void
}

/**
 * Lets entries out in the order they came: what is done waits until everything before it is done. A
 * Kafka offset means "and all before it", and MQTT 5 wants PUBACKs in the order of the PUBLISH
 * packets (4.6).
 */
export class InOrderQueue<Entry extends InOrderEntry> {
  #line: Entry[] = []
  #start = 0

  /** Entries that have not gone out. */
  get size(): number {
    return this.#line.length - this.#start
  }

  /** The first that has not gone out. */
  get first(): Entry | undefined {
    return this.#line[this.#start]
  }

  add(entry: Entry): void {
    this.#line.push(entry)
  }

  /**
   * Marks an entry as done and lets out the line up to the first that is not. Returns how many went
   * out.
   */
  finish(entry: Entry): number {
    entry.done = true
    let released = 0
    let head = this.#line[this.#start]
    while (head?.done) {
      this.#start++
      released++
      head.release()
      head = this.#line[this.#start]
    }
    this.#compact()
    return released
  }

  /** Forgets the line, releasing nothing; returns who stood in it. */
  clear(): Entry[] {
    const left = this.#line.slice(this.#start)
    this.#line = []
    this.#start = 0
    return left
  }

  /**
   * Cuts off what has gone out only when it is half of the array, so that a long line is not copied
   * for each that leaves.
   */
  #compact(): void {
    if (this.#start * 2 < this.#line.length) return
    this.#line.splice(0, this.#start)
    this.#start = 0
  }
}
